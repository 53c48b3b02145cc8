/// The weight gradient by Winograd's filters: dw = G^T [(A dy A^T) * (B^T x B)] G, where * sums over tiles: for each
/// position, a product whose reduction runs over tiles. Tiles of x and dy are transformed once, and shared; the sums of
/// a unit, some channels of y times a panel of channels of x, stay in the second-level cache until they are taps.
///
/// When there are many tiles, they are taken in parts, so that transformed tiles stay in the caches; each part adds to
/// dw, in order.
#pragma once

#include "atelier/kernels/conv/winograd/product.hpp"

namespace atelier::inline v0::kernels::winograd {

template <class P, class W> struct GradientCut {
  static constexpr Index most_numbers = Index{5} << 19;  ///< of a part's transformed tiles
  static constexpr Index most_block = 128;               ///< tiles of a product
  static constexpr Index most_rows = 48;                 ///< channels of y in a unit

  ConvShape s;
  Index phases, tiles;
  Panels<P> panels;
  Index parts, groups;

  explicit GradientCut(const ConvShape& shape)
      : s(shape),
        phases(Filters<P, W>::phases_of(s)),
        tiles(s.batch * tile_phase({s, false}, 0, W::m).of_image()),
        panels{s.in} {
    const Index each = W::positions * (phases * s.in + s.out), n = s.out / step;
    parts = std::clamp<Index>(tiles * each / most_numbers, 1, std::max<Index>(1, tiles / most_block));
    groups = (n + most_rows / step - 1) / (most_rows / step);
    if (groups * panels.count() < 8) groups = std::min(n, (8 + panels.count() - 1) / panels.count());
  }
  Pieces tile_parts() const { return {tiles, parts}; }
  Pieces blocks(Index part) const {
    const Index n = tile_parts().size(part);
    return {n, (n + most_block - 1) / most_block};
  }
  Index most_tiles() const { return tile_parts().size(0); }
  Index units() const { return groups * panels.count(); }

  Pieces row_groups() const { return {s.out / step, groups}; }
  Index row_begin(Index group) const { return row_groups().begin(group) * step; }
  Index rows(Index group) const { return row_groups().size(group) * step; }

  /// Tiles of x: source phase, panel, position, tile, channel.
  Index x_position(Index panel) const { return odd_lines(most_tiles() * panels.vectors(panel) * P::lanes); }
  Index x_panel() const { return W::positions * odd_lines(most_tiles() * 3 * P::lanes); }
  Index x_place(Index phase, Index panel) const { return (phase * panels.count() + panel) * x_panel(); }
  Index x_size() const { return x_place(phases, 0); }
  /// Tiles of dy: group, position, tile, channel.
  Index y_position() const { return odd_lines(most_tiles() * rows(0)); }
  Index y_place(Index group) const { return group * W::positions * y_position(); }
  Index y_size() const { return y_place(groups); }
  /// Sums of a unit: source phase, position, channel of y, channel of x.
  Index sum_position() const { return odd_lines(rows(0) * 3 * P::lanes); }
  Index own() const { return phases * W::positions * sum_position(); }
  Index workspace_size(int workers) const { return x_size() + y_size() + workers * own(); }
};

template <class P, class W> class GradientPlan {
 public:
  using T = typename P::T;

  GradientPlan(const GradientCut<P, W>& cut, const T* x, const T* dy, T* dw, T* workspace)
      : cut_(cut), s_(cut.s), x_(x), dy_(dy), dw_(dw), x_tiles_(workspace), y_tiles_(workspace + cut.x_size()) {}

  /// Transforms the tiles of a part, `step` by `step` of them.
  void transform(Index part) const {
    const Index begin = cut_.tile_parts().begin(part), n = cut_.tile_parts().size(part);
    const Index pieces = (n + step - 1) / step, panels = cut_.phases * cut_.panels.count();
    parallel_for(pieces * (panels + cut_.groups), 4, [&](Index first, Index last) {
      for (Index i = first; i < last; ++i) {
        const Index which = i / pieces, t = i % pieces * step, count = std::min(step, n - t);
        if (which < panels)
          transform_x(which / cut_.panels.count(), which % cut_.panels.count(), begin, t, count);
        else
          transform_y(which - panels, begin, t, count);
      }
    });
  }
  /// The part's share of unit u; `sums` holds cut.own() numbers.
  void run(Index u, Index part, T* sums) const {
    const Index group = u % cut_.groups, panel = u / cut_.groups;
    for (Index i = 0; i < W::positions; ++i)
      for (Index q = 0; q < cut_.phases; ++q)
        multiply(group, panel, part, i, q, sums + (q * W::positions + i) * cut_.sum_position());
    finish(group, panel, part, sums);
  }

 private:
  template <class M> static void transform_tiles(const typename TransformTiles<NumberPath<P>, M>::Args& a) {
    entry<P::isa, TransformTiles<NumberPath<P>, M>, typename TransformTiles<NumberPath<P>, M>::Args>()(a);
  }
  void transform_x(Index q, Index panel, Index begin, Index t, Index count) const {
    const TilePhase phase = tile_phase({s_, false}, q, W::m);
    const Index width = cut_.panels.vectors(panel) * P::lanes;
    transform_tiles<Input<W>>({.source = x_ + cut_.panels.begin(panel),
                               .source_channels = s_.in,
                               .phase = &phase,
                               .first = begin + t,
                               .count = count,
                               .channels = width,
                               .out = x_tiles_ + cut_.x_place(q, panel) + t * width,
                               .position = cut_.x_position(panel),
                               .row = width});
  }
  /// A tile of dy is m neighbours, all inside.
  void transform_y(Index group, Index begin, Index t, Index count) const {
    TilePhase phase = tile_phase({s_, false}, 0, W::m);
    for (auto [axis, size] : {std::pair{&phase.y, s_.out_size[0]}, std::pair{&phase.x, s_.out_size[1]}})
      axis->source = size, axis->source_first = 0, axis->source_step = 1;
    transform_tiles<Transposed<Output<W>>>({.source = dy_ + cut_.row_begin(group),
                                            .source_channels = s_.out,
                                            .phase = &phase,
                                            .first = begin + t,
                                            .count = count,
                                            .channels = cut_.rows(group),
                                            .out = y_tiles_ + cut_.y_place(group) + t * cut_.rows(0),
                                            .position = cut_.y_position(),
                                            .row = cut_.rows(0)});
  }

  /// sums[o, c] of one position and source phase over the part's tiles.
  void multiply(Index group, Index panel, Index part, Index position, Index q, T* sums) const {
    const int vectors = cut_.panels.vectors(panel);
    const Index width = vectors * P::lanes, most = P::most_rows(vectors), count = cut_.rows(group);
    const Pieces rows{count, (count + most - 1) / most}, blocks = cut_.blocks(part);
    const T* const x = x_tiles_ + cut_.x_place(q, panel) + position * cut_.x_position(panel);
    const T* const y = y_tiles_ + cut_.y_place(group) + position * cut_.y_position();
    for (Index b = 0; b < blocks.count; ++b)
      for (Index r = 0; r < rows.count; ++r)
        gemm_impl::Tiles<P, true>::get(static_cast<int>(rows.size(r)),
                                       vectors)({.units = blocks.size(b),
                                                 .a = y + blocks.begin(b) * cut_.rows(0) + rows.begin(r),
                                                 .a_row = 1,
                                                 .a_step = cut_.rows(0),
                                                 .b = x + blocks.begin(b) * width,
                                                 .b_step = width,
                                                 .c = sums + rows.begin(r) * width,
                                                 .c_row = width,
                                                 .accumulate = b > 0});
  }

  void finish(Index group, Index panel, Index part, const T* sums) const {
    using Finish = FinishFilters<NumberPath<P>, W>;
    const Index width = cut_.panels.vectors(panel) * P::lanes, taps = W::r * W::r;
    typename Finish::Args a{.sums = sums,
                            .position = cut_.sum_position(),
                            .phase = W::positions * cut_.sum_position(),
                            .phases = cut_.phases,
                            .channels = width,
                            .taps = s_.taps(),
                            .accumulate = part > 0};
    for (Index q = 0; q < cut_.phases; ++q) {
      const TilePhase phase = tile_phase({s_, false}, q, W::m);
      for (Index i = 0; i < taps; ++i) a.at[q * taps + i] = phase.kernel_tap(i / W::r, i % W::r, s_.kernel[1]);
    }
    for (Index o = 0; o < cut_.rows(group); ++o, a.sums += width) {
      a.out = dw_ + ((cut_.row_begin(group) + o) * s_.in + cut_.panels.begin(panel)) * s_.taps();
      entry<P::isa, Finish, typename Finish::Args>()(a);
    }
  }

  const GradientCut<P, W>& cut_;
  const ConvShape& s_;
  const T *x_, *dy_;
  T *dw_, *x_tiles_, *y_tiles_;
};

/// Numbers of workspace for run_gradient().
template <class P, class W> Index gradient_workspace_size(const ConvShape& s) {
  return GradientCut<P, W>(s).workspace_size(threads());
}

template <class P, class W>
void run_gradient(const ConvShape& s, const typename P::T* x, const typename P::T* dy, typename P::T* dw,
                  typename P::T* workspace) {
  const GradientCut<P, W> cut(s);
  const GradientPlan<P, W> plan(cut, x, dy, dw, workspace);
  auto* const own = workspace + cut.x_size() + cut.y_size();
  for (Index part = 0; part < cut.parts; ++part) {
    plan.transform(part);
    parallel_units(cut.units(), [&](Index u, int worker) { plan.run(u, part, own + worker * cut.own()); });
  }
}

}  // namespace atelier::inline v0::kernels::winograd
