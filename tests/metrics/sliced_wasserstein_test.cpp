// The sliced Wasserstein distance: of points, of pyramids, of images.
#include "atelier/metrics/sliced_wasserstein.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "atelier/ops/arithmetic.hpp"
#include "atelier/parallel/team.hpp"
#include "metrics/golden.hpp"
#include "support/expect_error.hpp"
#include "support/formula.hpp"

using namespace atelier;
using metrics::laplacian_pyramid;
using metrics::sliced_wasserstein;

namespace {
/// Noise, and neighbours averaged, as in scripts/golden/metrics.py.
Tensor smoothed_noise(std::uint64_t seed, const Shape& shape) {
  const auto noise = formula::uniform(seed, shape);
  auto x = Tensor::empty(shape);
  const Index width = shape[3];
  for (Index i = 0; i < x.size(); ++i)
    x.mutable_data()[i] = (noise.data()[i] + noise.data()[i / width * width + (i % width + 1) % width]) / 2;
  return x;
}

double distance(const Tensor& a, const Tensor& b, std::uint64_t seed, const metrics::SwdOptions& options = {}) {
  Rng rng(seed);
  return sliced_wasserstein(a, b, rng, options).mean;
}
}  // namespace

TEST(SlicedWasserstein, OfPointsIsThatOfScipy) {
  const auto a = formula::uniform(1, {300, 5}), b = formula::uniform(2, {300, 5}, -0.5, 1.2);
  const double expected = golden("metrics")["sliced_wasserstein"]["points"];
  EXPECT_NEAR(sliced_wasserstein(a, b, formula::uniform(3, {24, 5}, -1, 1)), expected, 1e-6 * expected);
}

TEST(SlicedWasserstein, OfShiftedPointsIsTheShift) {
  const auto a = formula::uniform(5, {1000, 1}, -1, 1);
  EXPECT_NEAR(sliced_wasserstein(a, a + 3.f, Tensor({1, 1}, {1})), 3, 1e-6);
  EXPECT_NEAR(sliced_wasserstein(a, a + 3.f, Tensor({2, 1}, {-1, 2})), 4.5, 1e-5);
  EXPECT_EQ(sliced_wasserstein(a, a, Tensor({1, 1}, {1})), 0);
}

TEST(SlicedWasserstein, SortsEveryNumber) {
  const auto a = Tensor({6, 1}, {-0.f, 0.f, -3e38f, 3e38f, 1e-45f, -1e-45f}),
             b = Tensor({6, 1}, {3e38f, -3e38f, 0, 0, 0, 0});
  EXPECT_NEAR(sliced_wasserstein(a, b, Tensor({1, 1}, {1})), 0, 1e-30);
}

TEST(SlicedWasserstein, DirectionsAreOfUnitLengthAndEven) {
  Rng rng(3);
  const auto directions = metrics::random_directions(2000, 3, rng);
  double sum[3] = {};
  for (Index p = 0; p < 2000; ++p) {
    double squared = 0;
    for (Index d = 0; d < 3; ++d) squared += std::pow(directions.at({p, d}), 2), sum[d] += directions.at({p, d});
    EXPECT_NEAR(squared, 1, 1e-6);
  }
  for (const double s : sum) EXPECT_LT(std::abs(s), 5 * std::sqrt(2000.0 / 3));
}

TEST(SlicedWasserstein, PyramidIsThatOfScipy) {
  const auto expected = golden("metrics")["sliced_wasserstein"]["pyramid"];
  const std::map<std::string, Shape> cases = {{"even", {2, 3, 32, 24}}, {"odd", {1, 2, 21, 19}}};
  for (const auto& [name, shape] : cases) {
    const auto pyramid = laplacian_pyramid(formula::uniform(4, shape), 3);
    ASSERT_EQ(pyramid.size(), 3u);
    for (std::size_t level = 0; level < 3; ++level) {
      const auto found = formula::fingerprint(pyramid[level], 5, 4);
      const double norm = expected[name][level]["norm"];
      EXPECT_NEAR(found.norm, norm, 1e-6 * norm) << name << level;
      for (std::size_t k = 0; k < 4; ++k)
        EXPECT_NEAR(found.products[k], expected[name][level]["products"][k], 1e-5 * norm) << name << level;
    }
  }
}

TEST(SlicedWasserstein, OfImagesIsThatOfNumpy) {
  const auto expected = golden("metrics")["sliced_wasserstein"]["images"];
  const auto real = formula::uniform(6, {48, 3, 32, 32}), generated = smoothed_noise(7, {48, 3, 32, 32});
  constexpr int runs = 16;
  std::vector<double> mean(2);
  for (int run = 0; run < runs; ++run) {
    Rng rng(static_cast<std::uint64_t>(run));
    const auto swd = sliced_wasserstein(real, generated, rng, {.patches = 32, .projections = 128});
    ASSERT_EQ(swd.heights, (std::vector<Index>{32, 16}));
    EXPECT_DOUBLE_EQ(swd.mean, (swd.levels[0] + swd.levels[1]) / 2);
    for (std::size_t level = 0; level < 2; ++level) mean[level] += swd.levels[level] / runs;
  }
  for (std::size_t level = 0; level < 2; ++level) {  // both are means of 16 runs
    const double deviation = expected["std"][level].get<double>() * std::sqrt(2.0 / runs);
    EXPECT_NEAR(mean[level], expected["mean"][level], 4.5 * deviation) << level;
  }
}

TEST(SlicedWasserstein, OfPatchesAsLargeAsTheImagesIsThatOfNormalisedImages) {
  const auto x = formula::uniform(16, {30, 2, 16, 16}), y = smoothed_noise(17, {30, 2, 16, 16});
  const auto normalised = [](const Tensor& images) {
    auto points = copy(images).view({30, 512});
    for (Index c = 0; c < 2; ++c) {
      double sum = 0, squares = 0;
      const auto each = [&](auto f) {
        for (Index i = 0; i < 30 * 256; ++i) f(points.mutable_data()[i / 256 * 512 + c * 256 + i % 256]);
      };
      each([&](float v) { sum += v / 7680.0; });
      each([&](float v) { squares += std::pow(v - sum, 2) / 7680; });
      each([&](float& v) { v = static_cast<float>((v - sum) / std::sqrt(squares)); });
    }
    return points;
  };
  Rng rng(1), drawn(1);
  const auto swd = sliced_wasserstein(x, y, rng, {.patches = 1, .patch_size = 16, .projections = 40});
  for (int i = 0; i < 2 * 2 * 30; ++i) drawn.index(1);  // the only place for a patch, of each image
  const auto directions = metrics::random_directions(40, 512, drawn);
  const double expected = 1000 * sliced_wasserstein(normalised(x), normalised(y), directions);
  ASSERT_EQ(swd.levels.size(), 1u);
  EXPECT_NEAR(swd.levels[0], expected, 1e-5 * expected);
  EXPECT_EQ(rng, drawn);
}

TEST(SlicedWasserstein, RangeDoesNotMatterAndDifferencesDo) {
  const metrics::SwdOptions few{.patches = 16, .projections = 64};
  const auto x = formula::uniform(8, {600, 1, 16, 16}), same = formula::uniform(9, {600, 1, 16, 16});
  const auto other = smoothed_noise(10, {600, 1, 16, 16});
  const double floor = distance(x, same, 1, few), far = distance(x, other, 1, few);
  EXPECT_LT(2 * floor, far);
  EXPECT_NEAR(distance(255.f * x, 255.f * other, 1, few), far, 1e-3 * far);
  EXPECT_NEAR(distance(2.f * x - 1.f, 2.f * other - 1.f, 1, few), far, 1e-3 * far);
}

TEST(SlicedWasserstein, EveryOptionChangesTheResult) {
  const auto x = formula::uniform(11, {6, 2, 32, 40}), y = smoothed_noise(12, {6, 2, 32, 40});
  const metrics::SwdOptions few{.patches = 16, .projections = 32};
  const auto run = [&](const metrics::SwdOptions& options) {
    Rng rng(1);
    return sliced_wasserstein(x, y, rng, options);
  };
  const auto plain = run(few);
  EXPECT_EQ(plain.heights, (std::vector<Index>{32, 16}));
  EXPECT_NE(run({.patches = 20, .projections = 32}).mean, plain.mean);
  EXPECT_NE(run({.patches = 16, .patch_size = 5, .projections = 32}).mean, plain.mean);
  EXPECT_NE(run({.patches = 16, .projections = 33}).mean, plain.mean);
  EXPECT_EQ(run({.patches = 16, .projections = 32, .smallest = 20}).heights, std::vector<Index>{32});
  EXPECT_EQ(run({.patches = 16, .projections = 32, .smallest = 8}).heights, (std::vector<Index>{32, 16, 8}));
  EXPECT_NE(plain.protocol.find("6 real and as many generated images [2, 32, 40]"), std::string::npos);
  EXPECT_NE(plain.protocol.find("levels of height 32 16; 16 patches of 7 x 7"), std::string::npos) << plain.protocol;
}

TEST(SlicedWasserstein, ConstantImagesGiveANumber) {
  const Tensor grey({4, 1, 16, 16}, 0.3f);
  EXPECT_EQ(distance(grey, grey, 1), 0);
  const double found = distance(formula::uniform(13, {4, 1, 16, 16}), grey, 1);
  EXPECT_TRUE(std::isfinite(found) && found > 100) << found;
}

TEST(SlicedWasserstein, SameBitsForAnyNumberOfThreads) {
  const auto x = formula::uniform(14, {24, 3, 32, 32}), y = smoothed_noise(15, {24, 3, 32, 32});
  const auto run = [&](int threads, std::uint64_t seed) {
    const ThreadScope scope(threads);
    return distance(x, y, seed, {.patches = 64, .projections = 64});
  };
  EXPECT_EQ(run(1, 1), run(2, 1));
  EXPECT_EQ(run(1, 1), run(3, 1));
  EXPECT_NE(run(1, 1), run(1, 2));
}

TEST(SlicedWasserstein, BadArgumentsAreRefused) {
  const auto x = Tensor::zeros({2, 1, 16, 16}), points = Tensor::zeros({3, 2});
  auto broken = Tensor::zeros({2, 1, 16, 16});
  broken.mutable_data()[7] = std::numeric_limits<float>::infinity();
  Rng rng(1);
  expect_error<Error>(
      [&] {
        sliced_wasserstein(x, Tensor::zeros({3, 1, 16, 16}), rng);
      },
      {"same shape", "[3, 1, 16, 16]"});
  expect_error<Error>([&] { sliced_wasserstein(Tensor(), x, rng); }, {"no tensor"});
  expect_error<Error>([&] { sliced_wasserstein(x, broken, rng); }, {"generated images", "inf at element 7"});
  const auto small = Tensor::zeros({2, 1, 15, 16});
  expect_error<Error>([&] { sliced_wasserstein(small, small, rng); }, {"at least 16 pixels", "[2, 1, 15, 16]"});
  expect_error<Error>([&] { sliced_wasserstein(x, x, rng, {.smallest = 6}); }, {"holds a patch", "6 for patches of 7"});
  expect_error<Error>([&] { sliced_wasserstein(x, x, rng, {.projections = 0}); }, {"at least 1 patch and projection"});
  expect_error<Error>(
      [&] {
        sliced_wasserstein(points, Tensor::zeros({4, 2}), Tensor::zeros({1, 2}));
      },
      {"[3, 2], [4, 2] and [1, 2]"});
  expect_error<Error>(
      [&] {
        sliced_wasserstein(points, points, Tensor::zeros({1, 3}));
      },
      {"directions [P, D]", "[1, 3]"});
  expect_error<Error>([&] { laplacian_pyramid(x, 0); }, {"at least 1 level"});
  expect_error<Error>([&] { laplacian_pyramid(x, 5); }, {"at least 3 x 3", "[2, 1, 2, 2]"});
}
