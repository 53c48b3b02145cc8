// Augmentations that gradients pass.
#include <gtest/gtest.h>

#include "atelier/atelier.hpp"
#include "ops/expect_grad.hpp"
#include "support/expect_error.hpp"
#include "support/formula.hpp"

using namespace atelier;
using gan::Augment;
using Double = BasicTensor<double>;

namespace {
const Shape images{3, 8, 16, 2};

gan::AugmentDraw<double> drawn(const Augment& kinds, std::uint64_t seed = 1, const Shape& shape = images) {
  Rng rng(seed);
  return gan::draw_augment<double>(kinds, shape, rng);
}
}  // namespace

TEST(Augment, IsParsed) {
  EXPECT_FALSE(Augment::parse("none").any());
  const auto a = Augment::parse("colour,cutout");
  EXPECT_TRUE(a.colour && a.cutout && !a.translation);
  EXPECT_TRUE(Augment::parse("translation").translation);
  for (const char* bad : {"", "blur", "colour,", ",", "colour,none"})
    expect_error<ConfigError>([&] { Augment::parse(bad); }, {"augment"});
}

TEST(Augment, ColourIsTheFormula) {
  const auto x = formula::uniform<double>(1, images);
  const auto d = drawn({.colour = true});
  const auto y = gan::augment(x, d);
  for (Index b = 0; b < 3; ++b) {
    const double bright = d.brightness.data()[b], s = d.saturation.data()[b], c = d.contrast.data()[b];
    EXPECT_TRUE(bright >= -0.5 && bright < 0.5 && s >= 0 && s < 2 && c >= 0.5 && c < 1.5);
    std::vector<double> image;
    double mean = 0;
    for (Index p = 0; p < 8 * 16; ++p) {
      const double u = x.data()[(b * 128 + p) * 2] + bright, v = x.data()[(b * 128 + p) * 2 + 1] + bright;
      for (const double k : {u, v}) image.push_back((u + v) / 2 + s * (k - (u + v) / 2)), mean += image.back() / 256;
    }
    for (Index i = 0; i < 256; ++i)
      EXPECT_NEAR(y.data()[b * 256 + i], mean + c * (image[static_cast<std::size_t>(i)] - mean), 1e-13);
  }
}

TEST(Augment, TranslationMovesByWholePixelsAndBringsZeros) {
  const auto x = formula::uniform<double>(1, images, 1, 2);
  const auto d = drawn({.translation = true});
  const auto y = gan::augment(x, d);
  for (Index b = 0; b < 3; ++b) {
    const Index down = d.shift.at({b, 0}), right = d.shift.at({b, 1});
    EXPECT_TRUE(std::abs(down) <= 1 && std::abs(right) <= 2);  // an eighth of 8 and of 16
    for (Index r = 0; r < 8; ++r)
      for (Index c = 0; c < 16; ++c) {
        const bool inside = r >= down && r < 8 + down && c >= right && c < 16 + right;
        EXPECT_EQ(y.at({b, r, c, 1}), inside ? x.at({b, r - down, c - right, 1}) : 0);
      }
  }
  const IndexTensor far({3, 2}, {9, 0, 0, -20, -8, 16});
  const auto gone = gan::translate(x, far);
  for (const double v : gone.values()) EXPECT_EQ(v, 0);
  expect_error<Error>([&] { gan::translate(x, IndexTensor({2, 2}, {0, 0, 0, 0})); }, {"translate", "[2, 2]"});
}

TEST(Augment, CutoutRemovesABoxOfHalfOfEachSide) {
  const auto x = Double(Shape{200, 8, 16, 2}, 1.0);
  const auto y = gan::augment(x, drawn({.cutout = true}, 3, x.shape()));
  double most = 0, least = 1e9;
  for (Index b = 0; b < 200; ++b) {
    const double gone = 256 - sum(slice(y, 0, b, b + 1)).item();
    most = std::max(most, gone), least = std::min(least, gone);
  }
  EXPECT_EQ(most, 4 * 8 * 2);   // whole boxes
  EXPECT_LT(least, 4 * 8 * 2);  // and some beyond the border
  EXPECT_GE(least, 2 * 4 * 2);  // whose middle still lies on it
}

TEST(Augment, RealAndGeneratedImagesGetTheSame) {
  const auto d = drawn({.colour = true, .translation = true, .cutout = true});
  const auto x = formula::uniform<double>(1, images);
  EXPECT_EQ(gan::augment(x, d).to_vector(), gan::augment(copy<double>(x), d).to_vector());
  const auto other = drawn({.colour = true, .translation = true, .cutout = true}, 2);
  EXPECT_NE(gan::augment(x, d).to_vector(), gan::augment(x, other).to_vector());
  EXPECT_EQ(gan::augment(x, drawn({})).to_vector(), x.to_vector());
}

TEST(Augment, GradientsAtOrderOneAndTwo) {
  const Shape small{2, 4, 8, 3};
  const auto d = drawn({.translation = true, .cutout = true}, 5, small);
  const auto translated = [&](const auto& x) { return gan::translate(x[0], d.shift); };
  expect_grad(translated, {small});
  const auto all = drawn({.colour = true, .translation = true, .cutout = true}, 5, small);
  const auto augmented = [&](const std::vector<Double>& x) { return gan::augment(x[0], all); };
  const auto check = check_gradients_by_differences(augmented, {formula::uniform<double>(1, small)});
  EXPECT_LE(check.order1, 1e-8);
  EXPECT_LE(check.order2, 1e-7);
}

TEST(Augment, OnlyImagesHaveThem) {
  Rng rng(1);
  expect_error<Error>([&] { gan::draw_augment<float>({.cutout = true}, {4, 2}, rng); }, {"[B, H, W, C]", "[4, 2]"});
}
