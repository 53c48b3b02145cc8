/// Weights [out, in, taps] as the packed operand of a convolution's products: for each phase, the reduction runs over
/// its taps and, within a tap, over channels.
#pragma once

#include "atelier/kernels/conv/gather.hpp"
#include "atelier/kernels/gemm/pack.hpp"
#include "atelier/parallel/team.hpp"

namespace atelier::inline v0::kernels::conv_impl {

using gemm_impl::Panels;
using gemm_impl::Pieces;
using gemm_impl::Unit;

/// The reduction over taps x channels, in blocks of whole taps; one empty block when there are none. It advances in
/// rows of `elements_a_row`: a unit of the path, or one element before those are made.
template <class P> struct TapBlocks {
  Index taps, channels;
  Index elements_a_row = P::elements;
  Index most() const {
    return std::max<Index>(1, gemm_impl::Blocks<typename P::T>::most * P::elements / std::max<Index>(channels, 1));
  }
  Index count() const { return std::max<Index>(1, (taps + most() - 1) / most()); }
  Pieces pieces() const { return {taps, count()}; }
  Index most_elements() const { return pieces().largest() * channels; }
  Index most_rows() const { return rows_of(pieces().largest()); }
  Index rows_of(Index tap_count) const { return (tap_count * channels + elements_a_row - 1) / elements_a_row; }
  Index elements(Index b) const { return pieces().size(b) * channels; }
  Index rows(Index b) const { return rows_of(pieces().size(b)); }
  /// Rows before block b.
  Index begin(Index b) const {
    const Index least = taps / count(), larger = pieces().begin(b) - b * least;  // so many of the blocks have one more
    return larger * rows_of(least + 1) + (b - larger) * rows_of(least);
  }
  Index block_of(Index tap) const { return pieces().of(tap); }
};

/// Where the packed weights of each group and phase stand: first the blocks, in them the panels, in them the rows.
template <class P> struct PackedWeights {
  Gather g;
  Panels<P> panels;
  Index elements_a_row;
  Index all_taps;  ///< of all phases; each has room for its own

  explicit PackedWeights(const Gather& gather, Index elements = P::elements)
      : g(gather), panels{g.columns()}, elements_a_row(elements), all_taps(g.taps_before(g.phases())) {}
  Index size() const { return (g.shape.groups * all_taps * tap_size() + 15) / 16 * 16; }
  TapBlocks<P> blocks(const Phase& phase) const { return {phase.taps(), g.channels(), elements_a_row}; }
  Index tap_size() const { return (g.channels() + elements_a_row - 1) / elements_a_row * panels.padded(); }
  Index place(Index group, Index phase) const { return (group * all_taps + g.taps_before(phase)) * tap_size(); }
  /// Panel p of block b, from the place of its phase.
  Index panel(const TapBlocks<P>& blocks, Index b, Index p) const {
    return blocks.begin(b) * panels.padded() + panels.begin(p) * blocks.rows(b);
  }
};

/// Squares of columns x taps of the weights, turned: taps apart, columns side by side; of two channels at a time where
/// a unit is a pair.
template <class P> struct PackTaps {
  using T = typename P::T;
  using V = typename P::V;
  struct Args {
    const T* source = nullptr;  ///< first column, channel and tap
    Index column_stride = 0, channel_stride = 0;
    Index columns = 0, channels = 0, taps = 0;  ///< at most lanes taps
    T* out[P::lanes] = {};                      ///< where the first channel of each tap goes; null: nowhere
    Index out_stride = 0;                       ///< the panel's width, to the next unit
  };
  ATELIER_INLINE static void run(const Args& s) {
    for (Index c = 0; c < s.channels; c += P::elements)
      for (Index first = 0; first < s.out_stride; first += P::lanes) units(s, c, first);
  }
  /// Unit c / elements of `lanes` columns.
  ATELIER_INLINE static void units(const Args& s, Index c, Index first) {
    V r[P::lanes], next[P::lanes];
    square(s, c, first, r);
    if constexpr (P::unit == Unit::pair) square(s, c + 1, first, next);
    T* const* const out = s.out;
    const Index to = c / P::elements * s.out_stride + first;
#pragma GCC unroll 16
    for (int i = 0; i < P::lanes; ++i) {
      if (!out[i]) continue;
      if constexpr (P::unit == Unit::pair)
        gemm_impl::pairs_across(r[i], next[i]).store(out[i] + to);
      else
        r[i].store(out[i] + to);
    }
  }
  /// Channel c of `lanes` columns, a tap a vector.
  ATELIER_INLINE static void square(const Args& s, Index c, Index first, V (&r)[P::lanes]) {
    const T* from = s.source + first * s.column_stride + c * s.channel_stride;
#pragma GCC unroll 16
    for (int i = 0; i < P::lanes; ++i, from += s.column_stride) {
      r[i] = V(typename V::Raw{});
      if (first + i >= s.columns) continue;
      r[i] = gemm_impl::load_part<P>(from, s.taps);
      __builtin_prefetch(from + 8 * s.channel_stride);
    }
    gemm_impl::transpose(r);
  }
};

/// Where channel 0 of tap k of the kernel goes in panel p of a group; null for a tap that no result meets.
template <class P>
typename P::T* tap_place(const PackedWeights<P>& to, Index group, Index p, Index k, typename P::T* packed) {
  const Gather& g = to.g;
  const Index ky = k / g.shape.kernel[1], kx = k % g.shape.kernel[1];
  const Index phase_y = g.phase_of(0, ky), phase_x = g.phase_of(1, kx);
  if (phase_y >= g.phases(0) || phase_x >= g.phases(1)) return nullptr;
  const Index number = phase_y * g.phases(1) + phase_x;
  const Phase phase = g.phase(number);
  const Index tap = (ky - phase.y.kernel_first) / phase.y.kernel_step * phase.x.taps +
                    (kx - phase.x.kernel_first) / phase.x.kernel_step;
  const TapBlocks<P> blocks = to.blocks(phase);
  const Index b = blocks.block_of(tap), width = to.panels.vectors(p) * P::lanes;
  return packed + to.place(group, number) + to.panel(blocks, b, p) +
         (tap - blocks.pieces().begin(b)) * g.channels() / to.elements_a_row * width;
}

/// Channels [c0, c1) of one panel of a group, in the units of path L: those of P, or elements.
template <class L, class P>
void pack_taps(const PackedWeights<P>& to, const typename P::T* w, Index group, Index p, Index c0, Index c1,
               typename P::T* packed) {
  using Pack = PackTaps<L>;
  const Gather& g = to.g;
  const Index taps = g.shape.taps(), row = g.shape.group_in() * taps;
  typename Pack::Args args{.column_stride = g.to_data ? taps : row,
                           .channel_stride = g.to_data ? row : taps,
                           .columns = to.panels.columns(p),
                           .channels = c1 - c0,
                           .out_stride = to.panels.vectors(p) * P::lanes};
  w += group * g.shape.group_out() * row + to.panels.begin(p) * args.column_stride + c0 * args.channel_stride;
  for (Index t = 0; t < taps; t += P::lanes) {
    args.source = w + t;
    args.taps = std::min<Index>(P::lanes, taps - t);
    for (Index i = 0; i < P::lanes; ++i) {
      auto* const place = i < args.taps ? tap_place(to, group, p, t + i, packed) : nullptr;
      args.out[i] = place ? place + c0 / L::elements * args.out_stride : nullptr;
    }
    entry<P::isa, Pack, typename Pack::Args>()(args);
  }
}

/// All weights in the units of path L, none of which is shared by two taps.
template <class L, class P>
void pack_all_taps(const PackedWeights<P>& to, const typename P::T* w, typename P::T* packed) {
  constexpr Index chunk = 32;  // channels at a time
  const Index channels = to.g.channels(), chunks = (channels + chunk - 1) / chunk, count = to.panels.count();
  const Index work = std::max<Index>(1, chunk * P::width * to.g.shape.taps());
  if (to.panels.n == 0) return;
  parallel_for(to.g.shape.groups * count * chunks, 32768 / work + 1, [&](Index first, Index last) {
    for (Index i = first; i < last; ++i) {
      const Index c = i % chunks * chunk, p = i / chunks % count, group = i / chunks / count;
      pack_taps<L>(to, w, group, p, c, std::min(channels, c + chunk), packed);
    }
  });
}

/// Rows of `width` = 1, 2 or 3 vectors of elements as the path's units.
template <class P>
void pack_rows(const Panels<P>& panel, const typename P::T* source, Index rows, Index source_stride,
               typename P::T* out) {
  using Args = gemm_impl::PackArgs<typename P::T>;
  static constexpr void (*across[])(const Args&) = {entry<P::isa, gemm_impl::PackAcross<P, 1>, Args>(),
                                                    entry<P::isa, gemm_impl::PackAcross<P, 2>, Args>(),
                                                    entry<P::isa, gemm_impl::PackAcross<P, 3>, Args>()};
  const int v = panel.vectors(0);
  across[v - 1]({.source = source,
                 .source_stride = source_stride,
                 .rows = rows,
                 .columns = panel.n,
                 .out = out,
                 .out_stride = v * P::lanes});
}

/// Rounds packed elements, or makes pairs of them.
template <class P>
void convert_packed(const PackedWeights<P>& from, const typename P::T* elements, const PackedWeights<P>& to,
                    typename P::T* packed) {
  const Index count = to.panels.count();
  parallel_for(to.g.shape.groups * to.g.phases() * count, 1, [&](Index first, Index last) {
    for (Index i = first; i < last; ++i) {
      const Index p = i % count, number = i / count % to.g.phases(), group = i / count / to.g.phases();
      const Index width = to.panels.vectors(p) * P::lanes;
      const Phase phase = to.g.phase(number);
      const TapBlocks<P> source = from.blocks(phase), blocks = to.blocks(phase);
      const Panels<P> whole{width};
      for (Index b = 0; b < blocks.count(); ++b)
        pack_rows(whole, elements + from.place(group, number) + from.panel(source, b, p), blocks.elements(b), width,
                  packed + to.place(group, number) + to.panel(blocks, b, p));
    }
  });
}

/// Whether units hold whole taps, so that weights are packed at once and not in elements first.
template <class P> bool packs_at_once(const Gather& g) { return g.channels() % P::elements == 0; }

/// Numbers that pack_weights() needs beside the result.
template <class P> Index packing_size(const Gather& g) {
  return packs_at_once<P>(g) ? 0 : PackedWeights<P>(g, 1).size();
}

/// Packs all weights of a gather; `stage` holds packing_size() numbers.
template <class P>
void pack_weights(const PackedWeights<P>& to, const typename P::T* w, typename P::T* packed, typename P::T* stage) {
  if (packs_at_once<P>(to.g)) return pack_all_taps<P>(to, w, packed);
  if constexpr (P::unit != Unit::number) {
    const PackedWeights<P> elements(to.g, 1);
    pack_all_taps<NumberPath<P>>(elements, w, stage);
    convert_packed(elements, stage, to, packed);
  }
}

}  // namespace atelier::inline v0::kernels::conv_impl
