/// Walks a product tile by tile: packs what is not read in place, and shares the tiles out to the threads.
#pragma once

#include <cstring>

#include "atelier/kernels/gemm/activation.hpp"
#include "atelier/kernels/gemm/layout.hpp"
#include "atelier/kernels/gemm/tile.hpp"
#include "atelier/parallel/team.hpp"

namespace atelier::inline v0::kernels::gemm_impl {

/// One thread's part of a product: row panels [q0, q1) times column panels [p0, p1).
template <class P> class Worker {
 public:
  using T = typename P::T;

  Worker(const Product<T>& product, Index row_panels, T* workspace)
      : x_(product),
        layout_(product),
        panels_{product.shape.n},
        blocks_{product.shape.k},
        rows_{product.shape.m, row_panels},
        transposed_a_(product.ta == Transpose::yes),
        packed_a_(workspace),
        packed_b_(workspace + layout_.a_size) {}

  void run(Index q0, Index q1, Index p0, Index p1) {
    const Index parts = (q1 - q0 + layout_.block - 1) / layout_.block;
    if (layout_.along_rows && !x_.packed_b)
      for (Index p = p0; p < p1; ++p)
        if (!b_in_place(p)) pack_b(0, p, own_panel(p));
    for (Index part = 0; part < parts; ++part) {
      begin_ = q0 + (q1 - q0) * part / parts;
      end_ = q0 + (q1 - q0) * (part + 1) / parts;
      for (Index b = 0; b < blocks_.count(); ++b) {
        if (transposed_a_ && !layout_.a_in_place) pack_pieces(b);
        for (Index p = p0; p < p1; ++p) run_column(b, p, p == p0 && !transposed_a_ && !layout_.a_in_place);
      }
    }
  }

 private:
  /// What the tiles of one column panel in one block have in common.
  struct Column {
    TileArgs<T> tile;
    int vectors = 0, count = 0;  ///< width in vectors, and the columns that exist
    bool last = false;           ///< block of the reduction
  };

  /// The tiles of block b in column panel p, down the row panels.
  void run_column(Index b, Index p, bool pack_a) {
    Column column = column_of(b, p);
    TileArgs<T>& t = column.tile;
    for (Index q = begin_; q < end_; ++q) {
      if (pack_a) pack_rows(b, q);
      t.a = a_of(b, q);
      t.c = x_.c.data + rows_.begin(q) * x_.c.stride + panels_.begin(p);
      run_rows(column, static_cast<int>(rows_.size(q)));
    }
  }

  Column column_of(Index b, Index p) {
    Column column;
    column.vectors = panels_.vectors(p);
    column.count = static_cast<int>(panels_.columns(p));
    column.last = b == blocks_.count() - 1;
    TileArgs<T>& t = column.tile;
    t.units = blocks_.length(b);
    t.a_row = transposed_a_ ? 1 : layout_.a_in_place ? x_.a.stride : layout_.a_row;
    t.a_step = !transposed_a_ ? 1 : layout_.a_in_place ? x_.a.stride : P::slot;
    t.c_row = x_.c.stride;
    t.accumulate = x_.epilogue.accumulate || b > 0;
    t.bias = column.last && x_.epilogue.bias ? x_.epilogue.bias + panels_.begin(p) : nullptr;
    t.relu = column.last && x_.epilogue.activation == Activation::relu;
    set_b(column, b, p);
    return column;
  }

  void set_b(Column& column, Index b, Index p) {
    TileArgs<T>& t = column.tile;
    t.b_step = column.vectors * P::lanes;
    if (x_.packed_b) {
      t.b = x_.packed_b + panel_offset(panels_, blocks_, b, p);
    } else if (b_in_place(p)) {
      t.b = x_.b.data + blocks_.first(b) * x_.b.stride + panels_.begin(p);
      t.b_step = x_.b.stride;
    } else {
      t.b = own_panel(p);
      if (!layout_.along_rows) pack_b(b, p, own_panel(p));
    }
  }
  bool b_in_place(Index p) const { return layout_.b_in_place && panels_.columns(p) == panels_.vectors(p) * P::lanes; }
  T* own_panel(Index p) const { return packed_b_ + (layout_.along_rows ? panel_offset(panels_, blocks_, 0, p) : 0); }
  void pack_b(Index b, Index p, T* out) const { pack_panel(panels_, blocks_, b, p, x_.tb, x_.b, out, P::width); }

  /// Row panel q of A in block b: in place or packed.
  const T* a_of(Index b, Index q) const {
    const Index row = rows_.begin(q), k = blocks_.first(b);
    if (layout_.a_in_place)
      return transposed_a_ ? x_.a.data + k * x_.a.stride + row : x_.a.data + row * x_.a.stride + k;
    return transposed_a_ ? packed_a_ + (q - begin_) * layout_.a_piece : packed_row(q);
  }
  T* packed_row(Index q) const { return packed_a_ + (rows_.begin(q) - rows_.begin(begin_)) * layout_.a_row; }

  /// Packs row panel q of block b, just before its first use; fetches the next one.
  void pack_rows(Index b, Index q) const {
    entry<P::isa, PackAlong<P>, PackArgs<T>>()({.source = x_.a.data + rows_.begin(q) * x_.a.stride + blocks_.first(b),
                                                .source_stride = x_.a.stride,
                                                .rows = rows_.size(q),
                                                .columns = blocks_.elements(b),
                                                .out = packed_row(q),
                                                .out_stride = layout_.a_row,
                                                .ahead = q + 1 < end_ ? rows_.size(q) * x_.a.stride : 0});
  }

  void pack_pieces(Index b) const {
    using Pack = PackPieces<P>;
    entry<P::isa, Pack, typename Pack::Args>()({.copy = {.source = x_.a.data + blocks_.first(b) * x_.a.stride,
                                                         .source_stride = x_.a.stride,
                                                         .rows = blocks_.elements(b),
                                                         .out = packed_a_,
                                                         .out_stride = layout_.a_piece},
                                                .pieces = rows_,
                                                .first = begin_,
                                                .count = end_ - begin_});
  }

  /// The tiles of `rows` rows in a column panel: one, or several where the panel is too wide for so many rows.
  void run_rows(const Column& column, int rows) const {
    const int most = P::most_rows(column.vectors);
    if (rows <= most) return run_tile(column, column.tile, rows);
    const int parts = (rows + most - 1) / most, each = (rows + parts - 1) / parts;
    TileArgs<T> t = column.tile;
    for (int i = 0; i < rows; i += each) {
      run_tile(column, t, std::min(each, rows - i));
      t.a += each * t.a_row;
      t.c += each * t.c_row;
    }
  }

  void run_tile(const Column& column, const TileArgs<T>& t, int m) const {
    if (column.count == column.vectors * P::lanes)
      run_full(column, t, m);
    else
      run_edge(column, t, m);
  }

  void run_full(const Column& column, const TileArgs<T>& t, int m) const {
    using K = KernelPath<P>;
    (transposed_a_ ? Tiles<K, true>::get(m, column.vectors) : Tiles<K, false>::get(m, column.vectors))(t);
    if (column.last && x_.epilogue.activation == Activation::gelu_tanh)
      entry<P::isa, GeluTile<K>, ActivateArgs<T>>()({.c = t.c, .c_row = t.c_row, .rows = m, .vectors = column.vectors});
  }

  /// A tile with fewer columns than its vectors have lanes: computed aside, in full.
  void run_edge(const Column& column, TileArgs<T> t, int m) const {
    alignas(64) T tile[P::sums * P::lanes], bias[3 * P::lanes] = {};
    T* const c = t.c;
    const Index c_row = t.c_row;
    const auto bytes = static_cast<std::size_t>(column.count) * sizeof(T);
    t.c = tile;
    t.c_row = column.vectors * P::lanes;
    if (t.accumulate)
      for (int i = 0; i < m; ++i) std::memcpy(tile + i * t.c_row, c + i * c_row, bytes);
    if (t.bias) t.bias = static_cast<const T*>(std::memcpy(bias, t.bias, bytes));
    run_full(column, t, m);
    for (int i = 0; i < m; ++i) std::memcpy(c + i * c_row, tile + i * t.c_row, bytes);
  }

  const Product<T>& x_;
  const Layout<P> layout_;
  const Panels<P> panels_;
  const Blocks<P> blocks_;
  const Pieces rows_;  ///< the row panels
  const bool transposed_a_;
  T *packed_a_, *packed_b_;
  Index begin_ = 0, end_ = 0;  ///< row panels that share the packed A now
};

/// How the tiles of a product are shared out: a grid of parts, and the number of row panels.
struct Grid {
  Index row_panels = 1, rows = 1, columns = 1;
};

/// The grid of `team` parts whose largest takes least time.
template <class P> Grid choose_grid(const Product<typename P::T>& x, int team) {
  const Index m = x.shape.m;
  Grid grid{.row_panels = (m + P::rows - 1) / P::rows};
  if (team == 1) return grid;
  const Index even = (grid.row_panels + team - 1) / team * team;  // equal parts, if that does not make slivers
  if (m >= even * (P::rows / 2 - 1)) grid.row_panels = even;
  const Panels<P> panels{x.shape.n};
  const Index count = panels.count(), vectors = panels.padded() / P::lanes;
  const Index packing = Layout<P>(x).packs_b(x) ? x.tb == Transpose::yes ? 10 : 4 : 0;  // a vector, in rows of sums
  Index best = 0;
  for (Index rows = 1; rows <= team; ++rows) {
    const Index columns = team / rows;
    if (team % rows || rows > grid.row_panels || columns > count) continue;
    const Index width = columns == 1 ? vectors : (count + columns - 1) / columns * P::vectors + 1;
    const Index cost = ((grid.row_panels + rows - 1) / rows * P::rows + packing) * width;
    if (best && cost >= best) continue;
    best = cost;
    grid.rows = rows;
    grid.columns = columns;
  }
  return grid;
}

/// Products up to this size (about 20 microseconds on one core) run on the calling thread.
inline constexpr Index serial_products = Index{3} << 18;

/// Threads that a product is worth.
inline int team_for(const GemmShape& s) { return s.m * s.n * s.k <= serial_products ? 1 : threads(); }

/// Packs all of B[k, n] (or, transposed, from [n, k]).
template <class P> void pack(Index n, Index k, Transpose tb, Matrix<const typename P::T> b, typename P::T* packed) {
  if (n == 0) return;
  const Panels<P> panels{n};
  const Blocks<P> blocks{k};
  const Index count = panels.count();
  const Index grain = std::max<Index>(1, 32768 / std::max<Index>(1, blocks.longest() * P::width));
  parallel_for(count * blocks.count(), grain, [&](Index first, Index last) {
    for (Index i = first; i < last; ++i) {
      const Index block = i / count, p = i % count;
      pack_panel(panels, blocks, block, p, tb, b, packed + panel_offset(panels, blocks, block, p));
    }
  });
}

/// Computes a product on the team. `workspace` holds workspace_size<P>() numbers.
template <class P> void run(const Product<typename P::T>& x, typename P::T* workspace) {
  if (x.shape.m == 0 || x.shape.n == 0) return;
  const Grid grid = choose_grid<P>(x, team_for(x.shape));
  const Index count = Panels<P>{x.shape.n}.count(), size = Layout<P>(x).size();
  const auto part = [&](int t) {
    const Index r = t / grid.columns, c = t % grid.columns;
    Worker<P>(x, grid.row_panels, workspace + t * size)
        .run(grid.row_panels * r / grid.rows, grid.row_panels * (r + 1) / grid.rows, count * c / grid.columns,
             count * (c + 1) / grid.columns);
  };
  parallel_tasks(static_cast<int>(grid.rows * grid.columns), part);
}

/// Numbers of workspace that run() needs for any strides.
template <class P> Index workspace_size(const GemmShape& s, Transpose ta, bool b_is_packed) {
  return Layout<P>(s, ta, b_is_packed).size() * team_for(s);
}

}  // namespace atelier::inline v0::kernels::gemm_impl
