/// Normalisation of each image by itself, as layers.
#pragma once

#include "atelier/nn/batch_norm.hpp"

namespace atelier::inline v0::nn {

/// (x - mean) / sqrt(variance + eps) * weight + bias over the places and channels of each group of an image:
/// x [B, ..., C].                                                                                     Wu & He 2018
template <class T> struct BasicGroupNorm {
  Index groups = 1, channels = 0;
  double eps = 1e-5;
  bool affine = true;
  BasicParam<T> w{{affine ? channels : 0}}, b{{affine ? channels : 0}};

  BasicTensor<T> operator()(const BasicTensor<T>& x, Activation activation = Activation::none,
                            double slope = 0.2) const {
    const auto [weight, bias] = detail::affine_pair(w, b, channels);
    return group_norm(x, groups, weight, bias, {.eps = eps, .activation = activation, .slope = slope});
  }
  void init(Rng&) {
    if (affine) fill_constant(w, 1), fill_constant(b, 0);
  }
  static void visit(auto& m, auto&& f) {
    if (m.affine) f("weight", m.w), f("bias", m.b);
  }
};

/// The same for each channel of each image: x [B, H, W, C]. As in PyTorch without weight and bias unless told so.
///                                                                                            Ulyanov et al. 2016
template <class T> struct BasicInstanceNorm2d {
  Index channels = 0;
  double eps = 1e-5;
  bool affine = false;
  BasicParam<T> w{{affine ? channels : 0}}, b{{affine ? channels : 0}};

  BasicTensor<T> operator()(const BasicTensor<T>& x, Activation activation = Activation::none,
                            double slope = 0.2) const {
    detail::check_rank<T, 4>("InstanceNorm2d", x, "[B, H, W, C]");
    const auto [weight, bias] = detail::affine_pair(w, b, channels);
    return instance_norm(x, weight, bias, {.eps = eps, .activation = activation, .slope = slope});
  }
  void init(Rng&) {
    if (affine) fill_constant(w, 1), fill_constant(b, 0);
  }
  static void visit(auto& m, auto&& f) {
    if (m.affine) f("weight", m.w), f("bias", m.b);
  }
};

using GroupNorm = BasicGroupNorm<float>;
using InstanceNorm2d = BasicInstanceNorm2d<float>;

}  // namespace atelier::inline v0::nn
