// Mixtures of Gaussians: where their modes are, and that samples are theirs.
#include "atelier/data/toy.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "atelier/parallel/team.hpp"
#include "support/expect_error.hpp"

using namespace atelier;

TEST(Toy, RingHasItsModesOnACircle) {
  const auto ring = data::ring_mixture(8, 2, 0.25f);
  ASSERT_EQ(ring.centres.shape(), (Shape{8, 2}));
  EXPECT_EQ(ring.sigma, 0.25f);
  for (Index k = 0; k < 8; ++k) {
    const double angle = std::atan2(ring.centres.at({k, 1}), ring.centres.at({k, 0}));
    EXPECT_NEAR(std::hypot(ring.centres.at({k, 0}), ring.centres.at({k, 1})), 2, 1e-6);
    EXPECT_NEAR(std::remainder(angle - 2 * std::numbers::pi * static_cast<double>(k) / 8, 2 * std::numbers::pi), 0,
                1e-6);
  }
}

TEST(Toy, DefaultsAreTheUsualMixtures) {
  EXPECT_EQ(data::ring_mixture().centres.shape(), (Shape{8, 2}));
  EXPECT_EQ(data::ring_mixture().centres.at({0, 0}), 1);
  EXPECT_EQ(data::ring_mixture().sigma, 0.01f);
  EXPECT_EQ(data::grid_mixture().sigma, 0.05f);
}

TEST(Toy, GridIsCentredAndRowByRow) {
  const auto grid = data::grid_mixture();
  ASSERT_EQ(grid.centres.shape(), (Shape{25, 2}));
  for (Index k = 0; k < 25; ++k) {
    EXPECT_EQ(grid.centres.at({k, 0}), static_cast<float>(2 * (k % 5) - 4));
    EXPECT_EQ(grid.centres.at({k, 1}), static_cast<float>(2 * (k / 5) - 4));
  }
  const auto even = data::grid_mixture(2, 3, 0.1f);
  EXPECT_EQ(even.centres.to_vector(), (std::vector<float>{-1.5f, -1.5f, 1.5f, -1.5f, -1.5f, 1.5f, 1.5f, 1.5f}));
}

TEST(Toy, SamplesAreTheMixtures) {
  const auto grid = data::grid_mixture();
  constexpr Index n = 50'000;
  Rng rng(3);
  const auto x = data::sample(grid, n, rng);
  std::vector<double> count(25);
  double squares = 0;
  for (Index i = 0; i < n; ++i) {
    const float u = x.at({i, 0}), v = x.at({i, 1});
    const Index column = std::lround(u / 2) + 2, row = std::lround(v / 2) + 2;
    ASSERT_TRUE(column >= 0 && column < 5 && row >= 0 && row < 5);
    count[static_cast<std::size_t>(5 * row + column)] += 1;
    squares += std::pow(u - grid.centres.at({5 * row + column, 0}), 2) +
               std::pow(v - grid.centres.at({5 * row + column, 1}), 2);
  }
  EXPECT_NEAR(std::sqrt(squares / (2 * n)), 0.05, 0.05 * 5 / std::sqrt(4.0 * n));
  double chi2 = 0;  // 24 degrees of freedom: above 51.2 in one of a thousand
  for (const double c : count) chi2 += std::pow(c - n / 25.0, 2) / (n / 25.0);
  EXPECT_LT(chi2, 51.2);
}

TEST(Toy, SamplesDependOnTheGeneratorAlone) {
  const auto ring = data::ring_mixture();
  const auto draw = [&](std::uint64_t seed, int threads) {
    const ThreadScope scope(threads);
    Rng rng(seed);
    return data::sample(ring, 20'000, rng).to_vector();
  };
  EXPECT_EQ(draw(1, 1), draw(1, 3));
  EXPECT_NE(draw(1, 1), draw(2, 1));
  Rng rng(1);
  EXPECT_NE(data::sample(ring, 10, rng).to_vector(), data::sample(ring, 10, rng).to_vector());
}

TEST(Toy, BadMixturesAreRefused) {
  expect_error<Error>([] { data::ring_mixture(0); }, {"ring_mixture", "1 to 1000000 modes", "found 0"});
  expect_error<Error>([] { data::ring_mixture(8, -1); }, {"ring_mixture", "finite lengths", "-1"});
  expect_error<Error>([] { data::grid_mixture(5, 2, std::nanf("")); }, {"grid_mixture", "finite lengths"});
  expect_error<Error>([] { data::grid_mixture(Index{1} << 40); }, {"grid_mixture", "modes"});
  Rng rng(1);
  expect_error<Error>([&] { data::sample({}, 3, rng); }, {"sample", "centres [K, D]", "none"});
  expect_error<Error>([&] { data::sample(data::ring_mixture(), -3, rng); }, {"negative size -3"});
}
