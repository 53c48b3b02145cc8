/// Activations: what a layer applies to its sums.
#pragma once

#include "atelier/kernels/gemm/types.hpp"
#include "atelier/ops/elementwise.hpp"

namespace atelier::inline v0 {

/// max(x, 0), NaN kept; the derivative at 0 is 0.
template <class T> BasicTensor<T> relu(const BasicTensor<T>& x) {
  return map(
      "relu", [](auto v) ATELIER_LAMBDA { return select(v <= 0, 0, v); }, x);
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
  using kernels::gelu_cubic, kernels::gelu_slope;
  return map(
      "gelu_tanh", [](auto v) ATELIER_LAMBDA { return v * sigmoid(v * (gelu_slope + gelu_cubic * (v * v))); }, x);
}
ATELIER_OP(gelu_tanh)

/// silu(gate) * x, the gated unit between the two layers of a Transformer's block.                      Shazeer 2020
template <class T> BasicTensor<T> swiglu(const BasicTensor<T>& gate, const BasicTensor<T>& x) {
  return map(
      "swiglu", [](auto g, auto v) ATELIER_LAMBDA { return g * sigmoid(g) * v; }, gate, x);
}
ATELIER_OP(swiglu)

enum class Activation { none, relu, leaky_relu, tanh, sigmoid, silu, gelu, gelu_tanh };

template <class T> BasicTensor<T> activate(const BasicTensor<T>& x, Activation a) {
  switch (a) {
    case Activation::none: return x;
    case Activation::relu: return relu(x);
    case Activation::leaky_relu: return leaky_relu(x);
    case Activation::tanh: return tanh(x);
    case Activation::sigmoid: return sigmoid(x);
    case Activation::silu: return silu(x);
    case Activation::gelu: return gelu(x);
    case Activation::gelu_tanh: return gelu_tanh(x);
  }
  throw Error("activate: unknown activation");
}
ATELIER_OP(activate)

}  // namespace atelier::inline v0
