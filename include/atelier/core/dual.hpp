/// Dual numbers: a value and its derivative in one direction, carried through every operation (forward mode).
/// They nest: Dual<Dual<B>> carries second derivatives. The base B is a number or a vector of numbers.
#pragma once

#include <concepts>
#include <type_traits>

#include "atelier/core/config.hpp"

/// A namespace of its own, so that argument-dependent lookup finds the functions and nothing else does.
namespace atelier::inline v0::duals {

template <class B> struct Dual {
  B v;  // value
  B d;  // derivative

  Dual() = default;
  ATELIER_INLINE Dual(const B& value, const B& derivative) : v(value), d(derivative) {}
  ATELIER_INLINE Dual(const B& value) : v(value), d(0) {}
  template <class S>
  requires(std::is_arithmetic_v<S> && !std::same_as<S, B>) ATELIER_INLINE Dual(S s) : v(static_cast<double>(s)), d(0) {}

  friend ATELIER_INLINE Dual operator+(const Dual& a, const Dual& b) { return {a.v + b.v, a.d + b.d}; }
  friend ATELIER_INLINE Dual operator-(const Dual& a, const Dual& b) { return {a.v - b.v, a.d - b.d}; }
  friend ATELIER_INLINE Dual operator*(const Dual& a, const Dual& b) { return {a.v * b.v, a.d * b.v + a.v * b.d}; }
  friend ATELIER_INLINE Dual operator/(const Dual& a, const Dual& b) {
    const B q = a.v / b.v;
    return {q, (a.d - q * b.d) / b.v};
  }
  friend ATELIER_INLINE Dual operator-(const Dual& a) { return {-a.v, -a.d}; }
  ATELIER_INLINE Dual& operator+=(const Dual& o) { return *this = *this + o; }

  friend ATELIER_INLINE auto operator>(const Dual& a, const Dual& b) { return a.v > b.v; }
  friend ATELIER_INLINE auto operator<(const Dual& a, const Dual& b) { return a.v < b.v; }
  friend ATELIER_INLINE auto operator>=(const Dual& a, const Dual& b) { return a.v >= b.v; }
  friend ATELIER_INLINE auto operator<=(const Dual& a, const Dual& b) { return a.v <= b.v; }
  friend ATELIER_INLINE auto operator==(const Dual& a, const Dual& b) { return a.v == b.v; }
  friend ATELIER_INLINE auto operator!=(const Dual& a, const Dual& b) { return a.v != b.v; }
};

// Operations with a constant, spared the products by zero. Exact types first, then plain numbers.
template <class S, class B>
concept ConstantFor = std::is_arithmetic_v<S> || std::same_as<S, B>;
template <class B, ConstantFor<B> S> ATELIER_INLINE Dual<B> operator+(const Dual<B>& a, const S& b) {
  return {a.v + b, a.d};
}
template <class B, ConstantFor<B> S> ATELIER_INLINE Dual<B> operator+(const S& a, const Dual<B>& b) {
  return {a + b.v, b.d};
}
template <class B, ConstantFor<B> S> ATELIER_INLINE Dual<B> operator-(const Dual<B>& a, const S& b) {
  return {a.v - b, a.d};
}
template <class B, ConstantFor<B> S> ATELIER_INLINE Dual<B> operator-(const S& a, const Dual<B>& b) {
  return {a - b.v, -b.d};
}
template <class B, ConstantFor<B> S> ATELIER_INLINE Dual<B> operator*(const Dual<B>& a, const S& b) {
  return {a.v * b, a.d * b};
}
template <class B, ConstantFor<B> S> ATELIER_INLINE Dual<B> operator*(const S& a, const Dual<B>& b) {
  return {a * b.v, a * b.d};
}
template <class B, ConstantFor<B> S> ATELIER_INLINE Dual<B> operator/(const Dual<B>& a, const S& b) {
  return {a.v / b, a.d / b};
}
template <class B, ConstantFor<B> S> ATELIER_INLINE Dual<B> operator/(const S& a, const Dual<B>& b) {
  const B q = a / b.v;
  return {q, -(q * b.d) / b.v};
}

/// condition ? a : b; where the branches differ, the derivative is the taken branch's.
template <class M, class B> ATELIER_INLINE Dual<B> select(const M& condition, const Dual<B>& a, const Dual<B>& b) {
  return {select(condition, a.v, b.v), select(condition, a.d, b.d)};
}

template <class M, class B, ConstantFor<B> S>
ATELIER_INLINE Dual<B> select(const M& condition, const Dual<B>& a, const S& b) {
  return select(condition, a, Dual<B>(B(b)));
}
template <class M, class B, ConstantFor<B> S>
ATELIER_INLINE Dual<B> select(const M& condition, const S& a, const Dual<B>& b) {
  return select(condition, Dual<B>(B(a)), b);
}

// f(v) and f'(v) d for the functions that maps are made of; names are found by the base's own header.
template <class B> ATELIER_INLINE Dual<B> exp(const Dual<B>& x) {
  const B y = exp(x.v);
  return {y, y * x.d};
}
template <class B> ATELIER_INLINE Dual<B> expm1(const Dual<B>& x) {
  const B y = expm1(x.v);
  return {y, (y + 1) * x.d};
}
template <class B> ATELIER_INLINE Dual<B> log(const Dual<B>& x) { return {log(x.v), x.d / x.v}; }
template <class B> ATELIER_INLINE Dual<B> log1p(const Dual<B>& x) { return {log1p(x.v), x.d / (x.v + 1)}; }
template <class B> ATELIER_INLINE Dual<B> sqrt(const Dual<B>& x) {
  const B y = sqrt(x.v);
  return {y, x.d / (y + y)};
}
template <class B> ATELIER_INLINE Dual<B> tanh(const Dual<B>& x) {
  const B y = tanh(x.v);
  return {y, (1 - y * y) * x.d};
}
template <class B> ATELIER_INLINE Dual<B> sigmoid(const Dual<B>& x) {
  const B y = sigmoid(x.v);
  return {y, y * (1 - y) * x.d};
}
template <class B> ATELIER_INLINE Dual<B> softplus(const Dual<B>& x) { return {softplus(x.v), sigmoid(x.v) * x.d}; }
template <class B> ATELIER_INLINE Dual<B> erf(const Dual<B>& x) {
  constexpr double two_over_sqrt_pi = 1.1283791670955126;
  return {erf(x.v), two_over_sqrt_pi * exp(-(x.v * x.v)) * x.d};
}
template <class B> ATELIER_INLINE Dual<B> sin(const Dual<B>& x) { return {sin(x.v), cos(x.v) * x.d}; }
template <class B> ATELIER_INLINE Dual<B> cos(const Dual<B>& x) { return {cos(x.v), -(sin(x.v) * x.d)}; }
template <class B> ATELIER_INLINE Dual<B> abs(const Dual<B>& x) { return select(x < B(0), -x, x); }

}  // namespace atelier::inline v0::duals

namespace atelier::inline v0 {

using duals::Dual;

template <class T> struct is_dual : std::false_type {};
template <class B> struct is_dual<Dual<B>> : std::true_type {};

}  // namespace atelier::inline v0
