/// Sums, products and quotients with broadcasting, and their operators.
#pragma once

#include "atelier/ops/map.hpp"

namespace atelier::inline v0 {

/// a + b. Shapes broadcast.
template <class T> BasicTensor<T> add(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return record("add",
                detail::map_value<true>(
                    "add", [](auto x, auto y) ATELIER_LAMBDA { return x + y; }, a, b),
                wrt(a, [s = a.shape()](const BasicTensor<T>& g) { return detail::fit(g, s); }),
                wrt(b, [s = b.shape()](const BasicTensor<T>& g) { return detail::fit(g, s); }));
}
ATELIER_OP(add)

/// a - b. Shapes broadcast.
template <class T> BasicTensor<T> sub(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return record("sub",
                detail::map_value<true>(
                    "sub", [](auto x, auto y) ATELIER_LAMBDA { return x - y; }, a, b),
                wrt(a, [s = a.shape()](const BasicTensor<T>& g) { return detail::fit(g, s); }),
                wrt(b, [s = b.shape()](const BasicTensor<T>& g) { return neg(detail::fit(g, s)); }));
}

/// a * b, element by element. Shapes broadcast.
template <class T> BasicTensor<T> mul(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return record("mul",
                detail::map_value<true>(
                    "mul", [](auto x, auto y) ATELIER_LAMBDA { return x * y; }, a, b),
                wrt(a, [s = a.shape(), b](const BasicTensor<T>& g) { return detail::fit(mul(g, b), s); }),
                wrt(b, [s = b.shape(), a](const BasicTensor<T>& g) { return detail::fit(mul(g, a), s); }));
}
ATELIER_OP(mul)

/// a / b, element by element. Shapes broadcast.
template <class T> BasicTensor<T> div(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return record("div",
                detail::map_value<true>(
                    "div", [](auto x, auto y) ATELIER_LAMBDA { return x / y; }, a, b),
                wrt(a, [s = a.shape(), b](const BasicTensor<T>& g) { return detail::fit(div(g, b), s); }),
                wrt(b, [s = b.shape(), b](const BasicTensor<T>& g, const BasicTensor<T>& y) {
                  return detail::fit(neg(div(mul(g, y), b)), s);  // d(a/b)/db = -(a/b)/b
                }));
}

/// scale * x + shift for constants.
template <class T>
BasicTensor<T> affine(const BasicTensor<T>& x, std::type_identity_t<real_of<T>> scale,
                      std::type_identity_t<real_of<T>> shift) {
  return record("affine",
                detail::map_value<true>(
                    "affine", [=](auto v) ATELIER_LAMBDA { return v * scale + shift; }, x),
                wrt(x, [scale](const BasicTensor<T>& g) { return affine(g, scale, 0); }));
}
ATELIER_OP(affine)

template <class T> BasicTensor<T> neg(const BasicTensor<T>& x) { return affine(x, -1, 0); }
ATELIER_OP(sub)
ATELIER_OP(div)
ATELIER_OP(neg)

/// scale / x for a constant.
template <class T> BasicTensor<T> reciprocal(const BasicTensor<T>& x, std::type_identity_t<real_of<T>> scale = 1) {
  return record("reciprocal",
                detail::map_value<true>(
                    "reciprocal", [=](auto v) ATELIER_LAMBDA { return scale / v; }, x),
                wrt(x, [x](const BasicTensor<T>& g, const BasicTensor<T>& y) { return neg(div(mul(g, y), x)); }));
}
ATELIER_OP(reciprocal)

/// a += b in place, for the tape's sums of cotangents; shapes equal, `a` seen by nobody else, nothing recorded.
template <class T> void add_into(BasicTensor<T>& a, const BasicTensor<T>& b) {
  const auto sum = [](auto x, auto y) ATELIER_LAMBDA { return x + y; };
  const BasicTensor<T>* const inputs[] = {&a, &b};
  detail::map_into<T>(&kernels::run_pass<true, T, decltype(sum), 2>, &sum, a, inputs);
}
ATELIER_OP(add_into)

// Operators. Constants take the tensor's scalar type.
template <class T> using Constant = std::type_identity_t<real_of<T>>;

template <Differentiable T> BasicTensor<T> operator+(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return add(a, b);
}
template <Differentiable T> BasicTensor<T> operator-(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return sub(a, b);
}
template <Differentiable T> BasicTensor<T> operator*(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return mul(a, b);
}
template <Differentiable T> BasicTensor<T> operator/(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return div(a, b);
}
template <Differentiable T> BasicTensor<T> operator-(const BasicTensor<T>& x) { return neg(x); }
template <Differentiable T> BasicTensor<T> operator+(const BasicTensor<T>& x, Constant<T> c) { return affine(x, 1, c); }
template <Differentiable T> BasicTensor<T> operator+(Constant<T> c, const BasicTensor<T>& x) { return affine(x, 1, c); }
template <Differentiable T> BasicTensor<T> operator-(const BasicTensor<T>& x, Constant<T> c) {
  return affine(x, 1, -c);
}
template <Differentiable T> BasicTensor<T> operator-(Constant<T> c, const BasicTensor<T>& x) {
  return affine(x, -1, c);
}
template <Differentiable T> BasicTensor<T> operator*(const BasicTensor<T>& x, Constant<T> c) { return affine(x, c, 0); }
template <Differentiable T> BasicTensor<T> operator*(Constant<T> c, const BasicTensor<T>& x) { return affine(x, c, 0); }
template <Differentiable T> BasicTensor<T> operator/(const BasicTensor<T>& x, Constant<T> c) {
  return affine(x, 1 / c, 0);
}
template <Differentiable T> BasicTensor<T> operator/(Constant<T> c, const BasicTensor<T>& x) {
  return reciprocal(x, c);
}

}  // namespace atelier::inline v0
