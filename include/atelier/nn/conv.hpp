/// Convolutional layers on channels-last images.
#pragma once

#include "atelier/nn/init.hpp"
#include "atelier/ops/conv.hpp"

namespace atelier::inline v0::nn {

namespace detail {
/// Channels of one group. Throws Error unless the groups divide them.
inline Index group_channels(const char* layer, Index channels, Index groups) {
  atelier::detail::check_groups(layer, groups, channels, "channels");
  return channels / groups;
}
inline Shape kernel_shape(Index first, Index second, const Size2d& kernel) {
  return {first, second, kernel.height, kernel.width};
}
/// PyTorch's fan-in of a weight [first, second, kh, kw], for transposed convolutions too.
template <class T> double kernel_fan(const BasicTensor<T>& w) { return static_cast<double>(w.shape().count(1, 4)); }
}  // namespace detail

/// [B, H, W, in] -> [B, OH, OW, out]; see conv2d(). Weight [out, in / groups, kh, kw] and bias [out], named and
/// initialised as in PyTorch.
///   nn::Conv2d{3, 64, 4, 2, 1}    nn::Conv2d{.in = 64, .out = 128, .kernel = {3, 5}, .padding = {1, 2}, .bias = false}
template <class T> struct BasicConv2d {
  Index in = 0, out = 0;
  Size2d kernel = 1, stride = 1, padding = 0, dilation = 1;
  Index groups = 1;
  bool bias = true;
  BasicParam<T> w{detail::kernel_shape(out, detail::group_channels("Conv2d", in, groups), kernel)}, b{{bias ? out : 0}};

  /// With an activation, convolution, bias and activation are one operation.
  BasicTensor<T> operator()(const BasicTensor<T>& x, Activation activation = Activation::none,
                            double slope = 0.2) const {
    return conv2d(x, w, bias ? BasicTensor<T>(b) : BasicTensor<T>{}, {stride, padding, dilation, groups}, activation,
                  slope);
  }
  void init(Rng& rng) {
    init_default(w, detail::kernel_fan(w), rng);
    if (bias) init_default(b, detail::kernel_fan(w), rng);
  }
  static void visit(auto& m, auto&& f) {
    f("weight", m.w);
    if (m.bias) f("bias", m.b);
  }
};
using Conv2d = BasicConv2d<float>;

/// [B, H, W, in] -> [B, OH, OW, out]; see conv_transpose2d(). Weight [in, out / groups, kh, kw] and bias [out], named
/// and initialised as in PyTorch.
template <class T> struct BasicConvTranspose2d {
  Index in = 0, out = 0;
  Size2d kernel = 1, stride = 1, padding = 0, output_padding = 0, dilation = 1;
  Index groups = 1;
  bool bias = true;
  BasicParam<T> w{detail::kernel_shape(in, detail::group_channels("ConvTranspose2d", out, groups), kernel)},
      b{{bias ? out : 0}};

  /// With an activation, convolution, bias and activation are one operation.
  BasicTensor<T> operator()(const BasicTensor<T>& x, Activation activation = Activation::none,
                            double slope = 0.2) const {
    return conv_transpose2d(x, w, bias ? BasicTensor<T>(b) : BasicTensor<T>{},
                            {stride, padding, output_padding, dilation, groups}, activation, slope);
  }
  void init(Rng& rng) {
    init_default(w, detail::kernel_fan(w), rng);
    if (bias) init_default(b, detail::kernel_fan(w), rng);
  }
  static void visit(auto& m, auto&& f) {
    f("weight", m.w);
    if (m.bias) f("bias", m.b);
  }
};
using ConvTranspose2d = BasicConvTranspose2d<float>;

}  // namespace atelier::inline v0::nn
