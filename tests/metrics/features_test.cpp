// KID and the nearest-neighbour test, on features.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "atelier/data/batches.hpp"
#include "atelier/metrics/kid.hpp"
#include "atelier/metrics/nearest_neighbour.hpp"
#include "atelier/ops/random.hpp"
#include "atelier/ops/shape.hpp"
#include "atelier/parallel/team.hpp"
#include "metrics/golden.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/formula.hpp"

using namespace atelier;
using metrics::kid;
using metrics::one_nn;
using metrics::polynomial_mmd2;

namespace {
Tensor normals(std::uint64_t seed, const Shape& shape, double shift = 0) {
  Rng rng(seed);
  return normal(shape, rng) + static_cast<float>(shift);
}

/// Squared distance from row i of `own` to the nearest row of `set`, row `skip` left out; in double.
double nearest_distance(const Tensor& own, Index i, const Tensor& set, Index skip) {
  double best = std::numeric_limits<double>::infinity();
  for (Index j = 0; j < set.size(0); ++j) {
    double sum = 0;
    for (Index d = 0; d < set.size(1); ++d) sum += std::pow(static_cast<double>(own.at({i, d})) - set.at({j, d}), 2);
    if (j != skip) best = std::min(best, sum);
  }
  return best;
}

/// one_nn() is what all distances say; for sets without equally near points.
void expect_true_neighbours(const Tensor& real, const Tensor& generated) {
  const auto accuracy = [](const Tensor& own, const Tensor& other) {
    double right = 0;
    for (Index i = 0; i < own.size(0); ++i)
      right += nearest_distance(own, i, own, i) < nearest_distance(own, i, other, -1);
    return right / static_cast<double>(own.size(0));
  };
  const auto found = one_nn(real, generated);
  EXPECT_DOUBLE_EQ(found.accuracy_real, accuracy(real, generated));
  EXPECT_DOUBLE_EQ(found.accuracy_generated, accuracy(generated, real));
}
}  // namespace

TEST(Kid, IsThatOfScikitLearn) {
  const auto x = formula::uniform(20, {60, 10}, -1, 1), y = formula::uniform(21, {50, 10}, -0.5, 1.5);
  const double expected = golden("metrics")["polynomial_mmd2"];
  EXPECT_NEAR(polynomial_mmd2(x, y), expected, 1e-6 * expected);
  EXPECT_NEAR(polynomial_mmd2(y, x), expected, 1e-6 * expected);
}

TEST(Kid, OfEverySizeIsTheDoubleLoop) {
  for (const Index n : {2, 3, 17, 300}) {
    const auto x = normals(1, {n, 5}), y = normals(2, {n + 1, 5}, 0.5);
    const auto mean = [](const Tensor& a, const Tensor& b, bool same) {
      double sum = 0;
      for (Index i = 0; i < a.size(0); ++i)
        for (Index j = 0; j < b.size(0); ++j) {
          double product = 0;
          for (Index d = 0; d < 5; ++d) product += static_cast<double>(a.at({i, d})) * b.at({j, d});
          if (!same || i != j) sum += std::pow(product / 5 + 1, 3);
        }
      return sum / static_cast<double>(a.size(0) * (b.size(0) - (same ? 1 : 0)));
    };
    const double xx = mean(x, x, true), yy = mean(y, y, true), xy = mean(x, y, false);
    EXPECT_NEAR(polynomial_mmd2(x, y), xx + yy - 2 * xy, 1e-6 * (std::abs(xx) + std::abs(yy) + std::abs(xy))) << n;
  }
}

TEST(Kid, IsUnbiased) {
  double sum = 0, squares = 0;
  constexpr int runs = 400;
  for (int run = 0; run < runs; ++run) {
    const auto seed = static_cast<std::uint64_t>(2 * run);
    const double estimate = polynomial_mmd2(normals(seed, {12, 4}), normals(seed + 1, {9, 4}));
    sum += estimate;
    squares += estimate * estimate;
  }
  EXPECT_LT(std::abs(sum / runs), 4 * std::sqrt(squares / runs / runs)) << "a biased one would be larger by deviations";
}

TEST(Kid, SubsetsAndTheirSize) {
  const auto x = normals(3, {120, 6}), y = normals(4, {150, 6}, 0.3);
  Rng rng(1);
  const auto whole = kid(x, x, rng, {.subsets = 3, .subset_size = 1000});
  EXPECT_EQ(whole.subset_size, 120);
  EXPECT_NEAR(whole.std, 0, 1e-7) << "each subset is the whole set";
  EXPECT_NEAR(whole.mean, polynomial_mmd2(x, x), 1e-7);
  const auto some = kid(x, y, rng, {.subsets = 60, .subset_size = 40});
  EXPECT_EQ(some.subset_size, 40);
  EXPECT_EQ(some.subsets, 60);
  EXPECT_GT(some.std, 0);
  EXPECT_NEAR(some.mean, polynomial_mmd2(x, y), 5 * some.std / std::sqrt(60));
  EXPECT_NE(some.protocol.find("120 real, 150 generated, 6 features"), std::string::npos) << some.protocol;
  EXPECT_NE(some.protocol.find("60 subsets of 40"), std::string::npos) << some.protocol;
}

TEST(Kid, SameBitsForAnyNumberOfThreads) {
  const auto x = normals(5, {700, 33}), y = normals(6, {600, 33});
  const auto run = [&](int threads, std::uint64_t seed) {
    const ThreadScope scope(threads);
    Rng rng(seed);
    return kid(x, y, rng, {.subsets = 4, .subset_size = 500}).mean;
  };
  EXPECT_EQ(run(1, 1), run(3, 1));
  EXPECT_NE(run(1, 1), run(1, 2));
}

TEST(OneNn, IsThatOfScikitLearn) {
  const auto expected = golden("metrics")["one_nn"]["plain"];
  const auto found = one_nn(formula::uniform(30, {90, 12}), formula::uniform(31, {70, 12}, 0.1, 1.1));
  EXPECT_DOUBLE_EQ(found.accuracy, expected[0]);
  EXPECT_DOUBLE_EQ(found.accuracy_real, expected[1]);
  EXPECT_DOUBLE_EQ(found.accuracy_generated, expected[2]);
  EXPECT_NE(found.protocol.find("90 real, 70 generated, 12 features"), std::string::npos) << found.protocol;
}

TEST(OneNn, IsExactFarFromZero) {
  const auto expected = golden("metrics")["one_nn"]["far"];
  const auto found =
      one_nn(formula::uniform(32, {150, 6}, 1000, 1000.01), formula::uniform(33, {150, 6}, 1000, 1000.01));
  EXPECT_DOUBLE_EQ(found.accuracy, expected[0]);
  EXPECT_DOUBLE_EQ(found.accuracy_real, expected[1]);
  EXPECT_DOUBLE_EQ(found.accuracy_generated, expected[2]);
}

TEST(OneNn, IsExactWithPointsOfEverySize) {
  const auto cluster = [](std::uint64_t seed) {  // one far outlier, points that are close to one another, and tiny ones
    auto x = formula::uniform(seed, {200, 8}, 0, 1e-4);
    for (Index i = 0; i < 8; ++i) x.mutable_data()[i] = static_cast<float>(seed) * 1e4f;
    for (Index i = 800; i < 1600; ++i) x.mutable_data()[i] *= 1e-20f;
    return x;
  };
  expect_true_neighbours(cluster(60), cluster(61));
}

TEST(OneNn, IsExactWhereProductsAreTooCoarse) {
  // clusters at +-100 of points less than 0.1 apart: float products err by more than the squared distances differ
  const auto clusters = [](std::uint64_t seed) {
    auto x = formula::uniform(seed, {200, 6}, 0, 0.1);
    for (Index i = 0; i < x.size(); ++i) x.mutable_data()[i] += i < x.size() / 2 ? 100.f : -100.f;
    return x;
  };
  expect_true_neighbours(clusters(62), clusters(63));
}

TEST(OneNn, KnownSituations) {
  const auto x = normals(7, {400, 16}), y = normals(8, {400, 16});
  EXPECT_NEAR(one_nn(x, y).accuracy, 0.5, 0.08);
  EXPECT_EQ(one_nn(x, y + 50.f).accuracy, 1) << "apart";
  EXPECT_EQ(one_nn(x, copy(x)).accuracy, 0) << "learnt by heart";
  const auto collapsed = one_nn(x, Tensor({400, 16}, 0.f));
  EXPECT_EQ(collapsed.accuracy_generated, 1);
  EXPECT_DOUBLE_EQ(collapsed.accuracy, (collapsed.accuracy_real + 1) / 2);
}

TEST(OneNn, EquallyNearPointsShareTheVote) {
  // each real point has the other real one and one generated point at distance 0
  const auto found = one_nn(Tensor({2, 1}, {0, 0}), Tensor({2, 1}, {0, 5}));
  EXPECT_DOUBLE_EQ(found.accuracy_real, 0.5);
  EXPECT_DOUBLE_EQ(found.accuracy_generated, (0 + 1.0 / 3) / 2);
}

TEST(OneNn, SameBitsForAnyNumberOfThreads) {
  const auto x = normals(9, {600, 20}), y = normals(10, {500, 20}, 0.1);
  const auto run = [&](int threads) {
    const ThreadScope scope(threads);
    return one_nn(x, y).accuracy;
  };
  EXPECT_EQ(run(1), run(3));
}

TEST(Features, BadOnesAreRefused) {
  Rng rng(1);
  const auto x = Tensor::zeros({4, 3});
  auto broken = Tensor::zeros({4, 3});
  broken.mutable_data()[5] = std::nanf("");
  expect_error<Error>([&] { kid(x, Tensor::zeros({4, 2}), rng); }, {"kid", "[N, D]", "[4, 3] and [4, 2]"});
  expect_error<Error>([&] { kid(x, Tensor(), rng); }, {"kid", "no tensor"});
  expect_error<Error>([&] { kid(x, x, rng, {.subsets = 0}); }, {"kid", "at least 1 subset of 2", "0 of 1000"});
  expect_error<Error>([&] { polynomial_mmd2(x, Tensor::zeros({1, 3})); }, {"at least 2 rows", "[1, 3]"});
  expect_error<Error>([&] { one_nn(x, broken); }, {"one_nn", "second set", "nan at element 5 of [4, 3]"});
  expect_error<Error>([&] { one_nn(x, Tensor({2, 3}, 1e30f)); }, {"one_nn", "below 1e18"});
}

TEST(Features, DigitsAreToldFromBrighterDigitsButNotFromDigits) {
  const auto folder = data_folder("mnist");
  if (folder.empty()) GTEST_SKIP() << "needs ATELIER_DATA/mnist";
  const auto test = data::load_mnist(folder).test;
  const auto first = data::slice_images(test, 0, 1000), second = data::slice_images(test, 1000, 2000);
  EXPECT_NEAR(one_nn(first, second).accuracy, 0.5, 0.06);
  EXPECT_GT(one_nn(first, second * 0.5f).accuracy, 0.7);
  Rng rng(1);
  const auto same = kid(first, second, rng, {.subsets = 10, .subset_size = 500});
  const auto darker = kid(first, second * 0.5f, rng, {.subsets = 10, .subset_size = 500});
  EXPECT_LT(std::abs(same.mean), 0.1 * darker.mean);
}
