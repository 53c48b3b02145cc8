// MS-SSIM against other implementations, and the diversity of images.
#include "atelier/metrics/ms_ssim.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "atelier/ops/arithmetic.hpp"
#include "atelier/parallel/team.hpp"
#include "metrics/golden.hpp"
#include "support/expect_error.hpp"
#include "support/formula.hpp"

using namespace atelier;
using metrics::ms_ssim;
using metrics::ms_ssim_diversity;
using metrics::ms_ssim_scales;

namespace {
/// Images that agree in two pixels of three, as in scripts/golden/metrics.py.
std::pair<Tensor, Tensor> pair_of(std::uint64_t seed, const Shape& shape, double low = 0, double high = 1) {
  const auto x = formula::uniform(seed, shape, low, high);
  auto y = copy(x);
  const auto other = formula::uniform(seed + 1, shape, low, high);
  for (Index i = 0; i < x.size(); i += 3) y.mutable_data()[i] = other.data()[i];
  return {x, y};
}

void expect_values(const std::vector<double>& found, const nlohmann::json& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-12);
}
}  // namespace

TEST(MsSsim, FiveScalesAreThoseOfPytorchMsssim) {
  const auto [x, y] = pair_of(10, {2, 1, 176, 176});
  const auto found = ms_ssim(x, y);
  const auto expected = golden("metrics")["ms_ssim"]["pytorch_msssim"];
  for (std::size_t i = 0; i < 2; ++i) EXPECT_NEAR(found[i], expected[i], 5e-6);  // its window and weights are in float
}

TEST(MsSsim, FewerScalesRangesAndOddSidesAreThoseOfTheDefinition) {
  const auto expected = golden("metrics")["ms_ssim"];
  const auto [x, y] = pair_of(12, {3, 3, 64, 64}, -1, 1);
  expect_values(ms_ssim(x, y, {.low = -1, .high = 1}), expected["colour"]);
  const auto [u, v] = pair_of(14, {2, 2, 45, 37});
  expect_values(ms_ssim(u, v), expected["odd"]);
}

TEST(MsSsim, OneScaleIsTheSsimOfScikitImage) {
  const auto [x, y] = pair_of(16, {1, 1, 24, 30});
  EXPECT_NEAR(ms_ssim(x, y, {.weights = {1}})[0], golden("metrics")["ms_ssim"]["skimage"], 1e-12);
}

TEST(MsSsim, EqualImagesAreAlikeAndNegativesAreNot) {
  const auto x = formula::uniform(1, {2, 3, 32, 32});
  for (const double v : ms_ssim(x, x)) EXPECT_NEAR(v, 1, 1e-14);
  for (const double v : ms_ssim(x, 1.f - x)) EXPECT_EQ(v, 0);
  EXPECT_NEAR(ms_ssim(Tensor({1, 1, 16, 16}, 0.25f), Tensor({1, 1, 16, 16}, 0.25f))[0], 1, 1e-14);
}

TEST(MsSsim, EveryOptionChangesTheResult) {
  const auto images = pair_of(3, {1, 1, 40, 40});
  const double plain = ms_ssim(images.first, images.second)[0];
  const auto differs = [&](const metrics::MsSsimOptions& options) {
    return std::abs(ms_ssim(images.first, images.second, options)[0] - plain) > 1e-4;
  };
  EXPECT_TRUE(differs({.low = -1}));
  EXPECT_TRUE(differs({.high = 2}));
  EXPECT_TRUE(differs({.window = 7}));
  EXPECT_TRUE(differs({.sigma = 3}));
  EXPECT_TRUE(differs({.k1 = 0.3}));
  EXPECT_TRUE(differs({.k2 = 0.3}));
  EXPECT_TRUE(differs({.weights = {0.9, 0.1}}));
}

TEST(MsSsim, ScalesThatFit) {
  EXPECT_EQ(ms_ssim_scales(11, 11), 1);
  EXPECT_EQ(ms_ssim_scales(28, 28), 2);
  EXPECT_EQ(ms_ssim_scales(64, 64), 3);
  EXPECT_EQ(ms_ssim_scales(128, 128), 4);
  EXPECT_EQ(ms_ssim_scales(160, 500), 4);
  EXPECT_EQ(ms_ssim_scales(161, 161), 5);
  EXPECT_EQ(ms_ssim_scales(4000, 4000), 5);
  EXPECT_EQ(ms_ssim_scales(64, 64, {.window = 7}), 4);
  EXPECT_EQ(ms_ssim_scales(8, 8, {.window = 1}), 4);
}

TEST(Diversity, IsTheMeanOverDifferentImages) {
  auto images = formula::uniform(5, {4, 1, 16, 16});
  std::copy_n(images.data(), 256, images.mutable_data() + 256);  // the first two are equal
  std::vector<double> all;                                       // of the 12 ordered pairs
  for (Index i = 0; i < 4; ++i)
    for (Index j = 0; j < 4; ++j)
      if (i != j) all.push_back(ms_ssim(images.view({1, 1, 16, 16}, 256 * i), images.view({1, 1, 16, 16}, 256 * j))[0]);
  double mean = 0, squares = 0;
  for (const double v : all) mean += v / 12, squares += v * v / 12;
  const double deviation = std::sqrt(squares - mean * mean);
  Rng rng(7);
  const auto diversity = ms_ssim_diversity(images, 3000, rng);
  EXPECT_NEAR(diversity.mean, mean, 4 * deviation / std::sqrt(3000.0));
  EXPECT_NEAR(diversity.std, deviation, 0.1 * deviation);
  EXPECT_EQ(diversity.pairs, 3000);
  EXPECT_EQ(diversity.scales, 1);
  EXPECT_NE(diversity.protocol.find("3000 random pairs of 4 images [1, 16, 16], range 0 to 1"), std::string::npos);
}

TEST(Diversity, SameBitsForAnyNumberOfThreads) {
  const auto images = formula::uniform(6, {20, 3, 24, 24});
  const auto run = [&](int threads, std::uint64_t seed) {
    const ThreadScope scope(threads);
    Rng rng(seed);
    return ms_ssim_diversity(images, 40, rng).mean;
  };
  EXPECT_EQ(run(1, 1), run(3, 1));
  EXPECT_NE(run(1, 1), run(1, 2));
}

TEST(MsSsim, BadArgumentsAreRefused) {
  const auto x = Tensor::zeros({2, 1, 16, 16});
  Rng rng(1);
  expect_error<Error>([&] { ms_ssim(x, Tensor::zeros({2, 1, 16, 17})); }, {"same shape", "[2, 1, 16, 17]"});
  expect_error<Error>([&] { ms_ssim(Tensor::zeros({16, 16}), x); }, {"[N, C, H, W]", "[16, 16]"});
  expect_error<Error>([&] { ms_ssim(x, Tensor({2, 1, 16, 16}, -1.f)); }, {"pixels from 0 to 1", "found -1 to -1"});
  expect_error<Error>([&] { ms_ssim(x, x, {.window = 17}); }, {"at least 17 pixels", "16 x 16"});
  expect_error<Error>([&] { ms_ssim(x, x, {.window = 4}); }, {"odd window", "found 4"});
  expect_error<Error>([&] { ms_ssim(x, x, {.low = 1}); }, {"low < high"});
  expect_error<Error>([&] { ms_ssim(x, x, {.weights = {}}); }, {"at least one weight"});
  expect_error<Error>(
      [&] {
        ms_ssim_diversity(Tensor::zeros({1, 1, 16, 16}), 5, rng);
      },
      {"at least 2 images", "found 1 and 5"});
  expect_error<Error>([&] { ms_ssim_diversity(x, 0, rng); }, {"1 pair", "found 2 and 0"});
}
