/// The weight gradient by Winograd's filters: dw = G^T [(A dy A^T) * (B^T x B)] G, where * sums over tiles: for each
/// position, a product whose reduction runs over tiles.
///
/// A unit is a part of the tiles, some channels of y and a panel of channels of x. It transforms its tiles itself,
/// block by block, although others need them too: what another core has written comes from far, and a transform costs
/// a few per cent of the products. Parts, cut by the sizes alone, are added in order.
#pragma once

#include "atelier/kernels/conv/winograd/product.hpp"
#include "atelier/kernels/gemm/split.hpp"

namespace atelier::inline v0::kernels::winograd {

template <class P, class W> struct GradientCut {
  static constexpr Index units_wanted = 16;
  static constexpr Index most_sums = Index{1} << 21;                ///< of all parts
  static constexpr Index least_tiles = 64;                          ///< of a part
  static constexpr Index most_block = W::positions > 9 ? 64 : 128;  ///< tiles of a product
  static constexpr Index most_rows = 96;                            ///< channels of y in a unit

  ConvShape s;
  Index phases, tiles;
  Panels<P> panels;
  Index groups, parts;

  explicit GradientCut(const ConvShape& shape)
      : s(shape),
        phases(Filters<P, W>::phases_of(s)),
        tiles(s.batch * tile_phase({s, false}, 0, W::m).of_image()),
        panels{s.in},
        groups((s.out + most_rows - 1) / most_rows) {
    const Index wanted = (units_wanted + groups * panels.count() - 1) / (groups * panels.count());
    parts = std::clamp<Index>(std::min(tiles / least_tiles, most_sums / s.weights()), 1, wanted);
  }
  Index units() const { return parts * groups * panels.count(); }
  Pieces tile_parts() const { return {tiles, parts}; }
  Pieces blocks(Index part) const {
    const Index n = tile_parts().size(part);
    return {n, (n + most_block - 1) / most_block};
  }
  Pieces row_groups() const { return {s.out / step, groups}; }
  Index row_begin(Index group) const { return row_groups().begin(group) * step; }
  Index rows(Index group) const { return row_groups().size(group) * step; }
  Index most_width() const { return std::min<Index>(s.in, 3 * P::lanes); }
  Index most_channels() const { return row_groups().largest() * step; }  ///< of a group
  /// Of a block: a part with one tile less may have fewer, longer ones.
  Index most_tiles() const { return std::min(tile_parts().largest(), most_block); }

  /// Tiles of x: source phase, position, tile, channel. Tiles of dy: position, tile, channel. Sums: source phase,
  /// position, channel of y, channel of x.
  Index x_position() const { return odd_lines(most_tiles() * most_width()); }
  Index y_position() const { return odd_lines(most_tiles() * most_channels()); }
  Index sum_position() const { return odd_lines(most_channels() * most_width()); }
  Index x_size() const { return phases * W::positions * x_position(); }
  Index y_size() const { return W::positions * y_position(); }
  Index own() const { return x_size() + y_size() + phases * W::positions * sum_position(); }
  Index results() const { return parts > 1 ? parts * s.weights() : 0; }
  Index workspace_size(int workers) const { return results() + workers * own(); }
};

template <class P, class W> class GradientPlan {
 public:
  using T = typename P::T;

  /// Part i of the result goes to dw + i * weights.
  GradientPlan(const GradientCut<P, W>& cut, const T* x, const T* dy, T* dw)
      : cut_(cut), s_(cut.s), x_(x), dy_(dy), dw_(dw) {}

  /// Computes unit u; `workspace` holds cut.own() numbers.
  void run(Index u, T* workspace) const {
    const Index panels = cut_.panels.count(), part = u / panels / cut_.groups;
    const Unit unit{.panel = u % panels,
                    .group = u / panels % cut_.groups,
                    .x = workspace,
                    .y = workspace + cut_.x_size(),
                    .sums = workspace + cut_.x_size() + cut_.y_size()};
    const Pieces blocks = cut_.blocks(part);
    for (Index b = 0; b < blocks.count; ++b) {
      const Index first = cut_.tile_parts().begin(part) + blocks.begin(b), count = blocks.size(b);
      transform(unit, first, count);
      for (Index i = 0; i < W::positions; ++i)
        for (Index q = 0; q < cut_.phases; ++q) multiply(unit, i, q, count, b > 0);
    }
    finish(unit, dw_ + part * s_.weights());
  }

 private:
  struct Unit {
    Index panel, group;
    T *x, *y, *sums;
  };
  Index width(const Unit& u) const { return cut_.panels.vectors(u.panel) * P::lanes; }

  template <class M> static void transform_tiles(const typename TransformTiles<NumberPath<P>, M>::Args& a) {
    entry<P::isa, TransformTiles<NumberPath<P>, M>, typename TransformTiles<NumberPath<P>, M>::Args>()(a);
  }
  void transform(const Unit& u, Index first, Index count) const {
    TilePhase phase;
    for (Index q = 0; q < cut_.phases; ++q) {
      phase = tile_phase({s_, false}, q, W::m);
      transform_tiles<Input<W>>({.source = x_ + cut_.panels.begin(u.panel),
                                 .source_channels = s_.in,
                                 .phase = &phase,
                                 .first = first,
                                 .count = count,
                                 .channels = width(u),
                                 .out = u.x + q * W::positions * cut_.x_position(),
                                 .position = cut_.x_position(),
                                 .row = width(u)});
    }
    for (auto [axis, size] : {std::pair{&phase.y, s_.out_size[0]}, std::pair{&phase.x, s_.out_size[1]}})
      axis->source = size, axis->source_first = 0, axis->source_step = 1;  // a tile of dy: m neighbours, all inside
    transform_tiles<Transposed<Output<W>>>({.source = dy_ + cut_.row_begin(u.group),
                                            .source_channels = s_.out,
                                            .phase = &phase,
                                            .first = first,
                                            .count = count,
                                            .channels = cut_.rows(u.group),
                                            .out = u.y,
                                            .position = cut_.y_position(),
                                            .row = cut_.rows(u.group)});
  }

  /// The sums of one position and source phase, [channels of y, channels of x], over a block of tiles.
  void multiply(const Unit& u, Index position, Index q, Index tiles, bool accumulate) const {
    const int vectors = cut_.panels.vectors(u.panel);
    const Index most = P::most_rows(vectors), count = cut_.rows(u.group);
    const Pieces rows{count, (count + most - 1) / most};
    const Index number = q * W::positions + position;
    for (Index r = 0; r < rows.count; ++r)
      gemm_impl::Tiles<P, true>::run({.rows = static_cast<int>(rows.size(r)),
                                      .units = tiles,
                                      .a = u.y + position * cut_.y_position() + rows.begin(r),
                                      .a_row = 1,
                                      .a_step = count,
                                      .b = u.x + number * cut_.x_position(),
                                      .b_step = width(u),
                                      .c = u.sums + number * cut_.sum_position() + rows.begin(r) * width(u),
                                      .c_row = width(u),
                                      .accumulate = accumulate},
                                     vectors);
  }

  /// The taps, from the sums.
  void finish(const Unit& u, T* dw) const {
    using Finish = FinishFilters<NumberPath<P>, W>;
    const Index filter = W::r * W::r;
    typename Finish::Args a{.sums = u.sums,
                            .position = cut_.sum_position(),
                            .phase = W::positions * cut_.sum_position(),
                            .phases = cut_.phases,
                            .channels = width(u),
                            .taps = s_.taps()};
    for (Index q = 0; q < cut_.phases; ++q) {
      const TilePhase phase = tile_phase({s_, false}, q, W::m);
      for (Index i = 0; i < filter; ++i) a.at[q * filter + i] = phase.kernel_tap(i / W::r, i % W::r, s_.kernel[1]);
    }
    for (Index o = 0; o < cut_.rows(u.group); ++o, a.sums += width(u)) {
      a.out = dw + ((cut_.row_begin(u.group) + o) * s_.in + cut_.panels.begin(u.panel)) * s_.taps();
      entry<P::isa, Finish, typename Finish::Args>()(a);
    }
  }

  const GradientCut<P, W>& cut_;
  const ConvShape& s_;
  const T *x_, *dy_;
  T* dw_;
};

/// Numbers of workspace for run_gradient().
template <class P, class W> Index gradient_workspace_size(const ConvShape& s) {
  return GradientCut<P, W>(s).workspace_size(threads());
}

template <class P, class W>
void run_gradient(const ConvShape& s, const typename P::T* x, const typename P::T* dy, typename P::T* dw,
                  typename P::T* workspace) {
  const GradientCut<P, W> cut(s);
  const GradientPlan<P, W> plan(cut, x, dy, cut.parts > 1 ? workspace : dw);
  auto* const own = workspace + cut.results();
  parallel_units(cut.units(), [&](Index u, int worker) { plan.run(u, own + worker * cut.own()); });
  if (cut.parts == 1) return;
  using Add = gemm_impl::AddParts<NumberPath<P>>;
  const Index row = s.in * s.taps();
  parallel_for(s.out, 32768 / (row * cut.parts) + 1, [&](Index begin, Index end) {
    entry<P::isa, Add, typename Add::Args>()({.parts = workspace,
                                              .count = cut.parts,
                                              .size = s.weights(),
                                              .begin = begin,
                                              .end = end,
                                              .columns = row,
                                              .c = {dw, row}});
  });
}

}  // namespace atelier::inline v0::kernels::winograd
