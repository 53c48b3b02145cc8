// Vector functions against the C library's in long double: errors in units in the last place, and the special values.
#include "atelier/kernels/simd_math.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "atelier/kernels/isa.hpp"

namespace {
using namespace atelier;

/// f at every x, in the vector width of the instruction set under test.
template <class T, class F> std::vector<T> evaluate(const F& f, std::vector<T> x) {
  const std::size_t n = x.size();
  x.resize((n + 15) / 16 * 16, T(1));
  dispatch([&]<int Bytes>() ATELIER_LAMBDA {
    using V = simd::Vec<T, Bytes / static_cast<int>(sizeof(T))>;
    for (std::size_t i = 0; i < x.size(); i += V::lanes) f(V::load(&x[i])).store(&x[i]);
  });
  x.resize(n);
  return x;
}

/// Largest error of `got` in units in the last place of the exact value; results below the normal numbers count as 0.
template <class T, class Exact>
double worst_ulp(const std::vector<T>& x, const std::vector<T>& got, const Exact& exact) {
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const long double want = exact(static_cast<long double>(x[i]));
    const T size = std::max(std::abs(static_cast<T>(want)), std::numeric_limits<T>::min());
    const T unit = size - std::nextafter(size, T(0));
    const bool flushed = std::abs(want) < std::numeric_limits<T>::min() && got[i] == 0;
    const double error = flushed ? 0 : static_cast<double>(std::abs(want - got[i]) / unit);
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

/// Uniform arguments in [low, high], and as many with uniform exponents, as near to 0 as the format goes.
template <class T> std::vector<T> arguments(double low, double high) {
  std::mt19937_64 rng(7);
  std::uniform_real_distribution<double> inside(low, high), exponent(std::numeric_limits<T>::min_exponent, 0);
  std::vector<T> x;
  for (int i = 0; i < 40000; ++i) {
    x.push_back(static_cast<T>(inside(rng)));
    x.push_back(static_cast<T>((i % 2 && low < 0 ? low : high) * std::exp2(exponent(rng))));
  }
  return x;
}

template <class T> class SimdMath : public ::testing::Test {};
using Reals = ::testing::Types<float, double>;
TYPED_TEST_SUITE(SimdMath, Reals);

#define EXPECT_ULP(function, exact, low, high, limit)                                                     \
  {                                                                                                       \
    const auto from = arguments<TypeParam>(low, high);                                                    \
    const auto got = evaluate<TypeParam>([](const auto& v) ATELIER_LAMBDA { return function(v); }, from); \
    EXPECT_LE(worst_ulp(from, got, exact), limit) << #function;                                           \
  }

TYPED_TEST(SimdMath, Exponentials) {
  const double most = sizeof(TypeParam) == 4 ? 88.7 : 709.7;
  EXPECT_ULP(
      exp, [](long double x) { return std::exp(x); }, -most, most, 2)
  EXPECT_ULP(
      expm1, [](long double x) { return std::expm1(x); }, -most, most, 3)
  EXPECT_ULP(
      expm1, [](long double x) { return std::expm1(x); }, -1, 1, 3)
  EXPECT_ULP(
      sigmoid, [](long double x) { return 1 / (1 + std::exp(-x)); }, -most, most, 3)
  EXPECT_ULP(
      tanh, [](long double x) { return std::tanh(x); }, -10, 10, 4)
}

TYPED_TEST(SimdMath, Logarithms) {
  const double most = std::numeric_limits<TypeParam>::max();
  EXPECT_ULP(
      log, [](long double x) { return std::log(x); }, 0, most, 2)
  EXPECT_ULP(
      log, [](long double x) { return std::log(x); }, 0, 2, 2)
  EXPECT_ULP(
      log1p, [](long double x) { return std::log1p(x); }, -0.999, 2, 3)
  EXPECT_ULP(
      log1p, [](long double x) { return std::log1p(x); }, 0, most, 3)
  EXPECT_ULP(
      softplus, [](long double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }, -80, 80,
      3)
}

TYPED_TEST(SimdMath, RootsAndError){EXPECT_ULP(
    sqrt, [](long double x) { return std::sqrt(x); }, 0, std::numeric_limits<TypeParam>::max(), 0.5001)
                                        EXPECT_ULP(
                                            erf, [](long double x) { return std::erf(x); }, -7, 7, 7)}

TYPED_TEST(SimdMath, Circular) {
  // Near a zero of the function the error is one of the argument's reduction: absolute, not relative.
  for (const double most : {0.78, 10., 4000., 1e6, 1e9}) {
    const auto x = arguments<TypeParam>(-most, most);
    const auto s = evaluate<TypeParam>([](const auto& v) ATELIER_LAMBDA { return sin(v); }, x);
    const auto c = evaluate<TypeParam>([](const auto& v) ATELIER_LAMBDA { return cos(v); }, x);
    const double unit = std::numeric_limits<TypeParam>::epsilon() / 2;
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_NEAR(s[i], static_cast<double>(std::sin(static_cast<long double>(x[i]))), 2 * unit) << x[i];
      ASSERT_NEAR(c[i], static_cast<double>(std::cos(static_cast<long double>(x[i]))), 2 * unit) << x[i];
    }
  }
  EXPECT_ULP(
      sin, [](long double x) { return std::sin(x); }, -0.78, 0.78, 2)
}

TYPED_TEST(SimdMath, SpecialValuesAreTheCLibrarys) {
  using T = TypeParam;
  const T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  const T most = std::numeric_limits<T>::max(), least = std::numeric_limits<T>::denorm_min();
  const std::vector<T> x = {0, inf, -inf, nan, -1, 1, most, -most, least, -2};
  const auto same = [&](const char* name, const std::vector<T>& got, auto exact) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      const T want = exact(x[i]);
      if (std::isnan(want)) {
        EXPECT_TRUE(std::isnan(got[i])) << name << '(' << x[i] << ") = " << got[i];
      } else if (std::isinf(want) || want == 0) {
        EXPECT_EQ(got[i], want) << name << '(' << x[i] << ')';
      } else {
        EXPECT_NEAR(got[i], want, 4 * std::numeric_limits<T>::epsilon() * std::abs(want) + least)
            << name << '(' << x[i] << ')';
      }
    }
  };
#define EXPECT_SAME(function, exact) \
  same(#function, evaluate<T>([](const auto& v) ATELIER_LAMBDA { return function(v); }, x), exact)
  EXPECT_SAME(exp, [](T v) { return std::exp(v); });
  EXPECT_SAME(expm1, [](T v) { return std::expm1(v); });
  EXPECT_SAME(log, [](T v) { return std::log(v); });
  EXPECT_SAME(log1p, [](T v) { return std::log1p(v); });
  EXPECT_SAME(sqrt, [](T v) { return std::sqrt(v); });
  EXPECT_SAME(tanh, [](T v) { return std::tanh(v); });
  EXPECT_SAME(erf, [](T v) { return std::erf(v); });
  EXPECT_SAME(abs, [](T v) { return std::abs(v); });
  EXPECT_SAME(sigmoid, [](T v) { return 1 / (1 + std::exp(-v)); });
  EXPECT_SAME(softplus, [](T v) { return std::isnan(v) ? v : std::max(v, T(0)) + std::log1p(std::exp(-std::abs(v))); });
  EXPECT_SAME(sin, [](T v) { return std::sin(v); });
  EXPECT_SAME(cos, [](T v) { return std::cos(v); });
}

}  // namespace
