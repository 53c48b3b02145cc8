/// The loops over vectors of channels: every transform of a Winograd convolution, compiled for each instruction set.
#pragma once

#include <cstring>

#include "atelier/kernels/conv/winograd/tiles.hpp"

namespace atelier::inline v0::kernels::winograd {

/// Most channels that TransformTiles takes at a time.
inline constexpr Index most_channels = 256;
template <class T> inline constexpr std::array<T, most_channels> outside{};  ///< what lies outside an image

/// The tiles of an image, transformed by M: position p of tile t goes to out + p * position + t * row.
template <class P, class M> struct TransformTiles {
  using T = typename P::T;
  using V = typename P::V;
  static constexpr int side = M::columns;
  struct Args {
    const T* source = nullptr;  ///< the first of the channels, in the first pixel of the first image
    Index source_channels = 0;
    const TilePhase* phase = nullptr;
    Index first = 0, count = 0;  ///< tiles
    Index channels = 0;          ///< a multiple of the lanes, at most most_channels
    T* out = nullptr;
    Index position = 0, row = 0;
  };
  ATELIER_INLINE static void run(const Args& a) {
    TileCursor tile(*a.phase, a.first);
    T* out = a.out;
    const T *at[side][side], *next[side][side];
    find(a, tile, next);
    for (Index k = 0; k < a.count; ++k, out += a.row) {
      std::memcpy(at, next, sizeof at);
      tile.advance(*a.phase);
      if (k + 1 < a.count) find(a, tile, next);
      for (Index c = 0; c < a.channels; c += P::lanes)
        transform<M, V>(
            [&](int i, int j) ATELIER_LAMBDA {
              __builtin_prefetch(next[i][j] + c);
              return V::load(at[i][j] + c);
            },
            [&](int i, int j, const V& v) ATELIER_LAMBDA { v.store(out + (i * M::rows + j) * a.position + c); });
    }
  }
  /// The pixels of a tile.
  ATELIER_INLINE static void find(const Args& a, const TileCursor& tile, const T* (&at)[side][side]) {
    const TileAxis &y = a.phase->y, &x = a.phase->x;
    const Index top = y.source_first + tile.y * y.m * y.source_step,
                left = x.source_first + tile.x * x.m * x.source_step;
    const T* const corner = a.source + ((tile.image * y.source + top) * x.source + left) * a.source_channels;
    const Index down = y.source_step * x.source * a.source_channels, right = x.source_step * a.source_channels;
#pragma GCC unroll 8
    for (int i = 0; i < side; ++i) {
      const Index row = top + i * y.source_step;
      const bool row_inside = (row >= 0) & (row < y.source);
#pragma GCC unroll 8
      for (int j = 0; j < side; ++j) {
        const Index column = left + j * x.source_step;
        const bool inside = row_inside & (column >= 0) & (column < x.source);
        at[i][j] = inside ? corner + i * down + j * right : outside<T>.data();
      }
    }
  }
};

/// The results of tiles from their sums: position p of tile t at sums + p * position + t * row.
template <class P, class W> struct FinishTiles {
  using T = typename P::T;
  using V = typename P::V;
  struct Args {
    const T* sums = nullptr;
    Index position = 0, row = 0;
    const TilePhase* phase = nullptr;
    Index first = 0, count = 0;  ///< tiles
    Index channels = 0;          ///< a multiple of the lanes
    T* out = nullptr;            ///< the first of the channels, in the first pixel of the first image
    ConvShape::Pair out_size{};
    Index out_channels = 0;
    ConvEpilogue<T> epilogue;  ///< bias of the channels
  };
  ATELIER_INLINE static void run(const Args& a) {
    const TileAxis &y = a.phase->y, &x = a.phase->x;
    const Index right = x.out_step * a.out_channels, down = y.out_step * a.out_size[1] * a.out_channels;
    TileCursor tile(*a.phase, a.first);
    const T* sums = a.sums;
    for (Index k = 0; k < a.count; ++k, sums += a.row, tile.advance(*a.phase)) {
      const Index row = tile.image * a.out_size[0] + y.out_first;
      T* const to =
          a.out + (row * a.out_size[1] + x.out_first) * a.out_channels + tile.y * y.m * down + tile.x * x.m * right;
      for (Index c = 0; c < a.channels; c += P::lanes) {
        const V bias = a.epilogue.bias ? V::load(a.epilogue.bias + c) : V(typename V::Raw{});
        transform<Output<W>, V>(
            [&](int i, int j) ATELIER_LAMBDA { return V::load(sums + (i * W::n + j) * a.position + c); },
            [&](int i, int j, const V& v)
                ATELIER_LAMBDA { finish(V(v.raw + bias.raw), a.epilogue).store(to + i * down + j * right + c); });
      }
    }
  }
  ATELIER_INLINE static V finish(const V& y, const ConvEpilogue<T>& e) {
    if (!e.rectify) return y;
    const V zero(typename V::Raw{});
    if (e.slope == T(0)) return simd::max(zero, y);  // the second one where unordered
    const V slope = gemm_impl::broadcast<V>(e.slope);
    return V(typename V::Raw(y.raw > zero.raw ? y.raw : y.raw * slope.raw));
  }
};

/// Filters, [channels, r x r, width], transformed: position p of channel c goes to out + p * position + c * width.
template <class P, class W> struct TransformFilters {
  using T = typename P::T;
  using V = typename P::V;
  struct Args {
    const T* taps = nullptr;
    Index channels = 0, width = 0;
    T* out = nullptr;
    Index position = 0;
  };
  ATELIER_INLINE static void run(const Args& a) {
    constexpr Index ahead = 4;  // channels
    const T* taps = a.taps;
    T* out = a.out;
    for (Index c = 0; c < a.channels; ++c, taps += W::r * W::r * a.width, out += a.width)
      for (Index v = 0; v < a.width; v += P::lanes)
        transform<Filter<W>, V>(
            [&](int i, int j) ATELIER_LAMBDA {
              const T* from = taps + (i * W::r + j) * a.width + v;
              __builtin_prefetch(from + ahead * W::r * W::r * a.width);
              return V::load(from);
            },
            [&](int i, int j, const V& u) ATELIER_LAMBDA { u.store(out + (i * W::n + j) * a.position + v); });
  }
};

/// The gradient of filters, [channels, kernel taps], from its sums: position p of channel c at sums + p * position + c,
/// one phase after the other.
template <class P, class W> struct FinishFilters {
  using T = typename P::T;
  using V = typename P::V;
  static constexpr Index most_phases = 4, most_taps = W::r * W::r * most_phases;
  static constexpr Index padded_taps = (most_taps + P::lanes - 1) / P::lanes * P::lanes;
  struct Args {
    const T* sums = nullptr;
    Index position = 0, phase = 0;  ///< to the next position, and to the next phase
    Index phases = 0, channels = 0, taps = 0;
    Index at[most_taps]{};  ///< number in the kernel of each tap, phase by phase
    T* out = nullptr;
  };
  ATELIER_INLINE static void run(const Args& a) {
    alignas(64) T taps[padded_taps * P::lanes] = {};
    for (Index c = 0; c < a.channels; c += P::lanes) {
      for (Index q = 0; q < a.phases; ++q) {
        const T* sums = a.sums + q * a.phase + c;
        const Index* at = a.at + q * W::r * W::r;
        transform<Transposed<Filter<W>>, V>(
            [&](int i, int j) ATELIER_LAMBDA { return V::load(sums + (i * W::n + j) * a.position); },
            [&](int i, int j, const V& v) ATELIER_LAMBDA { v.store(taps + at[i * W::r + j] * P::lanes); });
      }
      for (Index t = 0; t < a.taps; t += P::lanes) square(a, taps + t * P::lanes, c, t);
    }
  }
  /// Taps from t on of the channels from c on, turned.
  ATELIER_INLINE static void square(const Args& a, const T* taps, Index c, Index t) {
    V r[P::lanes];
#pragma GCC unroll 16
    for (int i = 0; i < P::lanes; ++i) r[i] = V::load(taps + i * P::lanes);
    gemm_impl::transpose(r);
    const Index count = std::min<Index>(P::lanes, a.taps - t);
#pragma GCC unroll 16
    for (int i = 0; i < P::lanes; ++i) gemm_impl::store_part<P>(r[i], a.out + (c + i) * a.taps + t, count);
  }
};

}  // namespace atelier::inline v0::kernels::winograd
