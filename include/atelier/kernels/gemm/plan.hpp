/// The tiles of a product, gathered into units that the threads share out, and how one unit is computed.
#pragma once

#include <cstring>

#include "atelier/kernels/gemm/layout.hpp"

namespace atelier::inline v0::kernels::gemm_impl {

/// The cut of a product into row panels and column panels, and of those into groups; a group of rows times a group of
/// columns is a unit.
struct Units {
  Index row_panels = 1, column_panels = 1, row_groups = 1, column_groups = 1;
  Index count() const { return row_groups * column_groups; }
  Pieces rows() const { return {row_panels, row_groups}; }
  Pieces columns() const { return {column_panels, column_groups}; }
};
inline Index groups_of(Index panels, Index most) { return (panels + most - 1) / most; }

/// m rows in panels: for each worker equally many, if that makes no slivers.
inline Pieces row_panels_of(Index m, int rows, int workers) {
  const Index least = std::max<Index>(1, groups_of(m, rows)), even = groups_of(least, workers) * workers;
  return {m, m >= even * (rows / 2 - 1) ? even : least};
}

/// Units of some microseconds, and two dozen or more for each worker where the product has as much work: then a worker
/// that is held up costs the others little. Where A is packed, a unit takes some row panels together.
template <class T>
Units choose_units(const Kernels<T>& kernels, const Product<T>& x, const Layout<T>& layout, int workers) {
  constexpr Index least = Index{1} << 18, each = 24;  // products in a unit; units for each worker
  const GemmShape& s = x.shape;
  Units u{.row_panels = row_panels_of(s.m, kernels.rows, workers).count, .column_panels = kernels.panels(s.n).count()};
  const Index tile = std::max<Index>(1, kernels.rows * kernels.width() * s.k);
  const Index tiles = std::max<Index>(1, std::max(least, s.m * s.n * s.k / (workers * each)) / tile);
  if (layout.a_in_place && !layout.along_rows) {
    u.row_groups = groups_of(u.row_panels, std::min(layout.block, tiles));
    u.column_groups = groups_of(u.column_panels, std::max<Index>(1, u.row_groups > 1 ? 1 : tiles / u.row_panels));
    return u;
  }
  const Index together = std::min(rows_together(kernels), layout.block);
  u.row_groups = groups_of(u.row_panels, std::clamp<Index>(tiles / u.column_panels, together, layout.block));
  u.row_groups = std::min(groups_of(u.row_groups, workers) * workers, u.row_panels);
  if (workers > 1)
    u.column_groups = std::clamp<Index>(groups_of(8 * workers, u.row_groups), 1, groups_of(u.column_panels, 4));
  return u;
}

/// Packs row panels [q0, q1) of block b of A.
template <class T>
void pack_rows(const Kernels<T>& kernels, const Product<T>& x, const Layout<T>& layout, const Pieces& rows, Index b,
               Index q0, Index q1, T* out) {
  const Blocks<T> blocks = kernels.blocks(x.shape.k);
  const Index row = rows.begin(q0), k = blocks.first(b), stride = x.a.stride;
  if (layout.transposed_a) {
    kernels.pack_pieces({.copy = {.source = x.a.data + k * stride,
                                  .source_stride = stride,
                                  .rows = blocks.elements(b),
                                  .out = out,
                                  .out_stride = layout.a_piece},
                         .pieces = rows,
                         .first = q0,
                         .count = q1 - q0});
  } else {
    kernels.pack_along({.source = x.a.data + row * stride + k,
                        .source_stride = stride,
                        .rows = rows.begin(q1) - row,
                        .columns = blocks.elements(b),
                        .out = out,
                        .out_stride = layout.a_row});
  }
}

template <class T> class Plan {
 public:
  /// The blocks `range` of a product's reduction, by so many workers. `packed_a`: all of A; or null, where it is read
  /// in place or packed for each unit.
  Plan(const Kernels<T>& kernels, const Product<T>& x, const Layout<T>& layout, const T* packed_a, BlockRange range,
       int workers)
      : kernels_(kernels),
        x_(x),
        layout_(layout),
        panels_(kernels.panels(x.shape.n)),
        blocks_(kernels.blocks(x.shape.k)),
        units_(choose_units(kernels, x, layout, workers)),
        rows_{x.shape.m, units_.row_panels},
        packed_a_(packed_a),
        range_(range) {}

  Index units() const { return units_.count(); }
  /// Computes unit u. `packed_b`: the blocks of the plan, or the last panel of all where the others are read in place;
  /// `workspace` holds Layout::a_size numbers.
  void run(Index u, const T* packed_b, T* workspace) const {
    const Pieces rows = units_.rows(), columns = units_.columns();
    const Index i = u / units_.column_groups, j = u % units_.column_groups;
    const Unit unit{rows.begin(i), rows.begin(i + 1), columns.begin(j), columns.begin(j + 1), packed_b, workspace};
    for (Index b = range_.first; b < range_.end; ++b) {
      if (!layout_.a_in_place && !packed_a_)
        pack_rows(kernels_, x_, layout_, rows_, b, unit.q0, unit.q1, unit.packed_a);
      if (layout_.along_rows) {
        for (Index q = unit.q0; q < unit.q1; ++q) run_tiles(unit, b, q, q + 1);
      } else {
        run_tiles(unit, b, unit.q0, unit.q1);
      }
    }
  }

 private:
  struct Unit {
    Index q0, q1, p0, p1;
    const T* packed_b;
    T* packed_a;
  };
  static constexpr int most_sums = Kernels<T>::most_sums * Kernels<T>::most_lanes;  ///< numbers in a tile
  /// What the tiles of one column panel in one block have in common.
  struct Column {
    TileArgs<T> tile;
    Index panel = 0;
    int vectors = 0, count = 0;  ///< width in vectors, and the columns that exist
    bool last = false;           ///< block of the reduction
  };

  /// The tiles of block b in row panels [q0, q1), column panel by column panel.
  void run_tiles(const Unit& unit, Index b, Index q0, Index q1) const {
    for (Index p = unit.p0; p < unit.p1; ++p) {
      Column column = column_of(unit, b, p);
      for (Index q = q0; q < q1; ++q) {
        column.tile.a = a_of(unit, b, q);
        run_rows(column, rows_.begin(q), static_cast<int>(rows_.size(q)));
      }
    }
  }

  Column column_of(const Unit& unit, Index b, Index p) const {
    Column column;
    column.panel = p;
    column.vectors = panels_.vectors(p);
    column.count = static_cast<int>(panels_.columns(p));
    column.last = b == blocks_.count() - 1;
    TileArgs<T>& t = column.tile;
    t.units = blocks_.length(b);
    t.a_row = layout_.transposed_a ? 1 : layout_.a_in_place ? x_.a.stride : layout_.a_row;
    t.a_step = !layout_.transposed_a ? 1 : layout_.a_in_place ? x_.a.stride : kernels_.slot;
    t.c_row = x_.c.stride;
    t.accumulate = x_.epilogue.accumulate || b > 0;
    t.bias = column.last && x_.epilogue.bias && !x_.turned ? x_.epilogue.bias + panels_.begin(p) : nullptr;
    t.relu = column.last && x_.epilogue.activation == Activation::relu && !x_.turned;
    set_b(column, unit, b, p);
    return column;
  }

  void set_b(Column& column, const Unit& unit, Index b, Index p) const {
    TileArgs<T>& t = column.tile;
    const bool in_place = layout_.b_in_place && column.count == column.vectors * kernels_.lanes;
    const Index width = column.vectors * kernels_.lanes;
    t.b_step = in_place ? x_.b.stride : width;
    t.b_ahead = in_place && layout_.along_rows ? width : 0;  // the next panel's row
    if (in_place) {
      t.b = x_.b.data + blocks_.first(b) * x_.b.stride + panels_.begin(p);
    } else {
      t.b = unit.packed_b + (layout_.b_in_place ? blocks_.begin(b) * t.b_step
                                                : panel_offset(panels_, blocks_, b, p) -
                                                      panel_offset(panels_, blocks_, range_.first, 0));
    }
  }

  /// Row panel q of A in block b: in place or packed.
  const T* a_of(const Unit& unit, Index b, Index q) const {
    const Index row = rows_.begin(q), k = blocks_.first(b);
    if (layout_.a_in_place) return x_.a.data + (layout_.transposed_a ? k * x_.a.stride + row : row * x_.a.stride + k);
    if (!packed_a_) return unit.packed_a + layout_.a_offset(rows_, unit.q0, q);
    return packed_a_ + b * layout_.a_block(rows_) + layout_.a_offset(rows_, 0, q);
  }

  /// The tiles of `m` rows from `row` on in a column panel: one, or several where the panel is too wide for so many.
  void run_rows(Column& column, Index row, int m) const {
    const int most = kernels_.most_rows(column.vectors);
    if (m <= most) return run_tile(column, row, m);
    const int parts = (m + most - 1) / most, each = (m + parts - 1) / parts;
    for (int i = 0; i < m; i += each) {
      run_tile(column, row + i, std::min(each, m - i));
      column.tile.a += each * column.tile.a_row;
    }
  }

  void run_tile(Column& column, Index row, int m) const {
    TileArgs<T>& t = column.tile;
    t.rows = m;
    const Index first = panels_.begin(column.panel);
    if (x_.turned) return run_turned(column, x_.c.data + first * x_.c.stride + row, row, m);
    t.c = x_.c.data + row * x_.c.stride + first;
    if (column.count == column.vectors * kernels_.lanes) {
      run_full(column, t, m);
    } else {
      run_edge(column, m);
    }
  }

  void run_full(const Column& column, const TileArgs<T>& t, int m) const {
    kernels_.tile(layout_.transposed_a, m, column.vectors)(t);
    if (column.last && x_.epilogue.activation == Activation::gelu_tanh && !x_.turned)
      kernels_.gelu({.c = t.c, .c_row = t.c_row, .rows = m, .vectors = column.vectors});
  }

  /// A tile with fewer columns than its vectors have lanes: computed aside, in full.
  void run_edge(const Column& column, int m) const {
    alignas(64) T tile[most_sums], bias[3 * Kernels<T>::most_lanes] = {};
    TileArgs<T> t = column.tile;
    const auto bytes = static_cast<std::size_t>(column.count) * sizeof(T);
    t.c = tile;
    t.c_row = column.vectors * kernels_.lanes;
    T* const c = column.tile.c;
    const Index c_row = column.tile.c_row;
    if (t.accumulate)
      for (int i = 0; i < m; ++i) std::memcpy(tile + i * t.c_row, c + i * c_row, bytes);
    if (t.bias) t.bias = static_cast<const T*>(std::memcpy(bias, t.bias, bytes));
    run_full(column, t, m);
    for (int i = 0; i < m; ++i) std::memcpy(c + i * c_row, tile + i * t.c_row, bytes);
  }

  /// A tile whose place in memory is c[column][row].
  void run_turned(const Column& column, T* c, Index row, int m) const {
    alignas(64) T tile[most_sums];
    TileArgs<T> t = column.tile;
    t.c = tile;
    t.c_row = column.vectors * kernels_.lanes;
    const TurnedArgs<T> turned{.tile = tile,
                               .tile_row = t.c_row,
                               .rows = m,
                               .columns = column.count,
                               .c = c,
                               .c_row = x_.c.stride,
                               .bias = column.last && x_.epilogue.bias ? x_.epilogue.bias + row : nullptr,
                               .activation = column.last ? x_.epilogue.activation : Activation::none};
    if (t.accumulate) kernels_.load_turned(turned);
    run_full(column, t, m);
    kernels_.store_turned(turned);
  }

  const Kernels<T>& kernels_;
  const Product<T>& x_;
  const Layout<T>& layout_;
  const ColumnPanels panels_;
  const Blocks<T> blocks_;
  const Units units_;
  const Pieces rows_;  ///< the row panels
  const T* packed_a_;
  const BlockRange range_;
};

}  // namespace atelier::inline v0::kernels::gemm_impl
