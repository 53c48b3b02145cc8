/// Elementwise functions. Each is one lambda; its derivatives follow by themselves (ops/map.hpp).
#pragma once

#include <bit>
#include <cmath>
#include <limits>

#include "atelier/ops/arithmetic.hpp"

namespace atelier::inline v0 {

/// e^x
template <class T> BasicTensor<T> exp(const BasicTensor<T>& x) {
  return map(
      "exp", [](auto v) ATELIER_LAMBDA { return exp(v); }, x);
}
ATELIER_OP(exp)

/// e^x - 1, exact near 0.
template <class T> BasicTensor<T> expm1(const BasicTensor<T>& x) {
  return map(
      "expm1", [](auto v) ATELIER_LAMBDA { return expm1(v); }, x);
}
ATELIER_OP(expm1)

/// Natural logarithm.
template <class T> BasicTensor<T> log(const BasicTensor<T>& x) {
  return map(
      "log", [](auto v) ATELIER_LAMBDA { return log(v); }, x);
}
ATELIER_OP(log)

/// log(1 + x), exact near 0.
template <class T> BasicTensor<T> log1p(const BasicTensor<T>& x) {
  return map(
      "log1p", [](auto v) ATELIER_LAMBDA { return log1p(v); }, x);
}
ATELIER_OP(log1p)

template <class T> BasicTensor<T> sqrt(const BasicTensor<T>& x) {
  return map(
      "sqrt", [](auto v) ATELIER_LAMBDA { return sqrt(v); }, x);
}
ATELIER_OP(sqrt)

/// 1 / sqrt(x)
template <class T> BasicTensor<T> rsqrt(const BasicTensor<T>& x) {
  return map(
      "rsqrt", [](auto v) ATELIER_LAMBDA { return 1 / sqrt(v); }, x);
}
ATELIER_OP(rsqrt)

template <class T> BasicTensor<T> square(const BasicTensor<T>& x) {
  return map(
      "square", [](auto v) ATELIER_LAMBDA { return v * v; }, x);
}
ATELIER_OP(square)

/// |x|; the derivative at 0 is 1.
template <class T> BasicTensor<T> abs(const BasicTensor<T>& x) {
  return map(
      "abs", [](auto v) ATELIER_LAMBDA { return abs(v); }, x);
}
ATELIER_OP(abs)

namespace detail {
/// v^n by squaring, from the highest bit of n; 1 for n = 0.
template <class V> ATELIER_INLINE V whole_power(const V& v, unsigned n) {
  if (n == 0) return V(1);
  V y = v;
  for (unsigned bit = std::bit_floor(n) >> 1; bit; bit >>= 1) {
    y = y * y;
    if (n & bit) y = y * v;
  }
  return y;
}
}  // namespace detail

/// x^p for a constant p; NaN for x < 0 unless p is a whole number.
template <class T> BasicTensor<T> pow(const BasicTensor<T>& x, std::type_identity_t<real_of<T>> p) {
  using Number = real_of<T>;
  constexpr Number most_products = 64;  // their errors add up; beyond, a logarithm is as exact
  if (p != std::trunc(p))
    return map(
        "pow", [p](auto v) ATELIER_LAMBDA { return exp(p * log(v)); }, x);
  if (std::abs(p) > most_products) {
    const Number sign = std::fmod(p, Number(2)) == 0 ? 1 : -1;
    const Number at_zero = p > 0 ? 0 : std::numeric_limits<Number>::infinity();
    return map(
        "pow",
        [=](auto v) ATELIER_LAMBDA {
          const auto y = exp(p * log(abs(v)));
          return select(v == 0, at_zero, select(v < 0, sign * y, y));
        },
        x);
  }
  return map(
      "pow",
      [n = static_cast<unsigned>(std::abs(p)), inverse = p < 0](auto v)
          ATELIER_LAMBDA { return detail::whole_power(inverse ? 1 / v : v, n); },
      x);
}
ATELIER_OP(pow)

template <class T> BasicTensor<T> sin(const BasicTensor<T>& x) {
  return map(
      "sin", [](auto v) ATELIER_LAMBDA { return sin(v); }, x);
}
ATELIER_OP(sin)

template <class T> BasicTensor<T> cos(const BasicTensor<T>& x) {
  return map(
      "cos", [](auto v) ATELIER_LAMBDA { return cos(v); }, x);
}
ATELIER_OP(cos)

template <class T> BasicTensor<T> tanh(const BasicTensor<T>& x) {
  return map(
      "tanh", [](auto v) ATELIER_LAMBDA { return tanh(v); }, x);
}
ATELIER_OP(tanh)

/// Error function, 2 / sqrt(pi) * integral of exp(-t^2) from 0 to x.
template <class T> BasicTensor<T> erf(const BasicTensor<T>& x) {
  return map(
      "erf", [](auto v) ATELIER_LAMBDA { return erf(v); }, x);
}
ATELIER_OP(erf)

/// 1 / (1 + e^-x)
template <class T> BasicTensor<T> sigmoid(const BasicTensor<T>& x) {
  return map(
      "sigmoid", [](auto v) ATELIER_LAMBDA { return sigmoid(v); }, x);
}
ATELIER_OP(sigmoid)

/// log(1 + e^x), without overflow.
template <class T> BasicTensor<T> softplus(const BasicTensor<T>& x) {
  return map(
      "softplus", [](auto v) ATELIER_LAMBDA { return softplus(v); }, x);
}
ATELIER_OP(softplus)

/// x limited to [low, high]; the derivative outside is 0. Throws Error when low > high.
template <class T>
BasicTensor<T> clamp(const BasicTensor<T>& x, std::type_identity_t<real_of<T>> low,
                     std::type_identity_t<real_of<T>> high) {
  if (low > high) throw Error("clamp: expected low <= high, found " + number_text(low) + " and " + number_text(high));
  return map(
      "clamp", [=](auto v) ATELIER_LAMBDA { return select(v < low, low, select(v > high, high, v)); }, x);
}
ATELIER_OP(clamp)

/// The larger of a and b, NaN if either is; shapes broadcast; the derivative goes to a where they are equal.
template <class T> BasicTensor<T> maximum(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return map(
      "maximum", [](auto x, auto y) ATELIER_LAMBDA { return select(x < y, y, select(y == y, x, y)); }, a, b);
}
ATELIER_OP(maximum)

/// The smaller of a and b, NaN if either is; shapes broadcast; the derivative goes to a where they are equal.
template <class T> BasicTensor<T> minimum(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return map(
      "minimum", [](auto x, auto y) ATELIER_LAMBDA { return select(y < x, y, select(y == y, x, y)); }, a, b);
}
ATELIER_OP(minimum)

/// condition != 0 ? a : b; shapes broadcast. The condition (a result of a comparison) has no derivative.
template <class T>
BasicTensor<T> where(const BasicTensor<T>& condition, const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return map(
      "where", [](auto c, auto x, auto y) ATELIER_LAMBDA { return select(c != 0, x, y); }, condition, a, b);
}
ATELIER_OP(where)

}  // namespace atelier::inline v0
