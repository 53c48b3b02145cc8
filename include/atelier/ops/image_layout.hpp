/// Layouts of images: channels last inside networks, channels first in data sets and files; channels as pixels.
#pragma once

#include "atelier/ops/shape.hpp"

namespace atelier::inline v0 {

/// Height and width; one number stands for both.
struct Extent {
  Index h = 0, w = 0;
  Extent() = default;
  Extent(Index both) : h(both), w(both) {}
  Extent(Index height, Index width) : h(height), w(width) {}
  std::string str() const { return std::to_string(h) + "x" + std::to_string(w); }
};

namespace detail {
/// Throws Error unless x has four dimensions, which `layout` names.
template <class T> void check_image(const char* op, const BasicTensor<T>& x, const char* layout = "[B, H, W, C]") {
  if (x.rank() != 4) throw Error(std::string(op) + ": expected " + layout + ", found " + x.shape().str());
}
/// [B, M, N] -> [B, N, M] under the shape `to`.
template <class T> BasicTensor<T> transpose_each(const BasicTensor<T>& x, Index rows, Index cols, const Shape& to) {
  auto y = BasicTensor<T>::empty(to);
  kernels::transpose_each(y.mutable_data(), x.data(), to[0], rows, cols);
  return y;
}
}  // namespace detail

template <class T> BasicTensor<T> channels_first(const BasicTensor<T>& x);

/// [B, C, H, W] -> [B, H, W, C]. Throws Error for another rank.
template <class T> BasicTensor<T> channels_last(const BasicTensor<T>& x) {
  detail::check_image("channels_last", x, "[B, C, H, W]");
  const Index c = x.size(1), h = x.size(2), w = x.size(3);
  return record("channels_last", detail::transpose_each(x, c, h * w, {x.size(0), h, w, c}),
                wrt(x, [](const BasicTensor<T>& g) { return channels_first(g); }));
}
ATELIER_OP(channels_last)

/// [B, H, W, C] -> [B, C, H, W]. Throws Error for another rank.
template <class T> BasicTensor<T> channels_first(const BasicTensor<T>& x) {
  detail::check_image("channels_first", x);
  const Index h = x.size(1), w = x.size(2), c = x.size(3);
  return record("channels_first", detail::transpose_each(x, h * w, c, {x.size(0), c, h, w}),
                wrt(x, [](const BasicTensor<T>& g) { return channels_last(g); }));
}
ATELIER_OP(channels_first)

/// Channels as pixels: [B, H, W, C r^2] -> [B, H r, W r, C], y[b, h r + i, w r + j, c] = x[b, h, w, c r^2 + i r + j],
/// the order of PyTorch's pixel_shuffle.                                                           Shi et al. 2016
/// Throws Error for another rank, r < 1, or channels that are no multiple of r^2.
template <class T> BasicTensor<T> pixel_shuffle(const BasicTensor<T>& x, Index r) {
  detail::check_image("pixel_shuffle", x);
  const Index b = x.size(0), h = x.size(1), w = x.size(2), c = x.size(3);
  if (r < 1 || c % r != 0 || c / r % r != 0)
    throw Error("pixel_shuffle: expected channels in squares of factor " + std::to_string(r) + ", found " +
                x.shape().str());
  const Index channels = c / r / r;
  const auto parts = permute(reshape(x, Shape{b, h, w, channels, r, r}), {0, 1, 4, 2, 5, 3});
  return reshape(parts, Shape{b, h * r, w * r, channels});
}
ATELIER_OP(pixel_shuffle)

/// The opposite: [B, H r, W r, C] -> [B, H, W, C r^2].
/// Throws Error for another rank, r < 1, or sides that are no multiples of r.
template <class T> BasicTensor<T> pixel_unshuffle(const BasicTensor<T>& x, Index r) {
  detail::check_image("pixel_unshuffle", x);
  const Index b = x.size(0), h = x.size(1), w = x.size(2), c = x.size(3);
  if (r < 1 || h % r != 0 || w % r != 0)
    throw Error("pixel_unshuffle: expected sides that are multiples of " + std::to_string(r) + ", found " +
                x.shape().str());
  const auto parts = permute(reshape(x, Shape{b, h / r, r, w / r, r, c}), {0, 1, 3, 5, 2, 4});
  return reshape(parts, Shape{b, h / r, w / r, c * r * r});
}
ATELIER_OP(pixel_unshuffle)

}  // namespace atelier::inline v0
