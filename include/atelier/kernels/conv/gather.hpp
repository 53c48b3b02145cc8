/// Copies what the taps read, result after result, into packed rows.
#pragma once

#include "atelier/kernels/conv/geometry.hpp"
#include "atelier/kernels/gemm/lanes.hpp"

namespace atelier::inline v0::kernels::conv_impl {

using gemm_impl::entry;

/// Neighbours in memory that a result reads: a part of the row of taps `tap_y`, which begins `offset` numbers from
/// where tap 0 of result 0 would be, were there no padding.
struct Run {
  Index tap_y = 0, offset = 0, width = 0;
};

/// Calls f(run, at) for the runs that make up elements [begin, end) of the taps x channels of a phase, `at` counted
/// from `begin`. Where taps and channels have no gaps, a run is a whole row of taps, else one tap.
template <class F>
void each_run(const Phase& p, Index channels, Index source_channels, Index begin, Index end, const F& f) {
  const bool whole = p.x.tap_step == 1 && channels == source_channels;
  const Index length = whole ? p.x.taps * channels : channels, runs_a_row = whole ? 1 : p.x.taps;
  for (Index e = begin; e < end;) {
    const Index run = e / length, skipped = e % length, width = std::min(length - skipped, end - e);
    const Index tap_x = p.x.tap_first + run % runs_a_row * p.x.tap_step;
    f(Run{run / runs_a_row, tap_x * source_channels + skipped, width}, e - begin);
    e += width;
  }
}

/// Results [first, first + count) of a phase: for each, a run of the source, with zeros where it lies outside the
/// image.
template <class T> struct GatherArgs {
  const T* source = nullptr;  ///< channel 0 of the group, in the first pixel of the first image
  Index source_channels = 0;
  const Phase* phase = nullptr;
  Run run;
  Index first = 0, count = 0;
  T* out = nullptr;
  Index out_stride = 0;
};

template <class P> struct GatherRun {
  using T = typename P::T;
  using V = typename P::V;

  ATELIER_INLINE static void run(const GatherArgs<T>& g) {
    const Phase& p = *g.phase;
    const Index row_size = p.x.source * g.source_channels, step = p.x.step * g.source_channels;
    // columns [begin, end) of results read inside a row; all others are looked at one by one
    const Index begin = above(-g.run.offset, step), end = above(row_size - g.run.offset - g.run.width + 1, step);
    Cursor at(p, g.first);
    T* out = g.out;
    for (Index left = g.count; left > 0;) {
      const Index last = at.x + std::min(left, p.x.results - at.x);
      const Index y = at.y * p.y.step + p.y.tap_first + g.run.tap_y * p.y.tap_step;
      const bool inside = y >= 0 && y < p.y.source;
      const Index safe = inside ? std::clamp(begin, at.x, last) : last, stop = std::clamp(end, safe, last);
      const T* row = g.source + (at.image * p.y.source + y) * row_size;
      out = edge(g, row, row_size, at.x, safe, step, inside, out);
      out = copies(g, row + g.run.offset + safe * step, stop - safe, step, out);
      out = edge(g, row, row_size, stop, last, step, inside, out);
      left -= last - at.x;
      at.x = last - 1;
      at.advance(p);
    }
  }
  /// The first j >= 0 with j * step >= n.
  ATELIER_INLINE static Index above(Index n, Index step) { return n <= 0 ? 0 : (n + step - 1) / step; }

  /// Columns [x, end): zeros, and what of the run lies inside the row.
  ATELIER_INLINE static T* edge(const GatherArgs<T>& g, const T* row, Index row_size, Index x, Index end, Index step,
                                bool inside, T* out) {
    const V zero(typename V::Raw{});
    for (; x < end; ++x, out += g.out_stride) {
      const Index at = g.run.offset + x * step, width = g.run.width;
      const Index from = inside ? std::clamp<Index>(-at, 0, width) : width;
      const Index to = std::clamp(row_size - at, from, width);
      for (Index c = 0; c < width; c += P::lanes) gemm_impl::store_part<P>(zero, out + c, width - c);
      for (Index c = from; c < to; c += P::lanes)
        gemm_impl::store_part<P>(gemm_impl::load_part<P>(row + at + c, to - c), out + c, to - c);
    }
    return out;
  }

  ATELIER_INLINE static T* copies(const GatherArgs<T>& g, const T* from, Index count, Index step, T* out) {
    if (g.run.width == 2 * P::lanes) return copies_of<2>(g, from, count, step, out);
    if (g.run.width == 3 * P::lanes) return copies_of<3>(g, from, count, step, out);
    const Index full = g.run.width / P::lanes * P::lanes, rest = g.run.width - full;
    for (Index i = 0; i < count; ++i, out += g.out_stride, from += step) {
      for (Index c = 0; c < full; c += P::lanes) V::load(from + c).store(out + c);
      if (rest) gemm_impl::store_part<P>(gemm_impl::load_part<P>(from + full, rest), out + full, rest);
    }
    return out;
  }
  /// The hardware does not follow copies that stand apart: what the next row of results reads is fetched beside them.
  template <int vectors>
  ATELIER_INLINE static T* copies_of(const GatherArgs<T>& g, const T* from, Index count, Index step, T* out) {
    const Index next = g.phase->y.step * g.phase->x.source * g.source_channels * Index{sizeof(T)};
    for (Index i = 0; i < count; ++i, out += g.out_stride, from += step)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        V::load(from + v * P::lanes).store(out + v * P::lanes);
        gemm_impl::look_ahead(from + v * P::lanes, next);
      }
    return out;
  }
};

/// The path whose numbers are plain scalars under the same instruction set: for copies.
template <class P> using NumberPath = gemm_impl::Path<typename P::T, P::isa, gemm_impl::Unit::number>;

/// Gathers elements [begin, end) of a phase's taps x channels for the results that `args` names, run by run.
template <class P> void gather(GatherArgs<typename P::T> args, Index channels, Index begin, Index end) {
  auto* const out = args.out;
  each_run(*args.phase, channels, args.source_channels, begin, end, [&](const Run& run, Index at) {
    args.run = run;
    args.out = out + at;
    entry<P::isa, GatherRun<NumberPath<P>>, GatherArgs<typename P::T>>()(args);
  });
}

}  // namespace atelier::inline v0::kernels::conv_impl
