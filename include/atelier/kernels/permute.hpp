/// Copies between layouts: dimensions in another order, parts of a tensor, rows by number.
#pragma once

#include <algorithm>
#include <cstring>

#include "atelier/core/shape.hpp"
#include "atelier/parallel/team.hpp"

namespace atelier::inline v0::kernels {

/// Elements copied per thread at least.
inline constexpr Index copy_grain = Index{1} << 15;

/// out[c, r] = x[r, c], in square blocks so that both sides stay in cache.
template <class T> void transpose(T* out, const T* x, Index rows, Index cols) {
  constexpr Index block = 16;
  parallel_for((cols + block - 1) / block, copy_grain / (block * std::max<Index>(rows, 1)) + 1,
               [&](Index b0, Index b1) {
                 for (Index c0 = b0 * block; c0 < std::min(cols, b1 * block); c0 += block)
                   for (Index r0 = 0; r0 < rows; r0 += block)
                     for (Index c = c0; c < std::min(cols, c0 + block); ++c)
                       for (Index r = r0; r < std::min(rows, r0 + block); ++r) out[c * rows + r] = x[r * cols + c];
               });
}

/// The same for each of `batch` matrices, one after another. Threads share blocks of rows of all results.
template <class T> void transpose_each(T* out, const T* x, Index batch, Index rows, Index cols) {
  constexpr Index block = 16;
  const Index blocks = (cols + block - 1) / block;
  parallel_for(batch * blocks, copy_grain / (block * std::max<Index>(rows, 1)) + 1, [&](Index begin, Index end) {
    for (Index u = begin; u < end; ++u) {
      const Index c0 = u % blocks * block, c1 = std::min(cols, c0 + block);
      const T* from = x + u / blocks * rows * cols;
      T* to = out + u / blocks * rows * cols;
      for (Index r0 = 0; r0 < rows; r0 += block)
        for (Index c = c0; c < c1; ++c)
          for (Index r = r0; r < std::min(rows, r0 + block); ++r) to[c * rows + r] = from[r * cols + c];
    }
  });
}

/// out, of shape `to`, reads x at the given stride (in elements) for each of out's dimensions.
template <class T> void gather_strided(T* out, const T* x, const Shape& to, const Index* stride) {
  const int rank = to.rank();
  if (to.size() == 0) return;
  const Index inner = rank ? to[-1] : 1, step = rank ? stride[rank - 1] : 0;
  parallel_for(to.size() / inner, copy_grain / inner + 1, [&](Index begin, Index end) {
    for (Index o = begin; o < end; ++o) {
      Index offset = 0, rest = o;
      for (int d = rank - 2; d >= 0; --d) {
        offset += rest % to[d] * stride[d];
        rest /= to[d];
      }
      T* y = out + o * inner;
      if (step == 1) {
        std::memcpy(static_cast<void*>(y), x + offset, static_cast<std::size_t>(inner) * sizeof(T));
      } else {
        for (Index i = 0; i < inner; ++i) y[i] = x[offset + i * step];
      }
    }
  });
}

/// Copies `rows` pieces of `width` elements; piece r goes from x + r * from_stride to out + r * to_stride.
template <class T> void copy_pieces(T* out, Index to_stride, const T* x, Index from_stride, Index rows, Index width) {
  if (width == 0) return;
  parallel_for(rows, copy_grain / width + 1, [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r)
      std::memcpy(static_cast<void*>(out + r * to_stride), x + r * from_stride,
                  static_cast<std::size_t>(width) * sizeof(T));
  });
}

}  // namespace atelier::inline v0::kernels
