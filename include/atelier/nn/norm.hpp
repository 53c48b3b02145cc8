/// Normalisation layers.
#pragma once

#include <limits>

#include "atelier/nn/init.hpp"
#include "atelier/ops/residual_norm.hpp"

namespace atelier::inline v0::nn {

/// (x - mean) / sqrt(variance + eps) * weight + bias over the innermost dimension.         Ba et al. 2016
template <class T> struct BasicLayerNorm {
  Index size = 0;
  double eps = 1e-5;
  BasicParam<T> w{{size}}, b{{size}};

  BasicTensor<T> operator()(const BasicTensor<T>& x) const { return layer_norm(x, w, b, static_cast<real_of<T>>(eps)); }
  /// x + r and its normalisation, in one pass.
  NormedSum<T> operator()(const BasicTensor<T>& x, const BasicTensor<T>& r) const {
    return add_layer_norm(x, r, w, b, static_cast<real_of<T>>(eps));
  }
  void init(Rng&) {
    fill_constant(w, 1);
    fill_constant(b, 0);
  }
  static void visit(auto& m, auto&& f) {
    f("weight", m.w);
    f("bias", m.b);
  }
};
using LayerNorm = BasicLayerNorm<float>;

/// x / sqrt(mean(x^2) + eps) * weight over the innermost dimension.                         Zhang & Sennrich 2019
template <class T> struct BasicRmsNorm {
  Index size = 0;
  double eps = std::numeric_limits<float>::epsilon();  // PyTorch's for float
  BasicParam<T> w{{size}};

  BasicTensor<T> operator()(const BasicTensor<T>& x) const { return rms_norm(x, w, static_cast<real_of<T>>(eps)); }
  /// x + r and its normalisation, in one pass.
  NormedSum<T> operator()(const BasicTensor<T>& x, const BasicTensor<T>& r) const {
    return add_rms_norm(x, r, w, static_cast<real_of<T>>(eps));
  }
  void init(Rng&) { fill_constant(w, 1); }
  static void visit(auto& m, auto&& f) { f("weight", m.w); }
};
using RmsNorm = BasicRmsNorm<float>;

}  // namespace atelier::inline v0::nn
