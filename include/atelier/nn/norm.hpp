/// Normalisation layers.
#pragma once

#include "atelier/nn/init.hpp"
#include "atelier/ops/norm.hpp"

namespace atelier::inline v0::nn {

/// (x - mean) / sqrt(variance + eps) * weight + bias over the innermost dimension.         Ba et al. 2016
template <class T> struct BasicLayerNorm {
  Index size = 0;
  double eps = 1e-5;
  BasicParam<T> w{{size}}, b{{size}};

  BasicTensor<T> operator()(const BasicTensor<T>& x) const { return layer_norm(x, w, b, static_cast<real_of<T>>(eps)); }
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

}  // namespace atelier::inline v0::nn
