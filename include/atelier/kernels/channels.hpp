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

/// Calls f(c, keep) for vectors at c that together cover [first, first + n) with every number once: keep(v) is v, but
/// for the last vector, which moves back to fit, it is 0 in the lanes that have come before. first + n >= L::count.
template <class L, class F> ATELIER_INLINE void each_vector_once(Index n, Index first, const F& f) {
  using Value = typename L::Value;
  using S = typename Value::scalar;
  const Index rest = n % L::count;
  for (Index c = first; c < first + n - rest; c += L::count) f(c, [](const Value& v) ATELIER_LAMBDA { return v; });
  if (rest == 0) return;
  S number[L::count];
  for (int i = 0; i < L::count; ++i) number[i] = static_cast<S>(i);
  const auto fresh = L::load(number) >= Value(L::count - rest);
  f(first + n - L::count, [&](const Value& v) ATELIER_LAMBDA { return select(fresh, v, Value(0)); });
}

/// Numbers that the sums of a chunk of channels have room for.
inline constexpr Index channel_chunk = 256;

/// out[j][c] = sum over r of what f(r, c, sum) adds to sum[j], for channels c in [0, width) and rows r in [0, rows), in
/// the order of the rows. L::count <= width <= channel_chunk.
template <class L, std::size_t K, class T, class F>
ATELIER_INLINE void sum_rows_at(const std::array<T*, K>& out, const F& f, Index rows, Index width) {
  alignas(64) T slot[K][channel_chunk];  // vector by vector: the last one overlaps in `out` but not here
  const Index slots = (width + L::count - 1) / L::count;
  for (auto& s : slot) std::fill_n(s, slots * L::count, T(0));
  const auto add = [&]<int N>(std::integral_constant<int, N>, Index r) ATELIER_LAMBDA {
    for (Index k = 0; k < slots; ++k) {
      const Index c = std::min<Index>(k * L::count, width - L::count);
      std::array<typename L::Value, K> sum;
      for (std::size_t j = 0; j < K; ++j) sum[j] = L::load(slot[j] + k * L::count);
#pragma GCC unroll 4
      for (int i = 0; i < N; ++i) f(r + i, c, sum);
      for (std::size_t j = 0; j < K; ++j) L::store(sum[j], slot[j] + k * L::count);
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
