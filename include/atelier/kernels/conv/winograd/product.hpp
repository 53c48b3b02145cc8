/// A convolution forward or to the data by Winograd's filters: for each tile and channel, `positions` numbers; for each
/// position, a product of tiles x reduction with reduction x columns.
///
/// A unit is a block of tiles times a group of column panels in one result phase. It walks along the reduction chunk by
/// chunk: what it transforms, a chunk of its tiles and a chunk of one panel's filters, and its sums stay in the
/// second-level cache. Each sum adds the chunks in order, so its bits do not depend on how units are cut.
#pragma once

#include "atelier/kernels/conv/product.hpp"
#include "atelier/kernels/conv/winograd/filters.hpp"

namespace atelier::inline v0::kernels::winograd {

/// What of the weights is ready before the units begin. Many blocks of tiles share transformed filters; for few, a
/// unit transforms what it needs, since all filters are more than the caches hold. It packs their taps on the way, but
/// to the data, where each result phase needs others of the same taps.
enum class Ready { nothing, taps, filters };

/// How a convolution's work is cut into units.
template <class P, class W> struct ProductCut {
  static constexpr Index most_tiles = W::positions > 9 ? 26 : 52;  ///< of a block: nearly full tiles of any width
  static constexpr Index most_columns = 128;                       ///< of a group
  static constexpr Index many = 6;                                 ///< blocks

  Filters<P, W> filters;
  Index tiles;  ///< of a phase
  Index blocks, groups;
  Ready ready;

  ProductCut(const Gather& g, int workers) : filters(g), tiles(g.shape.batch * tile_phase(g, 0, W::m).of_image()) {
    const Index panels = filters.panels.count(), phases = filters.result_phases();
    const auto blocks_of = [&](Index most) { return (tiles + most - 1) / most; };
    ready = blocks_of(most_tiles) >= many ? Ready::filters : g.to_data ? Ready::taps : Ready::nothing;
    blocks = blocks_of(ready == Ready::filters ? most_tiles : most_tiles * 3 / 2);
    groups = std::min(panels, (filters.panels.n + most_columns - 1) / most_columns);
    if (blocks * phases * groups < 2 * workers)
      groups = std::min(panels, (2 * workers + blocks * phases - 1) / (blocks * phases));
    if (blocks >= workers && phases * groups % workers != 0)
      blocks = std::min(tiles, (blocks + workers - 1) / workers * workers);  // equal shares
  }
  Index units() const { return blocks * groups * filters.result_phases(); }
  Pieces tile_blocks() const { return {tiles, blocks}; }
  Pieces panel_groups() const { return {filters.panels.count(), groups}; }

  /// Numbers that a worker needs: transformed tiles, sums, transformed filters.
  Index row() const { return filters.chunks.longest(); }
  Index tile_position() const { return odd_lines(tile_blocks().largest() * row()); }
  Index sum_position(Index width) const { return odd_lines(tile_blocks().largest() * width); }
  Index sum_panel() const { return W::positions * sum_position(filters.most_width()); }
  Index tiles_size() const { return W::positions * tile_position(); }
  Index sums_size() const { return panel_groups().largest() * sum_panel(); }
  Index filters_size() const { return ready == Ready::filters ? 0 : filters.most_panel_size(); }
  Index taps_size() const { return ready == Ready::taps ? 0 : filters.most_chunk_taps(); }
  Index own() const { return tiles_size() + sums_size() + filters_size() + taps_size(); }
  /// Numbers of what is ready.
  Index ready_size() const {
    return ready == Ready::filters ? filters.size() : ready == Ready::taps ? filters.taps_size() : 0;
  }
  Index workspace_size(int workers) const { return ready_size() + workers * own(); }
};

template <class P, class W> class ProductPlan {
 public:
  using T = typename P::T;

  /// `weights` are the convolution's, or what is ready of them.
  ProductPlan(const conv_impl::Operands<T>& x, const ProductCut<P, W>& cut, const T* weights)
      : x_(x), g_(x.gather), cut_(cut), filters_(cut.filters), weights_(weights) {}

  /// Computes unit u; `workspace` holds cut.own() numbers.
  void run(Index u, T* workspace) const {
    const Index phase = u % filters_.result_phases(), block = u / filters_.result_phases() % cut_.blocks;
    const Index group = u / filters_.result_phases() / cut_.blocks;
    Unit unit{.phase = phase};
    unit.t0 = cut_.tile_blocks().begin(block), unit.count = cut_.tile_blocks().size(block);
    unit.p0 = cut_.panel_groups().begin(group), unit.p1 = cut_.panel_groups().begin(group + 1);
    unit.tiles = workspace;
    unit.sums = unit.tiles + cut_.tiles_size();
    unit.filters = unit.sums + cut_.sums_size();
    unit.taps = unit.filters + cut_.filters_size();
    for (Index chunk = 0; chunk < filters_.chunks.count(); ++chunk) {
      transform_tiles(unit, chunk);
      for (Index p = unit.p0; p < unit.p1; ++p) add_products(unit, chunk, p);
    }
    for (Index p = unit.p0; p < unit.p1; ++p) finish(unit, p);
  }

 private:
  struct Unit {
    Index phase, t0 = 0, count = 0, p0 = 0, p1 = 0;
    T *tiles = nullptr, *sums = nullptr, *filters = nullptr, *taps = nullptr;
  };
  T* sums_of(const Unit& u, Index p) const { return u.sums + (p - u.p0) * cut_.sum_panel(); }

  /// Position, tile, source phase, channel of the chunk.
  void transform_tiles(const Unit& u, Index chunk) const {
    using Transform = TransformTiles<NumberPath<P>, Input<W>>;
    const Chunks& chunks = filters_.chunks;
    for (Index q = 0; q < chunks.phases; ++q) {
      const TilePhase phase = tile_phase(g_, g_.to_data ? u.phase : q, W::m);
      entry<P::isa, Transform, typename Transform::Args>()({.source = x_.source + chunks.begin(chunk),
                                                            .source_channels = g_.source_channels(),
                                                            .phase = &phase,
                                                            .first = u.t0,
                                                            .count = u.count,
                                                            .channels = chunks.channels_of(chunk),
                                                            .out = u.tiles + q * chunks.channels_of(chunk),
                                                            .position = cut_.tile_position(),
                                                            .row = cut_.row()});
    }
  }

  /// One panel of a chunk, transformed.
  const T* filters_of(const Unit& u, Index chunk, Index p) const {
    const Chunks& chunks = filters_.chunks;
    if (cut_.ready == Ready::filters) return weights_ + filters_.place(u.phase, chunk, p);
    if (cut_.ready == Ready::taps) {
      const T* const taps = weights_ + filters_.taps_of(p);
      filters_.transform(taps, chunks.begin(chunk), g_.channels(), u.phase, chunk, p, u.filters);
    } else {
      filters_.pack_chunk(weights_, chunk, p, u.taps);
      filters_.transform(u.taps, 0, chunks.channels_of(chunk), u.phase, chunk, p, u.filters);
    }
    return u.filters;
  }

  /// The products of one panel and chunk, position after position.
  void add_products(const Unit& u, Index chunk, Index p) const {
    const Index width = filters_.width(p), position = filters_.position(chunk, p);
    const int vectors = filters_.panels.vectors(p);
    const T* const filters = filters_of(u, chunk, p);
    const Index most = P::most_rows(vectors);
    const Pieces rows{u.count, (u.count + most - 1) / most};
    for (Index i = 0; i < W::positions; ++i)
      for (Index r = 0; r < rows.count; ++r)
        gemm_impl::Tiles<P, false>::run({.rows = static_cast<int>(rows.size(r)),
                                         .units = filters_.chunks.rows(chunk),
                                         .a = u.tiles + i * cut_.tile_position() + rows.begin(r) * cut_.row(),
                                         .a_row = cut_.row(),
                                         .a_step = 1,
                                         .b = filters + i * position,
                                         .b_step = width,
                                         .c = sums_of(u, p) + i * cut_.sum_position(width) + rows.begin(r) * width,
                                         .c_row = width,
                                         .accumulate = chunk > 0},
                                        vectors);
  }

  void finish(const Unit& u, Index p) const {
    using Finish = FinishTiles<NumberPath<P>, W>;
    const TilePhase phase = tile_phase(g_, u.phase, W::m);
    const Index width = filters_.width(p), first = filters_.panels.begin(p);
    typename Finish::Args a{.sums = sums_of(u, p),
                            .position = cut_.sum_position(width),
                            .row = width,
                            .phase = &phase,
                            .first = u.t0,
                            .count = u.count,
                            .channels = width,
                            .out = x_.out + first,
                            .out_size = g_.result_size(),
                            .out_channels = g_.result_channels(),
                            .epilogue = x_.epilogue};
    if (a.epilogue.bias) a.epilogue.bias += first;
    entry<P::isa, Finish, typename Finish::Args>()(a);
  }

  const conv_impl::Operands<T>& x_;
  const Gather& g_;
  const ProductCut<P, W>& cut_;
  const Filters<P, W>& filters_;
  const T* const weights_;
};

/// Numbers of workspace for run_product().
template <class P, class W> Index product_workspace_size(const Gather& g) {
  return ProductCut<P, W>(g, threads()).workspace_size(threads());
}

/// Computes a gather on the team.
template <class P, class W>
void run_product(const Gather& g, const typename P::T* source, const typename P::T* w, typename P::T* out,
                 const ConvEpilogue<typename P::T>& epilogue, typename P::T* workspace) {
  using T = typename P::T;
  const ProductCut<P, W> cut(g, threads());
  T* const own = workspace + cut.ready_size();
  if (cut.ready == Ready::taps) cut.filters.pack_all(w, workspace);
  if (cut.ready == Ready::filters) cut.filters.transform_all(w, workspace, own, cut.own());
  const conv_impl::Operands<T> x{.gather = g, .source = source, .packed = nullptr, .out = out, .epilogue = epilogue};
  const ProductPlan<P, W> plan(x, cut, cut.ready == Ready::nothing ? w : workspace);
  parallel_units(cut.units(), [&](Index u, int worker) { plan.run(u, own + worker * cut.own()); });
}

}  // namespace atelier::inline v0::kernels::winograd
