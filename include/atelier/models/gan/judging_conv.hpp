/// A discriminator's convolution, its weight divided by its largest singular value if so told.
#pragma once

#include <optional>

#include "atelier/nn/conv.hpp"
#include "atelier/nn/spectral_norm.hpp"

namespace atelier::inline v0::gan {

/// Conv2d with or without spectral normalisation; parts are named as PyTorch's with or without its parametrization.
template <class T> struct BasicJudgingConv {
  nn::BasicConv2d<T> conv;
  std::optional<nn::BasicSpectralNorm<T>> norm;

  BasicJudgingConv(nn::BasicConv2d<T> c, bool spectral) : conv(std::move(c)) {
    if (spectral) norm.emplace(nn::BasicSpectralNorm<T>{.shape = conv.w.shape()});
  }
  BasicTensor<T> operator()(const BasicTensor<T>& x, nn::Mode mode, Activation activation = Activation::none) const {
    if (!norm) return conv(x, activation);
    const Conv2dOptions o{conv.stride, conv.padding, conv.dilation, conv.groups};
    return conv2d(x, (*norm)(conv.w, mode), conv.bias ? BasicTensor<T>(conv.b) : BasicTensor<T>{}, o, activation);
  }
  /// Weights from N(0, deviation^2), biases 0.
  void init(Rng& rng, double deviation) {
    nn::fill_normal(conv.w, 0, deviation, rng);
    if (conv.bias) nn::fill_constant(conv.b, 0);
    if (!norm) return;
    norm->init(rng);
    norm->iterate(conv.w, 15);
  }
  static void visit(auto& m, auto&& f) {
    f(m.norm ? "parametrizations.weight.original" : "weight", m.conv.w);
    if (m.conv.bias) f("bias", m.conv.b);
    if (m.norm) f("parametrizations.weight.0", *m.norm);
  }
};

}  // namespace atelier::inline v0::gan
