/// Elementwise functions and activations. Each is one lambda; its derivatives follow by themselves (ops/map.hpp).
#pragma once

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

/// x^p for a constant p; x > 0 unless p is a whole number of small size, for which use products.
template <class T> BasicTensor<T> pow(const BasicTensor<T>& x, std::type_identity_t<real_of<T>> p) {
  return map(
      "pow", [p](auto v) ATELIER_LAMBDA { return exp(p * log(v)); }, x);
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

/// max(x, 0); the derivative at 0 is 0.
template <class T> BasicTensor<T> relu(const BasicTensor<T>& x) {
  return map(
      "relu", [](auto v) ATELIER_LAMBDA { return select(v > 0, v, 0); }, x);
}
ATELIER_OP(relu)

/// x for x > 0, slope * x otherwise.
template <class T>
BasicTensor<T> leaky_relu(const BasicTensor<T>& x, std::type_identity_t<real_of<T>> slope = real_of<T>(0.2)) {
  return map(
      "leaky_relu", [slope](auto v) ATELIER_LAMBDA { return select(v > 0, v, slope * v); }, x);
}
ATELIER_OP(leaky_relu)

/// x for x > 0, alpha (e^x - 1) otherwise.                                     Clevert et al. 2016
template <class T> BasicTensor<T> elu(const BasicTensor<T>& x, std::type_identity_t<real_of<T>> alpha = 1) {
  return map(
      "elu", [alpha](auto v) ATELIER_LAMBDA { return select(v > 0, v, alpha * expm1(v)); }, x);
}
ATELIER_OP(elu)

/// x * sigmoid(x), also known as swish.                                        Elfwing et al. 2017
template <class T> BasicTensor<T> silu(const BasicTensor<T>& x) {
  return map(
      "silu", [](auto v) ATELIER_LAMBDA { return v * sigmoid(v); }, x);
}
ATELIER_OP(silu)

/// x * P(N(0, 1) <= x) = x/2 * (1 + erf(x / sqrt(2))).                         Hendrycks & Gimpel 2016
template <class T> BasicTensor<T> gelu(const BasicTensor<T>& x) {
  return map(
      "gelu", [](auto v) ATELIER_LAMBDA { return 0.5 * v * (1 + erf(v * 0.70710678118654752)); }, x);
}
ATELIER_OP(gelu)

/// The tanh form of gelu that GPT-2 uses: x/2 * (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
template <class T> BasicTensor<T> gelu_tanh(const BasicTensor<T>& x) {
  // (1 + tanh(u)) / 2 = sigmoid(2u)
  return map(
      "gelu_tanh",
      [](auto v) ATELIER_LAMBDA { return v * sigmoid(v * (1.5957691216057308 + 0.071354816272600248 * (v * v))); }, x);
}
ATELIER_OP(gelu_tanh)

/// x limited to [low, high]; the derivative outside is 0.
template <class T>
BasicTensor<T> clamp(const BasicTensor<T>& x, std::type_identity_t<real_of<T>> low,
                     std::type_identity_t<real_of<T>> high) {
  return map(
      "clamp", [=](auto v) ATELIER_LAMBDA { return select(v < low, low, select(v > high, high, v)); }, x);
}
ATELIER_OP(clamp)

/// The larger of a and b; shapes broadcast; the derivative goes to a where they are equal.
template <class T> BasicTensor<T> maximum(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return map(
      "maximum", [](auto x, auto y) ATELIER_LAMBDA { return select(x < y, y, x); }, a, b);
}
ATELIER_OP(maximum)

/// The smaller of a and b; shapes broadcast; the derivative goes to a where they are equal.
template <class T> BasicTensor<T> minimum(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return map(
      "minimum", [](auto x, auto y) ATELIER_LAMBDA { return select(y < x, y, x); }, a, b);
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
