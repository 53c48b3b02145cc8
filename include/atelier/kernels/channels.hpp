/// Loops over channels, the innermost dimension of an image, in vectors.
#pragma once

#include <algorithm>
#include <array>

#include "atelier/kernels/map.hpp"

namespace atelier::inline v0::kernels {

/// Runs body.operator()<L>() with the widest lanes that `channels` numbers fill: vectors of Bytes, of 16 bytes, or
/// single numbers. So L::count <= channels, or channels is 0.
template <class T, int Bytes, class Body> ATELIER_INLINE void with_lanes(Index channels, const Body& body) {
  if (channels >= Lanes<T, Bytes>::count) return body.template operator()<Lanes<T, Bytes>>();
  if constexpr (Real<T>) {
    if constexpr (Bytes > 16)
      if (channels >= Lanes<T, 16>::count) return body.template operator()<Lanes<T, 16>>();
    body.template operator()<Lanes<T, static_cast<int>(sizeof(T))>>();
  }
}

/// Calls f(c) for vectors at c that together cover [0, channels). The last one moves back to fit, so some channels come
/// twice: f stores what depends on the channel alone.
template <class L, class F> ATELIER_INLINE void each_vector(Index channels, const F& f) {
  for (Index c = 0; c < channels; c += L::count) f(std::min<Index>(c, channels - L::count));
}

/// Numbers that the sums of a chunk of channels have room for.
inline constexpr Index channel_chunk = 256;

/// out[j][c] = sum over r of f(r, c)[j] for K sums, channels c in [0, width), rows r in [0, rows): four rows first, and
/// then these. f gives an array of K vectors; L::count <= width <= channel_chunk.
template <class L, std::size_t K, class T, class F>
ATELIER_INLINE void sum_rows_at(const std::array<T*, K>& out, const F& f, Index rows, Index width) {
  alignas(64) T slot[K][channel_chunk];  // vector by vector: the last one overlaps in `out` but not here
  const Index slots = (width + L::count - 1) / L::count;
  for (auto& s : slot) std::fill_n(s, slots * L::count, T(0));
  const auto add = [&]<int N>(std::integral_constant<int, N>, Index r) ATELIER_LAMBDA {
    for (Index k = 0; k < slots; ++k) {
      const Index c = std::min<Index>(k * L::count, width - L::count);
      std::array<std::array<typename L::Value, K>, N> x;
#pragma GCC unroll 4
      for (int i = 0; i < N; ++i) x[static_cast<std::size_t>(i)] = f(r + i, c);
#pragma GCC unroll 2
      for (std::size_t j = 0; j < K; ++j) {
        T* to = slot[j] + k * L::count;
        if constexpr (N == 4) {
          L::store(L::load(to) + ((x[0][j] + x[1][j]) + (x[2][j] + x[3][j])), to);
        } else {
          L::store(L::load(to) + x[0][j], to);
        }
      }
    }
  };
  Index r = 0;
  for (; r + 4 <= rows; r += 4) add(std::integral_constant<int, 4>{}, r);
  for (; r < rows; ++r) add(std::integral_constant<int, 1>{}, r);
  for (std::size_t j = 0; j < K; ++j)
    for (Index k = 0; k < slots; ++k)
      std::copy_n(slot[j] + k * L::count, L::count, out[j] + std::min<Index>(k * L::count, width - L::count));
}

}  // namespace atelier::inline v0::kernels
