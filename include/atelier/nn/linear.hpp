/// The fully connected layer.
#pragma once

#include "atelier/nn/init.hpp"
#include "atelier/ops/matmul.hpp"

namespace atelier::inline v0::nn {

/// y = x W^T + b: [..., in] -> [..., out]. Weight [out, in] and bias [out], named and initialised as in PyTorch.
///   nn::Linear{784, 400}    nn::Linear{.in = 3, .out = 2, .bias = false}
template <class T> struct BasicLinear {
  Index in = 0, out = 0;
  bool bias = true;
  BasicParam<T> w{{out, in}}, b{{bias ? out : 0}};

  /// With an activation, product, bias and activation are one pass.
  BasicTensor<T> operator()(const BasicTensor<T>& x, Activation activation = Activation::none) const {
    if (bias) return linear(x, w, b, activation);
    if (x.rank() == 1) return squeeze((*this)(unsqueeze(x, 0), activation), 0);
    return activate(matmul(x, w, {.transpose_b = true}), activation);
  }
  void init(Rng& rng) {
    init_default(w, static_cast<double>(in), rng);
    if (bias) init_default(b, static_cast<double>(in), rng);
  }
  static void visit(auto& m, auto&& f) {
    f("weight", m.w);
    if (m.bias) f("bias", m.b);
  }
};
using Linear = BasicLinear<float>;

}  // namespace atelier::inline v0::nn
