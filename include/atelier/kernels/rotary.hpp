/// Rotation of pairs of numbers by angles that depend on the place: rotary position embeddings.
#pragma once

#include "atelier/kernels/channels.hpp"

namespace atelier::inline v0::kernels {

/// Sizes of a rotation: x [batch, times, heads, size]; the first `turned` heads are rotated, the rest copied; of a head
/// the numbers i and i + half form a pair for i < half, what stands behind 2 half is copied.
struct RotarySizes {
  Index batch = 0, times = 0, heads = 0, size = 0, turned = 0, half = 0;
};

namespace detail {
template <class L, class T>
ATELIER_INLINE void rotate_head(T* y, const T* x, const T* cosine, const T* sine, T sign, const RotarySizes& s) {
  const auto way = L::broadcast(sign);
  each_vector<L>(s.half, [&](Index i) ATELIER_LAMBDA {
    const auto a = L::load(x + i), b = L::load(x + s.half + i), c = L::load(cosine + i), t = L::load(sine + i) * way;
    L::store(a * c - b * t, y + i);
    L::store(b * c + a * t, y + s.half + i);
  });
  std::copy(x + 2 * s.half, x + s.size, y + 2 * s.half);
}
}  // namespace detail

/// y = x with each pair (a, b) turned to (a cos - b sin, b cos + a sin); cosine and sine: [times, half]. With sign -1
/// by the opposite angles, which is the gradient. y is not x.
template <class T> void rotate_pairs(T* y, const T* x, const T* cosine, const T* sine, T sign, const RotarySizes& s) {
  const Index row = s.heads * s.size;
  parallel_for(s.batch * s.times, map_grain / std::max<Index>(1, row) + 1, [&](Index begin, Index end) {
    dispatch([&]<int Bytes>() ATELIER_LAMBDA {
      with_lanes<T, Bytes>(s.half, [&]<class L>() ATELIER_LAMBDA {
        for (Index r = begin; r < end; ++r) {
          const Index at = r % s.times * s.half;
          for (Index h = 0; h < s.turned; ++h)
            detail::rotate_head<L>(y + r * row + h * s.size, x + r * row + h * s.size, cosine + at, sine + at, sign, s);
          std::copy(x + r * row + s.turned * s.size, x + (r + 1) * row, y + r * row + s.turned * s.size);
        }
      });
    });
  });
}

}  // namespace atelier::inline v0::kernels
