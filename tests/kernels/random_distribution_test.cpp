/// The distributions of all sources of random numbers, the generator's own draws included. Limits are five deviations;
/// the seeds are fixed, since one in a few thousand would fail a correct source.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <vector>

#include "atelier/kernels/random.hpp"

namespace {
using namespace atelier;
using namespace atelier::kernels;

/// A distribution: the first moments of z = (x - mean) / deviation, and P(X <= x).
struct Law {
  double mean, deviation;
  double moment[9];
  double (*below)(double);
};
const Law uniform_law{0.5, std::sqrt(1.0 / 12), {1, 0, 1, 0, 9. / 5, 0, 27. / 7, 0, 9}, [](double x) { return x; }};
const Law normal_law{
    0, 1, {1, 0, 1, 0, 3, 0, 15, 0, 105}, [](double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }};

/// Every way to draw a million numbers.
struct Source {
  const char* name;
  const Law& law;
  std::function<std::vector<double>(Rng)> draw;
};
constexpr Index million = 1000000;

template <class F> std::vector<double> one_by_one(const F& f) {
  std::vector<double> x;
  for (Index i = 0; i < million; ++i) x.push_back(f());
  return x;
}
template <class T, class F> std::vector<double> at_once(const F& f) {
  std::vector<T> x(million);
  f(x.data());
  return {x.begin(), x.end()};
}
const std::vector<Source> sources{
    {"Rng::uniform", uniform_law, [](Rng r) { return one_by_one([&] { return r.uniform(); }); }},
    {"Rng::normal", normal_law, [](Rng r) { return one_by_one([&] { return r.normal(); }); }},
    {"uniform float", uniform_law,
     [](Rng r) { return at_once<float>([&](auto* p) { fill_uniform(p, million, 0, 1, r); }); }},
    {"uniform double", uniform_law,
     [](Rng r) { return at_once<double>([&](auto* p) { fill_uniform(p, million, 0, 1, r); }); }},
    {"normal float", normal_law,
     [](Rng r) { return at_once<float>([&](auto* p) { fill_normal(p, million, 0, 1, r); }); }},
    {"normal double", normal_law,
     [](Rng r) { return at_once<double>([&](auto* p) { fill_normal(p, million, 0, 1, r); }); }},
};

TEST(Distribution, MomentsAreRight) {  // mean, variance, skewness, kurtosis
  for (const Source& s : sources) {
    double sum[5] = {};
    for (double x : s.draw(Rng(101))) {
      const double z = (x - s.law.mean) / s.law.deviation;
      double power = 1;
      for (int k = 1; k <= 4; ++k) sum[k] += power *= z;
    }
    for (int k = 1; k <= 4; ++k) {
      const double spread = std::sqrt((s.law.moment[2 * k] - std::pow(s.law.moment[k], 2)) / million);
      EXPECT_NEAR(sum[k] / million, s.law.moment[k], 5 * spread) << s.name << ", moment " << k;
    }
  }
}

TEST(Distribution, FunctionIsRight) {  // Kolmogorov & Smirnov; beyond 2.5 with probability 7e-6
  for (const Source& s : sources) {
    auto x = s.draw(Rng(102));
    std::sort(x.begin(), x.end());
    double distance = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double p = s.law.below(x[i]) * million, rank = static_cast<double>(i);
      distance = std::max({distance, p - rank, rank + 1 - p});
    }
    EXPECT_LT(distance / std::sqrt(million), 2.5) << s.name;
  }
}

TEST(Distribution, NeighboursAreUncorrelated) {  // values, and their squares: pairs of normals share a radius
  for (const Source& s : sources) {
    auto z = s.draw(Rng(103));
    for (double& x : z) x = (x - s.law.mean) / s.law.deviation;
    for (std::size_t lag : {1, 2, 3, 4, 8, 15, 16, 17, 32, 48, 64, 128, 1024}) {
      double values = 0, squares = 0;
      for (std::size_t i = lag; i < z.size(); ++i) {
        values += z[i] * z[i - lag];
        squares += (z[i] * z[i] - 1) * (z[i - lag] * z[i - lag] - 1);
      }
      EXPECT_LT(std::abs(values), 5 * std::sqrt(million)) << s.name << ", lag " << lag;
      EXPECT_LT(std::abs(squares), 5 * std::sqrt(million) * (s.law.moment[4] - 1)) << s.name << ", lag " << lag;
    }
  }
}

TEST(Distribution, StreamsAreIndependent) {
  Rng rng(104);
  const Rng child = rng.fork("child"), sibling = rng.fork("child", 1), first = rng.split(), second = rng.split();
  for (const Source& s : sources) {
    const std::vector<Rng> streams{rng, Rng(105), child, sibling, first, second};
    std::vector<std::vector<double>> x;
    for (const Rng& r : streams) x.push_back(s.draw(r));
    for (std::size_t a = 0; a < x.size(); ++a) {
      for (std::size_t b = 0; b < a; ++b) {
        double sum = 0;
        for (std::size_t i = 0; i < x[a].size(); ++i) sum += (x[a][i] - s.law.mean) * (x[b][i] - s.law.mean);
        EXPECT_LT(std::abs(sum), 5 * std::sqrt(million) * s.law.deviation * s.law.deviation) << s.name << a << b;
      }
    }
  }
}

template <class T> class Drawn : public testing::Test {};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(Drawn, Reals);

TYPED_TEST(Drawn, NormalsHaveTheirTails) {
  using T = TypeParam;
  const Index n = 1 << 16;
  const int rounds = 256;
  const std::vector<double> limits{2, 3, 4, 4.5, 5};
  std::vector<double> beyond(limits.size());
  std::vector<T> x(n);
  Rng rng(106);
  for (int r = 0; r < rounds; ++r) {
    fill_normal(x.data(), n, 0, 1, rng);
    for (std::size_t k = 0; k < limits.size(); ++k)
      beyond[k] +=
          static_cast<double>(std::count_if(x.begin(), x.end(), [&](T v) { return std::abs(v) > T(limits[k]); }));
  }
  for (std::size_t k = 0; k < limits.size(); ++k) {
    const double expected = rounds * static_cast<double>(n) * std::erfc(limits[k] / std::numbers::sqrt2);
    EXPECT_NEAR(beyond[k], expected, 5 * std::sqrt(expected)) << limits[k];
    EXPECT_GT(beyond[k], 0) << limits[k];
  }
}

TYPED_TEST(Drawn, OnesComeAsOftenAsAsked) {
  using T = TypeParam;
  std::vector<T> x(million);
  for (double p : {0.5, 0.1, 0.9, 1e-4}) {
    Rng rng(107);
    fill_bernoulli(x.data(), million, p, rng);
    const auto ones = static_cast<double>(std::count(x.begin(), x.end(), T(1)));
    EXPECT_NEAR(ones, million * p, 5 * std::sqrt(million * p * (1 - p))) << p;
  }
}

}  // namespace
