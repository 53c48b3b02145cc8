/// Copies what one tap reads, result after result, into packed rows.
#pragma once

#include "atelier/kernels/conv/geometry.hpp"
#include "atelier/kernels/gemm/lanes.hpp"

namespace atelier::inline v0::kernels::conv_impl {

using gemm_impl::entry;

/// Results [first, first + count) of a phase: for each, `width` channels of the source position that the tap reads, or
/// zeros where it lies outside.
template <class T> struct GatherArgs {
  const T* source = nullptr;  ///< the channels wanted, of the first pixel of the first image
  Index source_channels = 0;
  const Phase* phase = nullptr;
  Index tap = 0;
  Index first = 0, count = 0;
  Index width = 0;
  T* out = nullptr;
  Index out_stride = 0;
};

template <class P> struct GatherTap {
  using T = typename P::T;
  using V = typename P::V;

  /// The tap's offsets, and the columns [begin, end) of results that read inside the source.
  struct Tap {
    Index y, x, begin, end;
    ATELIER_INLINE Tap(const Phase& p, Index t)
        : y(p.y.tap_first + t / p.x.taps * p.y.tap_step),
          x(p.x.tap_first + t % p.x.taps * p.x.tap_step),
          begin(above(-x, p.x.step)),
          end(above(p.x.source - x, p.x.step)) {}
    /// The first j >= 0 with j * step >= n.
    ATELIER_INLINE static Index above(Index n, Index step) { return n <= 0 ? 0 : (n + step - 1) / step; }
  };

  ATELIER_INLINE static void run(const GatherArgs<T>& g) {
    const Phase& p = *g.phase;
    const Tap tap(p, g.tap);
    Cursor at(p, g.first);
    T* out = g.out;
    for (Index left = g.count; left > 0;) {
      const Index end = at.x + std::min(left, p.x.results - at.x), y = at.y * p.y.step + tap.y;
      const bool inside = y >= 0 && y < p.y.source;
      const Index begin = inside ? std::clamp(tap.begin, at.x, end) : end, stop = std::clamp(tap.end, begin, end);
      const T* row = g.source + (at.image * p.y.source + y) * p.x.source * g.source_channels;
      out = zeros(g, begin - at.x, out);
      out = copies(g, row + (begin * p.x.step + tap.x) * g.source_channels, stop - begin, out);
      out = zeros(g, end - stop, out);
      left -= end - at.x;
      at.x = end - 1;
      at.advance(p);
    }
  }

  ATELIER_INLINE static T* zeros(const GatherArgs<T>& g, Index count, T* out) {
    const V zero(typename V::Raw{});
    for (Index i = 0; i < count; ++i, out += g.out_stride) {
      Index c = 0;
      for (; c + P::lanes <= g.width; c += P::lanes) zero.store(out + c);
      if (c < g.width) gemm_impl::store_part<P>(zero, out + c, g.width - c);
    }
    return out;
  }

  ATELIER_INLINE static T* copies(const GatherArgs<T>& g, const T* from, Index count, T* out) {
    const Index step = g.phase->x.step * g.source_channels;
    for (Index i = 0; i < count; ++i, out += g.out_stride, from += step) {
      Index c = 0;
      for (; c + P::lanes <= g.width; c += P::lanes) V::load(from + c).store(out + c);
      if (c < g.width) gemm_impl::store_part<P>(gemm_impl::load_part<P>(from + c, g.width - c), out + c, g.width - c);
    }
    return out;
  }
};

/// The path whose numbers are plain scalars under the same instruction set: for copies.
template <class P> using NumberPath = gemm_impl::Path<typename P::T, P::isa, gemm_impl::Unit::number>;

template <class P> void gather_tap(const GatherArgs<typename P::T>& args) {
  entry<P::isa, GatherTap<NumberPath<P>>, GatherArgs<typename P::T>>()(args);
}

}  // namespace atelier::inline v0::kernels::conv_impl
