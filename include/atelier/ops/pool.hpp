/// Pooling of images, channels last.
#pragma once

#include "atelier/kernels/pool.hpp"
#include "atelier/ops/image_layout.hpp"

namespace atelier::inline v0 {

struct PoolOptions {
  Extent kernel;
  Extent stride = 0;              // 0: the kernel's
  Extent padding = 0;             // on both sides; at most half the kernel
  bool count_include_pad = true;  // averages: padding counts as zeros, or not at all
};

namespace detail {
inline Shape image_shape(const kernels::PoolPlane& p) { return {p.batch, p.rows.in, p.cols.in, p.channels}; }
inline Shape window_shape(const kernels::PoolPlane& p) { return {p.batch, p.rows.out, p.cols.out, p.channels}; }

inline kernels::PoolAxis pool_axis(Index n, Index kernel, Index stride, Index padding) {
  return {
      .in = n, .out = (n + 2 * padding - kernel) / stride + 1, .kernel = kernel, .stride = stride, .padding = padding};
}
/// Throws Error when the windows do not fit the image.
template <class T> kernels::PoolPlane pool_plane(const char* op, const BasicTensor<T>& x, const PoolOptions& o) {
  check_image(op, x);
  const Extent k = o.kernel, p = o.padding, s(o.stride.h ? o.stride.h : k.h, o.stride.w ? o.stride.w : k.w);
  if (k.h < 1 || k.w < 1 || s.h < 1 || s.w < 1 || p.h < 0 || p.w < 0 || p.h > k.h / 2 || p.w > k.w / 2)
    throw Error(std::string(op) +
                ": expected kernel and stride of at least 1 and padding up to half the kernel, found " + k.str() +
                ", " + s.str() + ", " + p.str());
  if (x.size(1) < 1 || x.size(2) < 1 || k.h > x.size(1) + 2 * p.h || k.w > x.size(2) + 2 * p.w)
    throw Error(std::string(op) + ": a kernel of " + k.str() + " with padding " + p.str() + " does not fit into " +
                x.shape().str());
  return {.batch = x.size(0),
          .channels = x.size(3),
          .rows = pool_axis(x.size(1), k.h, s.h, p.h),
          .cols = pool_axis(x.size(2), k.w, s.w, p.w)};
}

template <class T> BasicTensor<T> pool_spread(const BasicTensor<T>& y, const kernels::PoolPlane& p);

/// Averages of windows and their transpose: each is the other's rule.
template <class T> BasicTensor<T> pool_average(const char* name, const BasicTensor<T>& x, const kernels::PoolPlane& p) {
  auto y = BasicTensor<T>::empty(window_shape(p));
  kernels::pool_average(y.mutable_data(), x.data(), p);
  return record(name, y, wrt(x, [p](const BasicTensor<T>& g) { return pool_spread(g, p); }));
}
template <class T> BasicTensor<T> pool_spread(const BasicTensor<T>& y, const kernels::PoolPlane& p) {
  auto x = BasicTensor<T>::empty(image_shape(p));
  kernels::pool_spread(x.mutable_data(), y.data(), p);
  return record("pool_spread", x, wrt(y, [p](const BasicTensor<T>& g) { return pool_average("pool_average", g, p); }));
}

template <class T>
BasicTensor<T> pool_gather(const BasicTensor<T>& x, const BasicTensor<T>& which, const kernels::PoolPlane& p);

/// y's numbers at the places that `which` names in their windows, and the transpose.
template <class T>
BasicTensor<T> pool_scatter(const BasicTensor<T>& y, const BasicTensor<T>& which, const kernels::PoolPlane& p) {
  auto x = BasicTensor<T>::empty(image_shape(p));
  kernels::pool_scatter(x.mutable_data(), y.data(), which.data(), p);
  return record("pool_scatter", x, wrt(y, [which, p](const BasicTensor<T>& g) { return pool_gather(g, which, p); }));
}
template <class T>
BasicTensor<T> pool_gather(const BasicTensor<T>& x, const BasicTensor<T>& which, const kernels::PoolPlane& p) {
  auto y = BasicTensor<T>::empty(window_shape(p));
  kernels::pool_gather(y.mutable_data(), x.data(), which.data(), p);
  return record("pool_gather", y, wrt(x, [which, p](const BasicTensor<T>& g) { return pool_scatter(g, which, p); }));
}
}  // namespace detail

/// The mean of each window: x [B, H, W, C] -> [B, (H + 2 padding - kernel) / stride + 1, .., C].
/// Throws Error for another rank or windows that do not fit.
template <class T> BasicTensor<T> avg_pool2d(const BasicTensor<T>& x, const PoolOptions& o) {
  auto p = detail::pool_plane("avg_pool2d", x, o);
  if (o.count_include_pad) p.divisor = o.kernel.h * o.kernel.w;
  return detail::pool_average("avg_pool2d", x, p);
}
ATELIER_OP(avg_pool2d)

/// The largest of each window, NaN where there is one: [B, H, W, C] -> [B, (H + 2 padding - kernel) / stride + 1, ..,
/// C]. The first of equals gets the gradient. Throws Error for another rank or windows that do not fit.
template <class T> BasicTensor<T> max_pool2d(const BasicTensor<T>& x, const PoolOptions& o) {
  const auto p = detail::pool_plane("max_pool2d", x, o);
  auto y = BasicTensor<T>::empty(detail::window_shape(p)), which = BasicTensor<T>::empty(y.shape());
  kernels::pool_max(y.mutable_data(), which.mutable_data(), x.data(), p);
  return record("max_pool2d", y,
                wrt(x, [which, p](const BasicTensor<T>& g) { return detail::pool_scatter(g, which, p); }));
}
ATELIER_OP(max_pool2d)

/// Means of out.h x out.w windows that share the image out evenly: window o of n covers [floor(o H / n),
/// ceil((o + 1) H / n)). Throws Error for another rank, no windows, or an image without pixels.
template <class T> BasicTensor<T> adaptive_avg_pool2d(const BasicTensor<T>& x, const Extent& out) {
  detail::check_image("adaptive_avg_pool2d", x);
  if (out.h < 1 || out.w < 1 || x.size(1) < 1 || x.size(2) < 1)
    throw Error("adaptive_avg_pool2d: expected pixels and windows, found " + x.shape().str() + " and " + out.str());
  const kernels::PoolPlane p{.batch = x.size(0),
                             .channels = x.size(3),
                             .rows = {.in = x.size(1), .out = out.h, .adaptive = true},
                             .cols = {.in = x.size(2), .out = out.w, .adaptive = true}};
  return detail::pool_average("adaptive_avg_pool2d", x, p);
}
ATELIER_OP(adaptive_avg_pool2d)

/// The mean over all places: [B, H, W, C] -> [B, C]. Throws Error for another rank or an image without pixels.
template <class T> BasicTensor<T> global_avg_pool(const BasicTensor<T>& x) {
  detail::check_image("global_avg_pool", x);
  return reshape(avg_pool2d(x, {.kernel = {x.size(1), x.size(2)}}), Shape{x.size(0), x.size(3)});
}
ATELIER_OP(global_avg_pool)

/// The largest of all places: [B, H, W, C] -> [B, C]. Throws Error for another rank or an image without pixels.
template <class T> BasicTensor<T> global_max_pool(const BasicTensor<T>& x) {
  detail::check_image("global_max_pool", x);
  return reshape(max_pool2d(x, {.kernel = {x.size(1), x.size(2)}}), Shape{x.size(0), x.size(3)});
}
ATELIER_OP(global_max_pool)

}  // namespace atelier::inline v0
