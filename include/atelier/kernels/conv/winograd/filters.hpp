/// Weights [out, in, kernel] as the second operands of a Winograd convolution's products: taps side by side for columns
/// in panels, then transformed, chunk by chunk of the reduction.
#pragma once

#include "atelier/kernels/conv/weights.hpp"
#include "atelier/kernels/conv/winograd/leaves.hpp"

namespace atelier::inline v0::kernels::winograd {

using conv_impl::NumberPath;
using gemm_impl::entry;
using gemm_impl::Panels;
using gemm_impl::Pieces;

inline constexpr Index step = 16;  ///< channels come in multiples of this under every instruction set

/// The reduction of a phase's products, over source phases x channels, in chunks: every source phase of some channels.
struct Chunks {
  Index phases, channels;
  Index most_rows;  ///< of a chunk, unless `step` channels have more
  Index count() const { return pieces().count; }
  Index begin(Index chunk) const { return pieces().begin(chunk) * step; }  ///< first channel
  Index channels_of(Index chunk) const { return pieces().size(chunk) * step; }
  Index rows(Index chunk) const { return channels_of(chunk) * phases; }
  Index longest() const { return pieces().largest() * step * phases; }

 private:
  Pieces pieces() const {
    const Index most = std::max<Index>(1, most_rows / (phases * step)), n = channels / step;
    return {n, (n + most - 1) / most};
  }
};

/// Squares of the weights, [channels, columns, taps], turned: columns side by side.
template <class P, class W> struct PackSideBySide {
  using T = typename P::T;
  using Pack = conv_impl::PackTaps<P>;
  static constexpr Index most_taps = W::r * W::r * 4;
  struct Args {
    typename Pack::Args square;
    Index taps = 0, width = 0;
    Index at[most_taps]{};  ///< where channel 0 of each tap goes
    T* out = nullptr;
  };
  ATELIER_INLINE static void run(const Args& a) {
    typename Pack::Args square = a.square;
    const bool along = square.channel_stride < square.column_stride;  // walk along the source's rows
    const Index inner = along ? 1 : a.width / P::lanes, outer = a.width / P::lanes / inner;
    for (Index t = 0; t < a.taps; t += P::lanes) {
      square.source = a.square.source + t;
      square.taps = std::min<Index>(P::lanes, a.taps - t);
      for (Index i = 0; i < P::lanes; ++i) square.out[i] = i < square.taps ? a.out + a.at[t + i] : nullptr;
      for (Index u = 0; u < outer; ++u)
        for (Index c = 0; c < square.channels; ++c)
          for (Index v = 0; v < inner; ++v) Pack::units(square, c, (u * inner + v) * P::lanes);
    }
  }
};

/// Where packed taps and transformed filters stand.
template <class P, class W> struct Filters {
  using T = typename P::T;
  Gather g;
  Panels<P> panels;
  Chunks chunks;

  explicit Filters(const Gather& gather)
      : g(gather),
        panels{g.columns()},
        chunks{g.to_data ? 1 : phases_of(g.shape), g.channels(), W::positions > 9 ? 128 : 256} {}
  static Index phases_of(const ConvShape& s) { return s.stride[0] * s.stride[1]; }
  Index result_phases() const { return g.to_data ? phases_of(g.shape) : 1; }
  Index width(Index panel) const { return panels.vectors(panel) * P::lanes; }
  Index most_width() const { return panels.most_vectors() * P::lanes; }

  /// Packed taps of some channels of a panel: phase, channel, tap of the filter, column. Those of all stand panel by
  /// panel; those of a chunk alone are made where they are needed.
  Index taps_size() const { return g.columns() * g.channels() * g.shape.taps(); }
  Index most_chunk_taps() const { return chunks.longest() / chunks.phases * g.shape.taps() * most_width(); }
  Index taps_of(Index panel) const { return panels.begin(panel) * g.shape.taps() * g.channels(); }

  /// From position to position of a transformed panel in a chunk.
  Index position(Index chunk, Index panel) const { return odd_lines(chunks.rows(chunk) * width(panel)); }
  Index panel_size(Index chunk, Index panel) const { return W::positions * position(chunk, panel); }
  Index most_panel_size() const { return W::positions * odd_lines(chunks.longest() * most_width()); }
  /// Place of a transformed panel among all.
  Index place(Index phase, Index chunk, Index panel) const {
    const Index number = phase * chunks.count() + chunk;
    return (number * panels.count() + panel) * most_panel_size();
  }
  Index size() const { return place(result_phases(), 0, 0); }

  /// Packs the taps of channels [c0, c1) of a panel among those of `channels` that begin with c0 - skipped.
  void pack(const T* w, Index panel, Index c0, Index c1, T* taps, Index skipped, Index channels) const {
    using Pack = PackSideBySide<NumberPath<P>, W>;
    const Index count = g.shape.taps(), row = g.shape.in * count, filter = W::r * W::r;
    const Index column = g.to_data ? count : row, channel = g.to_data ? row : count;
    typename Pack::Args a{.square = {.source = w + panels.begin(panel) * column + c0 * channel,
                                     .column_stride = column,
                                     .channel_stride = channel,
                                     .columns = panels.columns(panel),
                                     .channels = c1 - c0,
                                     .out_stride = filter * width(panel)},
                          .taps = count,
                          .width = width(panel),
                          .out = taps};
    for (Index q = 0; q < phases_of(g.shape); ++q) {
      const TilePhase phase = tile_phase(g, q, W::m);
      for (Index i = 0; i < filter; ++i)
        a.at[phase.kernel_tap(i / W::r, i % W::r, g.shape.kernel[1])] =
            ((q * channels + skipped) * filter + i) * width(panel);
    }
    entry<P::isa, Pack, typename Pack::Args>()(a);
  }
  void pack_chunk(const T* w, Index chunk, Index panel, T* taps) const {
    const Index first = chunks.begin(chunk), channels = chunks.channels_of(chunk);
    pack(w, panel, first, first + channels, taps, 0, channels);
  }
  /// Packs all taps.
  void pack_all(const T* w, T* taps) const {
    constexpr Index some = 32;  // channels at a time
    const Index channels = g.channels(), parts = (channels + some - 1) / some;
    parallel_for(panels.count() * parts, 2, [&](Index first, Index last) {
      for (Index i = first; i < last; ++i) {
        const Index panel = i / parts, c = i % parts * some;
        pack(w, panel, c, std::min(channels, c + some), taps + taps_of(panel), c, channels);
      }
    });
  }

  /// One panel of a chunk under a result phase, transformed: position, source phase, channel, column. Channel 0 of the
  /// chunk is number `skipped` of the packed taps' `channels`.
  void transform(const T* taps, Index skipped, Index channels, Index phase, Index chunk, Index panel, T* out) const {
    using Transform = TransformFilters<NumberPath<P>, W>;
    const Index count = chunks.channels_of(chunk), filter = W::r * W::r * width(panel);
    for (Index q = 0; q < chunks.phases; ++q)
      entry<P::isa, Transform, typename Transform::Args>()({.taps = taps + ((phase + q) * channels + skipped) * filter,
                                                            .channels = count,
                                                            .width = width(panel),
                                                            .out = out + q * count * width(panel),
                                                            .position = position(chunk, panel)});
  }
  /// Transforms all; each worker has room for the taps of a chunk at own + worker * own_size.
  void transform_all(const T* w, T* out, T* own, Index own_size) const {
    const Index count = panels.count();
    parallel_units(chunks.count() * count, [&](Index i, int worker) {
      const Index chunk = i / count, panel = i % count;
      T* const taps = own + worker * own_size;
      pack_chunk(w, chunk, panel, taps);
      for (Index phase = 0; phase < result_phases(); ++phase)
        transform(taps, 0, chunks.channels_of(chunk), phase, chunk, panel, out + place(phase, chunk, panel));
    });
  }
};

}  // namespace atelier::inline v0::kernels::winograd
