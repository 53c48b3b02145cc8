/// Images with a border.
#pragma once

#include "atelier/ops/image_layout.hpp"
#include "atelier/ops/index.hpp"

namespace atelier::inline v0 {

/// What the border shows: 0; a constant; the image mirrored at its outermost pixels, which come once; its outermost
/// pixels; the image from the other side.
enum class PadMode { zeros, constant, reflect, replicate, circular };

/// Pixels on each side.
struct Border {
  Index top = 0, bottom = 0, left = 0, right = 0;
};
/// The same on every side.
inline Border border(Index all) { return {all, all, all, all}; }

namespace detail {
/// Where in [0, n) place i of an image that was continued beyond its sides comes from.
inline Index continued(Index i, Index n, PadMode mode) {
  switch (mode) {
    case PadMode::reflect: return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
    case PadMode::circular: return i < 0 ? i + n : i >= n ? i - n : i;
    default: return std::clamp<Index>(i, 0, n - 1);
  }
}
/// Throws Error when a side of n places cannot be continued by that many.
inline void check_border(const Shape& x, Index n, Index before, Index after, PadMode mode) {
  const Index most = std::max(before, after);
  const bool fits = mode == PadMode::reflect     ? most < n || most == 0
                    : mode == PadMode::circular  ? most <= n
                    : mode == PadMode::replicate ? n > 0 || most == 0
                                                 : true;
  if (std::min(before, after) < 0 || !fits)
    throw Error("pad2d: a border of " + std::to_string(before) + " and " + std::to_string(after) +
                " does not go with a side of " + std::to_string(n) + " in " + x.str());
}
/// `before` and `after` places more along `dim`, with zeros or continued.
template <class T> BasicTensor<T> pad_side(const BasicTensor<T>& x, int dim, Index before, Index after, PadMode mode) {
  const Index n = x.size(dim), size = before + n + after;
  if (before == 0 && after == 0) return x;
  if (mode == PadMode::zeros || mode == PadMode::constant) return embed(x, dim, before, size);
  auto source = IndexTensor::empty({size});
  for (Index i = 0; i < size; ++i) source.mutable_data()[i] = static_cast<std::int32_t>(continued(i - before, n, mode));
  return take(x, source, dim);
}
template <class T> BasicTensor<T> pad_sides(const BasicTensor<T>& x, const Border& b, PadMode mode) {
  return pad_side(pad_side(x, 1, b.top, b.bottom, mode), 2, b.left, b.right, mode);
}
/// `value` on the border and 0 inside, [1, H, W, 1]; recorded nowhere.
template <class T> BasicTensor<T> frame(const BasicTensor<T>& x, const Border& b, real_of<T> value) {
  Tape::Pause pause;
  const BasicTensor<T> inside(Shape{1, x.size(1), x.size(2), 1}, T(1));
  return affine(pad_sides(inside, b, PadMode::zeros), -value, value);
}
}  // namespace detail

/// x [B, H, W, C] with a border: [B, top + H + bottom, left + W + right, C]. `value` is PadMode::constant's.
/// Throws Error for another rank, a negative size, or a border that the image is too small to continue into: reflect
/// gives at most one pixel less than a side, circular a side.
template <class T>
BasicTensor<T> pad2d(const BasicTensor<T>& x, const Border& b, PadMode mode = PadMode::zeros,
                     std::type_identity_t<real_of<T>> value = 0) {
  detail::check_image("pad2d", x);
  detail::check_border(x.shape(), x.size(1), b.top, b.bottom, mode);
  detail::check_border(x.shape(), x.size(2), b.left, b.right, mode);
  const auto y = detail::pad_sides(x, b, mode);
  if (mode != PadMode::constant || value == 0) return y;
  return add(y, detail::frame(x, b, value));
}
ATELIER_OP(pad2d)

}  // namespace atelier::inline v0
