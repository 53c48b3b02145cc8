/// Enlarging images by whole factors.
#pragma once

#include "atelier/kernels/interpolate.hpp"
#include "atelier/ops/pool.hpp"

namespace atelier::inline v0 {

namespace detail {
inline void check_scale(const char* op, const Extent& scale) {
  if (scale.h < 1 || scale.w < 1) throw Error(std::string(op) + ": expected factors from 1 on, found " + scale.str());
}

template <class T> BasicTensor<T> interpolate_back(const BasicTensor<T>& y, int dim, Index scale);

/// Linear interpolation along `dim`, and its transpose.
template <class T> BasicTensor<T> interpolate(const BasicTensor<T>& x, int dim, Index scale) {
  Shape shape = x.shape();
  const Pieces pieces(shape, dim);
  shape[dim] *= scale;
  auto y = BasicTensor<T>::empty(shape);
  kernels::interpolate(y.mutable_data(), x.data(), {pieces.outer, x.size(dim), pieces.inner, scale});
  return record("interpolate", y,
                wrt(x, [dim, scale](const BasicTensor<T>& g) { return interpolate_back(g, dim, scale); }));
}
template <class T> BasicTensor<T> interpolate_back(const BasicTensor<T>& y, int dim, Index scale) {
  Shape shape = y.shape();
  const Pieces pieces(shape, dim);
  shape[dim] /= scale;
  auto x = BasicTensor<T>::empty(shape);
  kernels::interpolate_back(x.mutable_data(), y.data(), {pieces.outer, shape[dim], pieces.inner, scale});
  return record("interpolate_back", x,
                wrt(y, [dim, scale](const BasicTensor<T>& g) { return interpolate(g, dim, scale); }));
}
}  // namespace detail

/// Every pixel as a block of pixels: x [B, H, W, C] -> [B, scale.h H, scale.w W, C].
/// Throws Error for another rank or a factor below 1.
template <class T> BasicTensor<T> upsample_nearest(const BasicTensor<T>& x, const Extent& scale) {
  detail::check_image("upsample_nearest", x);
  detail::check_scale("upsample_nearest", scale);
  const auto axis = [](Index n, Index s) {
    return kernels::PoolAxis{.in = n * s, .out = n, .kernel = s, .stride = s, .padding = 0, .adaptive = false};
  };
  return detail::pool_spread(x, {.batch = x.size(0),
                                 .channels = x.size(3),
                                 .rows = axis(x.size(1), scale.h),
                                 .cols = axis(x.size(2), scale.w),
                                 .divisor = 1});
}
ATELIER_OP(upsample_nearest)

/// Bilinear interpolation between the middles of pixels (PyTorch's align_corners = false):
/// x [B, H, W, C] -> [B, scale.h H, scale.w W, C]. Throws Error for another rank or a factor below 1.
template <class T> BasicTensor<T> upsample_bilinear(const BasicTensor<T>& x, const Extent& scale) {
  detail::check_image("upsample_bilinear", x);
  detail::check_scale("upsample_bilinear", scale);
  return detail::interpolate(detail::interpolate(x, 1, scale.h), 2, scale.w);
}
ATELIER_OP(upsample_bilinear)

}  // namespace atelier::inline v0
