/// Arrays of random numbers: every element against its definition from Philox words, which is the same for every
/// instruction set; threads, lengths and guards; the ends of ranges.
#include "atelier/kernels/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <vector>

#include "support/expect_error.hpp"

namespace {
using namespace atelier;
using namespace atelier::kernels;

constexpr Index guard = 16;  // elements on either side of an output
const std::vector<Index> lengths{0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 1000, 70001};
const Rng::State start{0xfeedfacecafebeef, 0x0123456789abcdef, 0xfffffffffffffff0};  // its counter wraps around

/// What `fill` writes to n elements, `offset` behind a round address; the guards must survive.
template <class T> std::vector<T> filled(Index n, const std::function<void(T*)>& fill, Index offset = 0) {
  std::vector<T> all(static_cast<std::size_t>(n + 2 * guard), T(-77));
  fill(all.data() + guard + offset);
  const auto begin = all.begin() + guard + offset, end = begin + n;
  EXPECT_EQ(std::count(all.begin(), begin, T(-77)), guard + offset);
  EXPECT_EQ(std::count(end, all.end(), T(-77)), guard - offset);
  return {begin, end};
}

/// The random bits behind element i: a word in float, two in double.
template <class T> std::uint64_t bits_of(Index i) {
  const Index rows = 16 / static_cast<Index>(sizeof(T));
  const auto row = static_cast<std::size_t>(i / 16 % rows);
  const auto block = static_cast<std::uint64_t>(i / (16 * rows) * 16 + i % 16);
  const auto x = Philox::encrypt(start.counter + block, start.stream, start.seed);
  return sizeof(T) == 4 ? x[row] : x[2 * row] | std::uint64_t{x[2 * row + 1]} << 32;
}
double top52(std::uint64_t bits) { return static_cast<double>(bits >> 12) * 0x1p-52; }

template <class T> double unit_of(Index i) {
  return sizeof(T) == 4 ? static_cast<double>(bits_of<T>(i) >> 8) * 0x1p-24 : top52(bits_of<T>(i));
}
template <class T> T uniform_of(Index i, T low, T high) {
  const volatile T product = static_cast<T>(unit_of<T>(i)) * (high - low);  // volatile: rounded by itself
  return std::min(product + low, std::nextafter(high, low));
}
template <class T> bool chance_of(Index i, double probability) {
  return static_cast<double>(bits_of<T>(i) >> (8 * sizeof(T) - 31)) < std::round(probability * 0x1p31);
}
/// The radius comes from the even row of a pair, the angle from the odd one.
template <class T> double normal_of(Index i) {
  const bool odd = i / 16 % 2 == 1;
  const std::uint64_t r = bits_of<T>(odd ? i - 16 : i), a = bits_of<T>(odd ? i : i + 16);
  double u, half_turns;
  if (sizeof(T) == 4) {
    u = static_cast<double>(static_cast<float>(r >> 1) * 0x1p-31f + 0x1p-32f);
    half_turns = static_cast<double>(static_cast<std::int32_t>(a)) * 0x1p-31;
  } else {
    u = 1 - top52(r);
    half_turns = 2 * top52(a) - 1;
  }
  const double angle = half_turns * std::numbers::pi;
  return std::sqrt(-2 * std::log(u)) * (odd ? std::sin(angle) : std::cos(angle));
}

template <class T> class Fill : public testing::Test {};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(Fill, Reals);

TYPED_TEST(Fill, UniformIsItsDefinition) {
  using T = TypeParam;
  for (Index n : lengths) {
    for (Index offset : {0, 1, 3}) {
      Rng rng(start);
      const auto x = filled<T>(
          n, [&](T* p) { fill_uniform(p, n, -2, 3, rng); }, offset);
      for (Index i = 0; i < n; ++i) ASSERT_EQ(x[static_cast<std::size_t>(i)], uniform_of<T>(i, -2, 3)) << n << " " << i;
    }
  }
}

TYPED_TEST(Fill, NormalIsItsDefinition) {
  using T = TypeParam;
  const double tolerance = sizeof(T) == 4 ? 3e-6 : 1e-14;
  for (Index n : lengths) {
    Rng rng(start);
    const auto x = filled<T>(
        n, [&](T* p) { fill_normal(p, n, T(0.5), T(2), rng); }, n % 4);
    for (Index i = 0; i < n; ++i)
      ASSERT_NEAR(x[static_cast<std::size_t>(i)], 0.5 + 2 * normal_of<T>(i), 2 * tolerance) << n << " " << i;
  }
}

TYPED_TEST(Fill, BernoulliIsItsDefinition) {
  using T = TypeParam;
  for (double p : {0.0, 1e-3, 0.3, 0.999, 1.0}) {
    for (Index n : lengths) {
      Rng rng(start);
      const auto x = filled<T>(
          n, [&](T* out) { fill_bernoulli(out, n, p, rng); }, n % 4);
      for (Index i = 0; i < n; ++i) ASSERT_EQ(x[static_cast<std::size_t>(i)], T(chance_of<T>(i, p))) << n << " " << i;
      const Index ones = std::count(x.begin(), x.end(), T(1));
      if (p == 0 || p == 1) {
        EXPECT_EQ(ones, p == 0 ? 0 : n);
      }
    }
  }
}

TYPED_TEST(Fill, DropoutIsItsDefinition) {
  using T = TypeParam;
  for (double keep : {0.0, 0.1, 0.8, 1.0}) {
    for (Index n : lengths) {
      std::vector<T> x(static_cast<std::size_t>(n));
      for (std::size_t i = 0; i < x.size(); ++i) x[i] = T(1) + static_cast<T>(i % 100);
      const auto y = filled<T>(
          n, [&](T* out) { dropout(out, x.data(), n, keep, start); }, n % 4);
      for (std::size_t i = 0; i < x.size(); ++i)
        ASSERT_EQ(y[i], chance_of<T>(static_cast<Index>(i), keep) ? x[i] * T(1 / keep) : T(0)) << n << " " << i;
      dropout(x.data(), x.data(), n, keep, start);  // in place
      EXPECT_EQ(x, y);
    }
  }
}

TYPED_TEST(Fill, DropoutDropsWhatIsNotFinite) {
  using T = TypeParam;
  const std::vector<T> x(1000, std::numeric_limits<T>::quiet_NaN());
  std::vector<T> y(1000);
  dropout(y.data(), x.data(), 1000, 0.5, start);
  for (std::size_t i = 0; i < y.size(); ++i) {
    const bool kept = chance_of<T>(static_cast<Index>(i), 0.5);
    EXPECT_TRUE(kept ? std::isnan(y[i]) : y[i] == 0) << i;
  }
}

TYPED_TEST(Fill, IsTheSameForAnyNumberOfThreads) {
  using T = TypeParam;
  const Index n = 200003;
  const std::vector<T> x(static_cast<std::size_t>(n), T(3));
  const std::vector<std::function<void(T*, Rng&)>> fills{
      [&](T* p, Rng& rng) { fill_uniform(p, n, -1, 1, rng); }, [&](T* p, Rng& rng) { fill_normal(p, n, 0, 1, rng); },
      [&](T* p, Rng& rng) { fill_bernoulli(p, n, 0.3, rng); },
      [&](T* p, Rng& rng) { dropout(p, x.data(), n, 0.7, rng.reserve(random_blocks<T>(n))); }};
  for (const auto& fill : fills) {
    std::vector<T> one;
    for (int threads : {1, 2, 3}) {
      ThreadScope scope(threads);
      Rng rng(start);
      const auto y = filled<T>(n, [&](T* p) { fill(p, rng); });
      if (threads == 1) one = y;
      EXPECT_EQ(y, one);
    }
  }
}

TYPED_TEST(Fill, UsesEachBlockOnce) {
  using T = TypeParam;
  const std::uint64_t size = 256 / sizeof(T);
  for (const auto& [n, groups] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
           {0, 0}, {1, 1}, {size, 1}, {size + 1, 2}, {10 * size, 10}}) {
    EXPECT_EQ(random_blocks<T>(static_cast<Index>(n)), 16 * groups);
    std::vector<T> x(n);
    Rng rng(7);
    fill_uniform(x.data(), static_cast<Index>(n), 0, 1, rng);
    EXPECT_EQ(rng.state(), (Rng::State{7, 0, 16 * groups}));
    fill_normal(x.data(), static_cast<Index>(n), 0, 1, rng);
    fill_bernoulli(x.data(), static_cast<Index>(n), 0.5, rng);
    EXPECT_EQ(rng.state(), (Rng::State{7, 0, 3 * 16 * groups}));
  }
}

TYPED_TEST(Fill, UniformStaysBelowItsUpperEnd) {
  using T = TypeParam;
  const T eps = std::numeric_limits<T>::epsilon(), big = T(1) / eps;
  const std::vector<std::pair<T, T>> ranges{{1, 1 + 2 * eps}, {-1 - 2 * eps, -1}, {big, big + 8},
                                            {-big, T(0.5)},   {0, T(1e-30)},      {-eps, eps}};
  std::vector<T> x(4000);
  for (const auto& [low, high] : ranges) {
    Rng rng(8);
    fill_uniform(x.data(), 4000, low, high, rng);
    const auto [least, most] = std::minmax_element(x.begin(), x.end());
    EXPECT_GE(*least, low);
    EXPECT_LT(*most, high) << low << " " << high;
    EXPECT_LE(*least - low, (high - low) / 100);
    EXPECT_GE(*most - low, (high - low) / 3);
    const T end = low + random_impl::largest_offset(low, high);  // rarely drawn
    EXPECT_LT(end, high);
    EXPECT_LE(high - end, 2 * eps * std::max(std::abs(low), std::abs(high)));
  }
  Rng rng(8);
  for (T high : {T(1), 1 + eps}) {  // one value fits
    fill_uniform(x.data(), 4000, 1, high, rng);
    EXPECT_EQ(std::count(x.begin(), x.end(), T(1)), 4000);
  }
}

TYPED_TEST(Fill, RefusesWhatCannotBe) {
  using T = TypeParam;
  const T nan = std::numeric_limits<T>::quiet_NaN(), most = std::numeric_limits<T>::max();
  T x[1] = {};
  Rng rng(9);
  expect_error<Error>([&] { fill_uniform(x, 1, 1, 0, rng); }, {"uniform", "[1, 0)"});
  expect_error<Error>([&] { fill_uniform(x, 1, 0, nan, rng); }, {"uniform", "nan"});
  expect_error<Error>([&] { fill_uniform(x, 1, -most, most, rng); }, {"uniform", "range"});
  for (double p : {-0.1, 1.1, static_cast<double>(nan)}) {
    expect_error<Error>([&] { fill_bernoulli(x, 1, p, rng); }, {"bernoulli", "probability", number_text(p)});
    expect_error<Error>([&] { dropout(x, x, 1, p, rng.state()); }, {"dropout", "probability", number_text(p)});
  }
  EXPECT_EQ(rng, Rng(9));
}

/// The number that f makes of a row whose bits are all 0, or all 1.
template <class T, class F> T extreme(int bit, const F& f) {
  random_impl::Part<T, 16 / static_cast<int>(sizeof(T))> part;
  for (auto& row : part.bits) row = row ^ row;
  if (bit)
    for (auto& row : part.bits) row = ~row;
  return f(part)[0];
}

TYPED_TEST(Fill, ReachesTheStatedExtremes) {
  using T = TypeParam;
  const auto positive = [](const auto& part) { return part.positive_unit(0); };
  const T least = std::min(extreme<T>(0, positive), extreme<T>(1, positive));
  const T most = std::max(extreme<T>(0, positive), extreme<T>(1, positive));
  EXPECT_EQ(most, T(1));
  EXPECT_EQ(least, sizeof(T) == 4 ? T(0x1p-32) : T(0x1p-52));
  EXPECT_NEAR(std::sqrt(-2 * std::log(least)), sizeof(T) == 4 ? 6.66 : 8.49, 0.01);
  const auto unit = [](const auto& part) { return part.unit(0); };
  EXPECT_EQ(extreme<T>(0, unit), T(0));
  EXPECT_EQ(extreme<T>(1, unit), 1 - (sizeof(T) == 4 ? T(0x1p-24) : T(0x1p-52)));
}

}  // namespace
