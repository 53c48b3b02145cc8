/// Products of a few rows with a matrix: what a model does to one token. The matrix comes from memory once, however
/// many rows there are, and nothing is packed; the limit is the bandwidth of memory.
#pragma once

#include "atelier/kernels/gemm/lanes.hpp"
#include "atelier/kernels/map.hpp"

namespace atelier::inline v0::kernels {

/// Sizes of Y[rows, n] = X[rows, k] W^T, W [n, k].
struct GemvShape {
  Index rows = 0, n = 0, k = 0;
};

namespace gemv_impl {
inline constexpr int block = 4;  // rows of W at a time
/// Bytes between use and prefetch: the processor's own look-ahead stops at pages and reaches half the bandwidth.
inline constexpr Index ahead = 24 * 1024;
template <class T> using Rows = std::array<const T*, block>;

/// The upper half of the lanes added to the lower, until four are left.
template <class V> ATELIER_INLINE auto fold_to_four(const V& v) {
  if constexpr (V::lanes == 4) {
    return v;
  } else {
    using Half = simd::Vec<typename V::scalar, V::lanes / 2>;
    return [&]<int... I>(std::integer_sequence<int, I...>) ATELIER_LAMBDA {
      const Half low(typename Half::Raw(__builtin_shufflevector(v.raw, v.raw, I...)));
      const Half high(typename Half::Raw(__builtin_shufflevector(v.raw, v.raw, (I + Half::lanes)...)));
      return fold_to_four(low + high);
    }
    (std::make_integer_sequence<int, Half::lanes>{});
  }
}
/// sums[j] = the sum of the lanes of v[j]: the four vectors are mixed as they are halved.
template <class V, class T> ATELIER_INLINE void sum_each(T (&sums)[block], const V (&v)[block]) {
  if constexpr (V::lanes < 4) {
    for (int j = 0; j < block; ++j) sums[j] = simd::reduce_add(v[j]);
  } else {
    constexpr int half = V::lanes / 2;
    const auto mix = [](const V& a, const V& b)
                         ATELIER_LAMBDA { return gemm_impl::zip<0>(a, b) + gemm_impl::zip<half>(a, b); };
    fold_to_four(mix(mix(v[0], v[2]), mix(v[1], v[3]))).store(sums);  // lane i belongs to vector i modulo 4
  }
}

/// sums[r][j] = x[r, :] . w[j] for R rows of X and `block` rows of W. Every product has one vector of sums, so its bits
/// do not depend on R.
template <class L, int R, class T>
ATELIER_INLINE void dots(T (&sums)[R][block], const T* x, const Rows<T>& w, Index k) {
  using V = typename L::Value;
  V sum[R][block];
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int j = 0; j < block; ++j) sum[r][j] = V(0);
  }
  const auto add = [&](const T* xs, Index stride, const Rows<T>& ws, Index i) ATELIER_LAMBDA {
    V column[block];
#pragma GCC unroll 4
    for (int j = 0; j < block; ++j) {
      const T* p = ws[static_cast<std::size_t>(j)] + i;
      column[j] = V::load(p);
      gemm_impl::look_ahead<2>(p, ahead);
    }
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      const V row = V::load(xs + r * stride + i);
#pragma GCC unroll 4
      for (int j = 0; j < block; ++j) sum[r][j].raw += row.raw * column[j].raw;
    }
  };
  const Index whole = k / L::count * L::count;
  for (Index i = 0; i < whole; i += L::count) add(x, k, w, i);
  if (whole < k) {  // padded copies of what is left
    const auto bytes = static_cast<std::size_t>(k - whole) * sizeof(T);
    T xs[R * L::count] = {}, ws[block][L::count] = {};
    for (int r = 0; r < R; ++r) std::memcpy(xs + r * L::count, x + r * k + whole, bytes);
    for (int j = 0; j < block; ++j) std::memcpy(ws[j], w[static_cast<std::size_t>(j)] + whole, bytes);
    add(xs, L::count, {ws[0], ws[1], ws[2], ws[3]}, 0);
  }
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) sum_each(sums[r], sum[r]);
}

template <class T> struct Operands {
  const T *x, *w, *bias;
  T* y;
};

/// R rows of Y from `row` on, in the columns [n, n + count).
template <class L, int R, class T>
ATELIER_INLINE void part(const GemvShape& s, const Operands<T>& o, Index row, Index n, Index count, const Rows<T>& w) {
  T sums[R][block];
  dots<L, R>(sums, o.x + row * s.k, w, s.k);
  for (int r = 0; r < R; ++r)
    for (Index j = 0; j < count; ++j) o.y[(row + r) * s.n + n + j] = sums[r][j] + (o.bias ? o.bias[n + j] : T(0));
}
/// All rows of Y in one block of columns: these rows of W stay in the first cache.
template <class L, class T> ATELIER_INLINE void columns(const GemvShape& s, const Operands<T>& o, Index n) {
  Rows<T> w;
  for (Index j = 0; j < block; ++j)  // behind the last row, that one again
    w[static_cast<std::size_t>(j)] = o.w + std::min(n + j, s.n - 1) * s.k;
  const Index count = std::min<Index>(block, s.n - n);
  Index row = 0;
  for (; row + 4 <= s.rows; row += 4) part<L, 4>(s, o, row, n, count, w);
  for (; row + 2 <= s.rows; row += 2) part<L, 2>(s, o, row, n, count, w);
  if (row < s.rows) part<L, 1>(s, o, row, n, count, w);
}
}  // namespace gemv_impl

/// Y = X W^T [+ bias]: x [rows, k], w [n, k], bias [n] or null, y [rows, n]. A row's bits are the same whatever rows
/// stand beside it, and for any number of threads. Nothing is allocated.
template <Real T> void gemv(const GemvShape& s, const T* x, const T* w, const T* bias, T* y) {
  constexpr Index block = gemv_impl::block, grain = Index{1} << 16;
  const gemv_impl::Operands<T> o{x, w, bias, y};
  const Index blocks = (s.n + block - 1) / block;
  parallel_for(blocks, grain / std::max<Index>(1, block * s.k) + 1, [&](Index begin, Index end) {
    dispatch_for<T>([&]<int Bytes>() ATELIER_LAMBDA {
      for (Index b = begin; b < end; ++b) gemv_impl::columns<Lanes<T, Bytes>>(s, o, b * block);
    });
  });
}

}  // namespace atelier::inline v0::kernels
