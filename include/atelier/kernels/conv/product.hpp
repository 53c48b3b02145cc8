/// A convolution forward or to the data as products: each phase multiplies gathered rows, one a result, with its packed
/// weights. Gathered rows of a unit stay in the second-level cache, and serve all column panels.
#pragma once

#include <cstring>

#include "atelier/kernels/conv/weights.hpp"
#include "atelier/kernels/gemm/tile.hpp"

namespace atelier::inline v0::kernels::conv_impl {

/// y = y > 0 ? y : slope * y for the rows of a tile; NaN stays.
template <class P> struct RectifyTile {
  using T = typename P::T;
  using V = typename P::V;
  struct Args {
    T* c = nullptr;
    Index c_row = 0;
    int rows = 0, vectors = 0;
    T slope = T(0);
  };
  ATELIER_INLINE static void run(const Args& t) {
    const V slope = gemm_impl::broadcast<V>(t.slope), zero(typename V::Raw{});
    for (int i = 0; i < t.rows; ++i)
      for (int v = 0; v < t.vectors; ++v) {
        T* c = t.c + i * t.c_row + v * P::lanes;
        const V y = V::load(c);
        V(typename V::Raw(y.raw > zero.raw ? y.raw : y.raw * slope.raw)).store(c);
      }
  }
};

/// The operands of a gather's products.
template <class T> struct Operands {
  Gather gather;
  const T* source = nullptr;
  const T* packed = nullptr;  ///< weights
  T* out = nullptr;
  ConvEpilogue<T> epilogue;
};

template <class P> class ConvPlan {
 public:
  using T = typename P::T;

  ConvPlan(const Operands<T>& x, int workers) : x_(x), g_(x.gather), weights_(g_), sizes_(g_) {
    const Index row_panels = groups_of(g_.most_results(), P::rows), jobs = g_.shape.groups * g_.phases();
    const Index even = groups_of(row_panels, workers) * workers;  // equal parts, if that makes no slivers
    row_panels_ = g_.most_results() >= even * (P::rows / 2) ? even : row_panels;
    const Index wanted = groups_of(4 * workers, std::max<Index>(jobs, 1));
    row_groups_ = std::max(groups_of(row_panels_, sizes_.block), std::min(row_panels_, wanted));
    const Index rows_only = std::max<Index>(1, jobs * row_groups_);
    if (workers > 1) column_groups_ = std::clamp<Index>(2 * workers / rows_only, 1, weights_.panels.count());
  }
  Index units() const { return g_.shape.groups * g_.phases() * row_groups_ * column_groups_; }
  /// Numbers that a worker needs.
  static Index workspace_size(const Gather& g) {
    const Sizes sizes(g);
    return sizes.packed() + sizes.staged();
  }

  /// Computes unit u; `workspace` holds workspace_size() numbers.
  void run(Index u, T* workspace) const {
    const Index columns = u % column_groups_, rows = u / column_groups_ % row_groups_;
    const Index job = u / column_groups_ / row_groups_;
    Unit unit;
    unit.number = job % g_.phases();
    unit.group = job / g_.phases();
    unit.phase = g_.phase(unit.number);
    unit.rows = {g_.shape.batch * unit.phase.results(), row_panels_};
    const Pieces row_groups{row_panels_, row_groups_}, column_groups{weights_.panels.count(), column_groups_};
    unit.q0 = row_groups.begin(rows), unit.q1 = row_groups.begin(rows + 1);
    unit.p0 = column_groups.begin(columns), unit.p1 = column_groups.begin(columns + 1);
    if (unit.rows.begin(unit.q0) == unit.rows.begin(unit.q1)) return;
    const TapBlocks<P> blocks = weights_.blocks(unit.phase);
    for (Index b = 0; b < blocks.count(); ++b) {
      gather(unit, blocks, b, workspace);
      run_tiles(unit, blocks, b, workspace);
    }
  }

 private:
  static Index groups_of(Index n, Index most) { return (n + most - 1) / most; }

  /// What a worker keeps: rows of units, some panels of them, and the elements of one panel before they are converted.
  struct Sizes {
    Index a_row, element_row, block;
    explicit Sizes(const Gather& g) {
      constexpr Index most = P::block_panels * P::rows * 512;
      const TapBlocks<P> blocks{g.most_taps(), g.channels()};
      constexpr Index line = 64 / static_cast<Index>(sizeof(T));
      a_row = ((blocks.rows(0) + line - 1) / line | 1) * line;  // an odd number of lines: rows fall into different sets
      element_row = (blocks.elements(0) + line - 1) / line * line;
      const Index panels = std::max<Index>(1, groups_of(g.most_results(), P::rows));
      block = std::clamp<Index>(most / (P::rows * a_row), 1, panels);
    }
    Index packed() const { return block * P::rows * a_row; }
    Index staged() const { return P::unit == gemm_impl::Unit::number ? 0 : P::rows * element_row; }
  };
  struct Unit {
    Phase phase;
    Index number, group;  ///< of the phase, of the channels
    Pieces rows;          ///< the row panels
    Index q0, q1, p0, p1;
  };

  /// The rows of block b, packed.
  void gather(const Unit& u, const TapBlocks<P>& blocks, Index b, T* packed) const {
    const Index first = u.rows.begin(u.q0), count = u.rows.begin(u.q1) - first;
    if constexpr (P::unit == gemm_impl::Unit::number) {
      gather_elements(u, blocks, b, first, count, packed, sizes_.a_row);
    } else {
      T* const stage = packed + sizes_.packed();
      for (Index r = 0; r < count; r += P::rows) {
        const Index rows = std::min<Index>(P::rows, count - r);
        gather_elements(u, blocks, b, first + r, rows, stage, sizes_.element_row);
        entry<P::isa, gemm_impl::PackAlong<P>, gemm_impl::PackArgs<T>>()({.source = stage,
                                                                          .source_stride = sizes_.element_row,
                                                                          .rows = rows,
                                                                          .columns = blocks.elements(b),
                                                                          .out = packed + r * sizes_.a_row,
                                                                          .out_stride = sizes_.a_row});
      }
    }
  }
  void gather_elements(const Unit& u, const TapBlocks<P>& blocks, Index b, Index first, Index count, T* out,
                       Index stride) const {
    const Index begin = blocks.pieces().begin(b) * g_.channels();
    conv_impl::gather<P>({.source = x_.source + u.group * g_.channels(),
                          .source_channels = g_.source_channels(),
                          .phase = &u.phase,
                          .run = {},
                          .first = first,
                          .count = count,
                          .out = out,
                          .out_stride = stride},
                         g_.channels(), begin, begin + blocks.elements(b));
  }

  void run_tiles(const Unit& u, const TapBlocks<P>& blocks, Index b, const T* packed) const {
    const bool last = b == blocks.count() - 1;
    const Index column = u.group * g_.columns();
    for (Index p = u.p0; p < u.p1; ++p) {
      const int v = weights_.panels.vectors(p);
      Tile tile;
      tile.vectors = v;
      tile.columns = static_cast<int>(weights_.panels.columns(p));
      tile.first_column = column + weights_.panels.begin(p);
      tile.last = last;
      auto& t = tile.args;
      t.units = blocks.rows(b);
      t.a_row = sizes_.a_row;
      t.a_step = 1;
      t.b = x_.packed + weights_.place(u.group, u.number) + weights_.panel(blocks, b, p);
      t.b_step = v * P::lanes;
      t.accumulate = b > 0;
      t.bias = last && x_.epilogue.bias ? x_.epilogue.bias + tile.first_column : nullptr;
      t.relu = last && x_.epilogue.rectify && x_.epilogue.slope == T(0);
      for (Index q = u.q0; q < u.q1; ++q) {
        const Index first = u.rows.begin(q), count = u.rows.size(q);
        const Index most = P::most_rows(v), parts = groups_of(count, most);
        const Pieces pieces{count, std::max<Index>(parts, 1)};
        for (Index i = 0; i < parts; ++i) {
          const Index row = first + pieces.begin(i);
          t.a = packed + (row - u.rows.begin(u.q0)) * sizes_.a_row;
          run_tile(u, tile, row, static_cast<int>(pieces.size(i)));
        }
      }
    }
  }

  struct Tile {
    gemm_impl::TileArgs<T> args;
    int vectors, columns;  ///< width in vectors, and the columns that exist
    Index first_column;    ///< among the result's channels
    bool last;             ///< block of the reduction
  };

  /// `m` results from `row` on: in place, when they and all their columns are neighbours in memory.
  void run_tile(const Unit& u, Tile& tile, Index row, int m) const {
    if (!g_.to_data && tile.columns == tile.vectors * P::lanes) {
      tile.args.c = x_.out + row * g_.result_channels() + tile.first_column;
      tile.args.c_row = g_.result_channels();
      return compute(tile, tile.args, m);
    }
    alignas(64) T sums[P::sums * P::lanes], bias[3 * P::lanes] = {};
    const auto bytes = static_cast<std::size_t>(tile.columns) * sizeof(T);
    gemm_impl::TileArgs<T> t = tile.args;
    t.c = sums;
    t.c_row = tile.vectors * P::lanes;
    if (t.bias) t.bias = static_cast<const T*>(std::memcpy(bias, t.bias, bytes));
    if (t.accumulate)
      each_place(u, tile, row, m, [&](T* place, Index i) { std::memcpy(sums + i * t.c_row, place, bytes); });
    compute(tile, t, m);
    each_place(u, tile, row, m, [&](T* place, Index i) { std::memcpy(place, sums + i * t.c_row, bytes); });
  }

  /// Calls f(place, i) for results row + i: where the tile's first column of each stands.
  template <class F> void each_place(const Unit& u, const Tile& tile, Index row, int m, const F& f) const {
    const auto [height, width] = g_.result_size();
    Cursor at(u.phase, row);
    for (Index i = 0; i < m; ++i, at.advance(u.phase)) {
      const Index y = u.phase.y.out_first + at.y * u.phase.y.out_step;
      const Index x = u.phase.x.out_first + at.x * u.phase.x.out_step;
      f(x_.out + ((at.image * height + y) * width + x) * g_.result_channels() + tile.first_column, i);
    }
  }

  void compute(const Tile& tile, const gemm_impl::TileArgs<T>& t, int m) const {
    using K = gemm_impl::KernelPath<P>;
    using Rectify = RectifyTile<NumberPath<P>>;
    gemm_impl::Tiles<K, false>::get(m, tile.vectors)(t);
    if (tile.last && x_.epilogue.rectify && x_.epilogue.slope != T(0))
      entry<P::isa, Rectify, typename Rectify::Args>()(
          {.c = t.c, .c_row = t.c_row, .rows = m, .vectors = tile.vectors, .slope = x_.epilogue.slope});
  }

  const Operands<T>& x_;
  const Gather& g_;
  const PackedWeights<P> weights_;
  const Sizes sizes_;
  Index row_panels_ = 1, row_groups_ = 1, column_groups_ = 1;
};

/// Convolutions up to this many multiplications run on the calling thread: a region would cost more than it gives.
inline constexpr Index serial_products = Index{1} << 18;
inline int team_for(const ConvShape& s) {
  return s.out_pixels() * s.group_in() * s.taps() * s.out <= serial_products ? 1 : threads();
}

/// Numbers of workspace for run_gather().
template <class P> Index gather_workspace_size(const Gather& g) {
  return PackedWeights<P>(g).size() + packing_size<P>(g) + team_for(g.shape) * ConvPlan<P>::workspace_size(g);
}

/// Computes a gather on the team.
template <class P>
void run_gather(const Gather& g, const typename P::T* source, const typename P::T* w, typename P::T* out,
                const ConvEpilogue<typename P::T>& epilogue, typename P::T* workspace) {
  using T = typename P::T;
  if (g.most_results() == 0 || g.columns() == 0) return;
  const PackedWeights<P> weights(g);
  T* const packed = workspace;
  T* const stage = packed + weights.size();
  T* const own = stage + packing_size<P>(g);
  pack_weights(weights, w, packed, stage);
  const Operands<T> x{.gather = g, .source = source, .packed = packed, .out = out, .epilogue = epilogue};
  const int team = team_for(g.shape);
  const ConvPlan<P> plan(x, team);
  const Index each = ConvPlan<P>::workspace_size(g);
  const auto unit = [&](Index u, int worker) { plan.run(u, own + worker * each); };
  if (team > 1) return parallel_units(plan.units(), unit);
  const FlushDenormals guard;
  for (Index u = 0; u < plan.units(); ++u) unit(u, 0);
}

}  // namespace atelier::inline v0::kernels::conv_impl
