/// A convolution forward or to the data as products: each phase multiplies gathered rows, one a result, with its packed
/// weights. Gathered rows of a unit stay in the second-level cache, and serve all column panels; where PaddedSource
/// serves, nothing is gathered.
#pragma once

#include <cstring>

#include "atelier/kernels/conv/padded.hpp"
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
  const T* source = nullptr;  ///< in the layout of PaddedSource, where that serves
  const T* packed = nullptr;  ///< weights
  T* out = nullptr;
  ConvEpilogue<T> epilogue;
};

template <class P> class GatherPlan {
 public:
  using T = typename P::T;

  GatherPlan(const Operands<T>& x, int workers)
      : x_(x),
        g_(x.gather),
        weights_(g_),
        sizes_(g_),
        in_place_(PaddedSource<P>::serves(g_)),
        padded_(g_),
        cut_(in_place_ ? Cut{.y = true} : cut_of(g_)) {
    Index panels = 0;
    g_.each_part(cut_, [&](const Part& p) { panels += rows_of(p).count(); });
    const Index wanted = std::clamp<Index>(groups_of(panels, sizes_.block), 4 * workers, 32 * workers);
    row_groups_ = {panels, std::clamp<Index>(groups_of(wanted, g_.shape.groups), 1, std::max<Index>(panels, 1))};
    const Index rows_only = g_.shape.groups * row_groups_.count;
    if (workers > 1) column_groups_ = std::clamp<Index>(groups_of(2 * workers, rows_only), 1, weights_.panels.count());
  }
  Index units() const { return g_.shape.groups * row_groups_.count * column_groups_; }
  /// Numbers that a worker needs.
  static Index workspace_size(const Gather& g) {
    if (PaddedSource<P>::serves(g)) return 0;
    const Sizes sizes(g);
    return sizes.packed() + sizes.staged();
  }

  /// Computes unit u; `workspace` holds workspace_size() numbers.
  void run(Index u, T* workspace) const {
    const Index columns = u % column_groups_, rows = u / column_groups_ % row_groups_.count;
    const Pieces column_groups{weights_.panels.count(), column_groups_};
    const Index begin = row_groups_.begin(rows), end = row_groups_.begin(rows + 1);
    Unit unit;
    unit.group = u / column_groups_ / row_groups_.count;
    unit.p0 = column_groups.begin(columns), unit.p1 = column_groups.begin(columns + 1);
    Index at = 0;  // row panels of the parts before
    g_.each_part(cut_, [&](const Part& part) {
      const RowPanels panels = rows_of(part);
      const Index q0 = std::max(begin - at, Index{0}), q1 = std::min(end - at, panels.count());
      at += panels.count();
      for (Index q = q0, next; q < q1; q = next) {
        next = std::min(q1, q + sizes_.block - unit.panels);
        unit.add(
            {part, weights_.blocks(part.phase), panels, q, next, x_.packed + weights_.place(unit.group, part.number)});
        if (unit.panels == sizes_.block || unit.count == Unit::most) run_unit(unit, workspace), unit.clear();
      }
    });
    run_unit(unit, workspace);
  }

 private:
  static Index groups_of(Index n, Index most) { return (n + most - 1) / most; }

  /// The cut with the least work: rows and taps of the tiles, and what tiles cost however small they are. Elements of
  /// a unit stay together.
  static Cut cut_of(const Gather& g) {
    constexpr Index tile_rows = 3, piece_elements = 35;
    return best_cut(g.channels() % P::elements == 0, [&](Cut cut) {
      Index sum = 0;
      g.each_part(cut, [&](const Part& p) {
        const Index rows = g.shape.batch * p.phase.results(), panels = groups_of(rows, P::rows);
        const Index pieces = p.whole_rows() ? 1 : p.y.last_tap - p.y.first_tap;
        sum += (rows + tile_rows * panels) * p.taps() * g.channels() + piece_elements * panels * pieces;
      });
      return sum;
    });
  }

  /// What a worker keeps: rows of units, some panels of them, and the elements of one panel before they are converted.
  struct Sizes {
    Index a_row, element_row, block;
    explicit Sizes(const Gather& g) {
      constexpr Index most = gemm_impl::most_packed_a(P::vectors, P::rows);
      constexpr Index line = 64 / static_cast<Index>(sizeof(T));
      Index rows = 0, elements = 0;  // of the longest block: a phase with fewer taps may be cut less
      for (Index i = 0; i < g.phases(); ++i) {
        const TapBlocks<P> blocks{g.phase(i).taps(), g.channels()};
        rows = std::max(rows, blocks.most_rows());
        elements = std::max(elements, blocks.most_elements());
      }
      a_row = ((rows + line - 1) / line | 1) * line;  // an odd number of lines: rows fall into different sets
      element_row = (elements + line - 1) / line * line;
      const Index panels = std::max<Index>(1, groups_of(g.most_results(), P::rows));
      block = std::clamp<Index>(most / (P::rows * a_row), 1, panels);
    }
    Index packed() const { return block * P::rows * a_row; }
    Index staged() const { return P::unit == gemm_impl::Unit::number ? 0 : P::rows * element_row; }
  };
  /// The results of a part in row panels: cut as a whole, or each row of the images for itself.
  struct RowPanels {
    Index rows;     ///< that are cut alike
    Pieces pieces;  ///< of one of them
    Index count() const { return rows * pieces.count; }
    Index begin(Index q) const {
      return rows == 1 ? pieces.begin(q) : q / pieces.count * pieces.n + pieces.begin(q % pieces.count);
    }
    Index size(Index q) const { return begin(q + 1) - begin(q); }
  };
  /// Row panels [q0, q1) of a part.
  struct Segment {
    Part part;
    TapBlocks<P> blocks;
    RowPanels rows;
    Index q0, q1;
    const T* weights;  ///< packed, of its phase and group
    Index packed = 0;  ///< rows of the unit before these
    Index first() const { return rows.begin(q0); }
    Index count() const { return rows.begin(q1) - first(); }
  };
  /// Segments that meet the same column panels of the weights, one after the other.
  struct Unit {
    static constexpr Index most = 16;
    Index group, p0, p1;
    Index count = 0, panels = 0;  ///< segments, and their row panels
    Segment segments[most];

    void clear() { count = panels = 0; }
    void add(const Segment& s) {
      segments[count] = s;
      segments[count].packed = count ? segments[count - 1].packed + segments[count - 1].count() : 0;
      panels += s.q1 - s.q0;
      ++count;
    }
    /// Calls f(segment) for those that have block b.
    template <class F> void each(Index b, const F& f) const {
      for (Index i = 0; i < count; ++i)
        if (b < segments[i].blocks.count()) f(segments[i]);
    }
  };
  /// Row panels of a part; all have results.
  RowPanels rows_of(const Part& part) const {
    const Index results = g_.shape.batch * part.phase.results(), row = in_place_ ? part.phase.x.results : results;
    return {in_place_ ? results / row : 1, {row, std::max<Index>(1, groups_of(row, P::rows))}};
  }

  void run_unit(const Unit& u, T* workspace) const {
    Index blocks = 0;
    for (Index i = 0; i < u.count; ++i) blocks = std::max(blocks, u.segments[i].blocks.count());
    for (Index b = 0; b < blocks; ++b) {
      if (!in_place_)
        u.each(b, [&](const Segment& s) { gather(u, s, b, workspace + s.packed * sizes_.a_row, workspace); });
      for (Index p = u.p0; p < u.p1; ++p)
        u.each(b, [&](const Segment& s) { run_tiles(s, tile_of(u, s, b, p), workspace + s.packed * sizes_.a_row); });
    }
  }

  /// The rows of block b, packed.
  void gather(const Unit& u, const Segment& s, Index b, T* packed, T* workspace) const {
    if constexpr (P::unit == gemm_impl::Unit::number) {
      gather_elements(u, s, b, s.first(), s.count(), packed, sizes_.a_row);
    } else {
      T* const stage = workspace + sizes_.packed();
      for (Index r = 0; r < s.count(); r += P::rows) {
        const Index rows = std::min<Index>(P::rows, s.count() - r);
        gather_elements(u, s, b, s.first() + r, rows, stage, sizes_.element_row);
        entry<P::isa, gemm_impl::PackAlong<P>, gemm_impl::PackArgs<T>>()({.source = stage,
                                                                          .source_stride = sizes_.element_row,
                                                                          .rows = rows,
                                                                          .columns = s.blocks.elements(b),
                                                                          .out = packed + r * sizes_.a_row,
                                                                          .out_stride = sizes_.a_row});
      }
    }
  }
  void gather_elements(const Unit& u, const Segment& s, Index b, Index first, Index count, T* out, Index stride) const {
    const Index begin = s.blocks.pieces().begin(b) * g_.channels(), end = begin + s.blocks.elements(b);
    s.part.each_piece(g_.channels(), begin, end, [&](Index from, Index to) {
      conv_impl::gather<P>({.source = x_.source + u.group * g_.channels(),
                            .source_channels = g_.source_channels(),
                            .phase = &s.part.phase,
                            .run = {},
                            .first = first,
                            .count = count,
                            .out = out + from - begin,
                            .out_stride = stride},
                           g_.channels(), from, to);
    });
  }

  /// The tiles of one column panel and block of the reduction.
  struct Tile {
    gemm_impl::TileArgs<T> args;
    int vectors, columns;  ///< width in vectors, and the columns that exist
    Index first_column;    ///< among the result's channels
    Index begin, end;      ///< elements of the block
    bool last;             ///< block
  };

  void run_tiles(const Segment& s, const Tile& tile, const T* packed) const {
    const Index most = P::most_rows(tile.vectors);
    Cursor at(s.part.phase, s.first());
    for (Index q = s.q0; q < s.q1; ++q) {
      const Pieces pieces{s.rows.size(q), groups_of(s.rows.size(q), most)};
      for (Index i = 0; i < pieces.count; ++i) {
        const Index row = s.rows.begin(q) + pieces.begin(i) - s.first();
        const T* const a = in_place_ ? x_.source + padded_place(s.part.phase, at) : packed + row * sizes_.a_row;
        run_tile(s.part, tile, a, at, static_cast<int>(pieces.size(i)));
      }
    }
  }

  /// Where the first tap of a result reads.
  Index padded_place(const Phase& p, const Cursor& at) const {
    return padded_.place(at.image, at.y * p.y.step + p.y.tap_first, at.x * p.x.step + p.x.tap_first);
  }
  /// How far from there its tap `tap` reads.
  Index padded_shift(const Phase& p, Index tap) const {
    return (tap / p.x.taps * p.y.tap_step * padded_.width() + tap % p.x.taps) * padded_.units;
  }

  Tile tile_of(const Unit& u, const Segment& s, Index b, Index p) const {
    const TapBlocks<P>& blocks = s.blocks;
    Tile tile;
    tile.vectors = weights_.panels.vectors(p);
    tile.columns = static_cast<int>(weights_.panels.columns(p));
    tile.first_column = u.group * g_.columns() + weights_.panels.begin(p);
    tile.begin = blocks.pieces().begin(b) * g_.channels();
    tile.end = tile.begin + blocks.elements(b);
    tile.last = b == blocks.count() - 1;
    tile.args.a_row = in_place_ ? s.part.phase.x.step * padded_.units : sizes_.a_row;
    tile.args.a_step = 1;
    tile.args.b = s.weights + weights_.panel(blocks, b, p);
    tile.args.b_step = tile.vectors * P::lanes;
    tile.args.accumulate = b > 0;
    tile.args.bias = x_.epilogue.bias ? x_.epilogue.bias + tile.first_column : nullptr;
    return tile;
  }

  /// `m` results from `at` on, whose rows of A begin at `a`: in place, when all their columns exist and they stand at
  /// equal distances in memory. Moves `at` behind them.
  void run_tile(const Part& part, const Tile& tile, const T* a, Cursor& at, int m) const {
    gemm_impl::TileArgs<T> t = tile.args;
    t.rows = m;
    t.a = a;
    const Cursor begin = at;
    for (int i = 1; i < m; ++i) at.advance(part.phase);
    T *const first = place(part, tile, begin), *const last = place(part, tile, at);
    const bool in_a_row = begin.x + m <= part.phase.x.results;
    t.c_row = (in_a_row ? part.phase.x.out_step : 1) * g_.result_channels();
    at.advance(part.phase);
    if (tile.columns == tile.vectors * P::lanes && last - first == (m - 1) * t.c_row) {
      t.c = first;
      return add_pieces(part, tile, t);
    }
    alignas(64) T sums[P::sums * P::lanes], bias[3 * P::lanes] = {};
    const auto bytes = static_cast<std::size_t>(tile.columns) * sizeof(T);
    t.c = sums;
    t.c_row = tile.vectors * P::lanes;
    if (t.bias) t.bias = static_cast<const T*>(std::memcpy(bias, t.bias, bytes));
    if (t.accumulate)
      each_place(part, tile, begin, m, [&](T* place, Index i) { std::memcpy(sums + i * t.c_row, place, bytes); });
    add_pieces(part, tile, t);
    each_place(part, tile, begin, m, [&](T* place, Index i) { std::memcpy(place, sums + i * t.c_row, bytes); });
  }

  /// Where the tile's first column of a result stands.
  T* place(const Part& part, const Tile& tile, const Cursor& at) const {
    const auto [height, width] = g_.result_size();
    const Axis &ay = part.phase.y, &ax = part.phase.x;
    const Index y = ay.out_first + at.y * ay.out_step, x = ax.out_first + at.x * ax.out_step;
    return x_.out + ((at.image * height + y) * width + x) * g_.result_channels() + tile.first_column;
  }
  /// Calls f(place, i) for result i of m, the first of which stands at `at`.
  template <class F> void each_place(const Part& part, const Tile& tile, Cursor at, int m, const F& f) const {
    for (Index i = 0; i < m; ++i, at.advance(part.phase)) f(place(part, tile, at), i);
  }

  /// The products of the block's pieces, t.a and t.b where the block begins; behind the last one of all, the epilogue.
  void add_pieces(const Part& part, const Tile& tile, gemm_impl::TileArgs<T>& t) const {
    const T *const a = t.a, *const b = t.b, *const bias = std::exchange(t.bias, nullptr);
    const auto add = [&](Index from, Index to) {
      const Index skipped = (from - tile.begin) / P::elements;
      t.a = a + (!in_place_ ? skipped : from < to ? padded_shift(part.phase, from / g_.channels()) : 0);
      t.b = b + skipped * t.b_step;
      t.units = (to - from + P::elements - 1) / P::elements;
      gemm_impl::Tiles<P, false>::run(t, tile.vectors);
      t.accumulate = true;
    };
    Index from = tile.begin, to = tile.begin;  // the piece that comes next, empty before the first
    const auto next = [&](Index begin, Index end) {
      if (from < to) add(from, to);
      from = begin, to = end;
    };
    part.each_piece(g_.channels(), tile.begin, tile.end, next, in_place_);
    const bool rectify = tile.last && x_.epilogue.rectify, plain = x_.epilogue.slope == T(0);
    if (tile.last) t.bias = bias, t.relu = rectify && plain;
    if (from < to || !t.accumulate || tile.last) add(from, to);
    if (rectify && !plain) rectify_tile(t, tile.vectors);
  }
  void rectify_tile(const gemm_impl::TileArgs<T>& t, int vectors) const {
    using Rectify = RectifyTile<NumberPath<P>>;
    entry<P::isa, Rectify, typename Rectify::Args>()(
        {.c = t.c, .c_row = t.c_row, .rows = t.rows, .vectors = vectors, .slope = x_.epilogue.slope});
  }

  const Operands<T>& x_;
  const Gather& g_;
  const PackedWeights<P> weights_;
  const Sizes sizes_;
  const bool in_place_;
  const PaddedSource<P> padded_;
  const Cut cut_;
  Pieces row_groups_;  ///< of the row panels of all parts
  Index column_groups_ = 1;
};

/// Convolutions up to this many multiplications run on the calling thread: a region would cost more than it gives.
inline constexpr Index serial_products = Index{1} << 18;
inline int team_for(const ConvShape& s) {
  return s.out_pixels() * s.group_in() * s.taps() * s.out <= serial_products ? 1 : threads();
}

/// Numbers of workspace for run_gather().
template <class P> Index gather_workspace_size(const Gather& g) {
  const Index source = PaddedSource<P>::serves(g) ? PaddedSource<P>(g).numbers() : 0;
  return PackedWeights<P>(g).size() + packing_size<P>(g) + source +
         team_for(g.shape) * GatherPlan<P>::workspace_size(g);
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
  T* own = stage + packing_size<P>(g);
  pack_weights(weights, w, packed, stage);
  if (PaddedSource<P>::serves(g)) {
    const PaddedSource<P> padded(g);
    pad_source(padded, source, own);
    source = std::exchange(own, own + padded.numbers());
  }
  const Operands<T> x{.gather = g, .source = source, .packed = packed, .out = out, .epilogue = epilogue};
  const int team = team_for(g.shape);
  const GatherPlan<P> plan(x, team);
  const Index each = GatherPlan<P>::workspace_size(g);
  const auto unit = [&](Index u, int worker) {
    const gemm_impl::TileRegisters registers(P::tiled);
    plan.run(u, own + worker * each);
  };
  parallel_units(plan.units(), unit, team);
}

}  // namespace atelier::inline v0::kernels::conv_impl
