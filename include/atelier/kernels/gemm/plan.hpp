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

/// Units of some microseconds, and two dozen or more for each worker where the product has as much work: then a worker
/// that is held up costs the others little. Where A is packed, a unit keeps its rows together.
template <class T>
Units choose_units(const Kernels<T>& kernels, const Product<T>& x, const Layout<T>& layout, int workers) {
  constexpr Index least = Index{1} << 18, each = 24;  // products in a unit; units for each worker
  const GemmShape& s = x.shape;
  Units u{.row_panels = groups_of(s.m, kernels.rows), .column_panels = kernels.panels(s.n).count()};
  const Index even = groups_of(u.row_panels, workers) * workers;  // equal parts, if that makes no slivers
  if (s.m >= even * (kernels.rows / 2 - 1)) u.row_panels = even;
  const Index tile = std::max<Index>(1, kernels.rows * kernels.width() * s.k);
  const Index tiles = std::max<Index>(1, std::max(least, s.m * s.n * s.k / (workers * each)) / tile);
  if (layout.a_in_place && !layout.along_rows) {
    u.row_groups = groups_of(u.row_panels, std::min(layout.block, tiles));
    u.column_groups = groups_of(u.column_panels, std::max<Index>(1, u.row_groups > 1 ? 1 : tiles / u.row_panels));
    return u;
  }
  const Index together = std::min(rows_together, layout.block);
  u.row_groups = groups_of(u.row_panels, std::clamp<Index>(tiles / u.column_panels, together, layout.block));
  if (workers > 1)
    u.column_groups = std::clamp<Index>(groups_of(8 * workers, u.row_groups), 1, groups_of(u.column_panels, 4));
  return u;
}

template <class T> class Plan {
 public:
  /// `packed_b` holds B, or its last panel only when that is read in place otherwise.
  Plan(const Kernels<T>& kernels, const Product<T>& x, const T* packed_b, int workers)
      : kernels_(kernels),
        x_(x),
        layout_(kernels, x),
        panels_(kernels.panels(x.shape.n)),
        blocks_(kernels.blocks(x.shape.k)),
        units_(choose_units(kernels, x, layout_, workers)),
        rows_{x.shape.m, units_.row_panels},
        transposed_a_(x.ta == Transpose::yes),
        packed_b_(packed_b) {}

  Index units() const { return units_.count(); }
  /// Computes unit u; `workspace` holds Layout::a_size numbers.
  void run(Index u, T* workspace) const {
    const Pieces rows = units_.rows(), columns = units_.columns();
    const Index i = u / units_.column_groups, j = u % units_.column_groups;
    const Unit unit{rows.begin(i), rows.begin(i + 1), columns.begin(j), columns.begin(j + 1), workspace};
    for (Index b = 0; b < blocks_.count(); ++b) {
      if (!layout_.a_in_place) pack_a(unit, b);
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
      Column column = column_of(b, p);
      for (Index q = q0; q < q1; ++q) {
        column.tile.a = a_of(unit, b, q);
        run_rows(column, rows_.begin(q), static_cast<int>(rows_.size(q)));
      }
    }
  }

  Column column_of(Index b, Index p) const {
    Column column;
    column.panel = p;
    column.vectors = panels_.vectors(p);
    column.count = static_cast<int>(panels_.columns(p));
    column.last = b == blocks_.count() - 1;
    TileArgs<T>& t = column.tile;
    t.units = blocks_.length(b);
    t.a_row = transposed_a_ ? 1 : layout_.a_in_place ? x_.a.stride : layout_.a_row;
    t.a_step = !transposed_a_ ? 1 : layout_.a_in_place ? x_.a.stride : kernels_.slot;
    t.c_row = x_.c.stride;
    t.accumulate = x_.epilogue.accumulate || b > 0;
    t.bias = column.last && x_.epilogue.bias && !x_.turned ? x_.epilogue.bias + panels_.begin(p) : nullptr;
    t.relu = column.last && x_.epilogue.activation == Activation::relu && !x_.turned;
    set_b(column, b, p);
    return column;
  }

  void set_b(Column& column, Index b, Index p) const {
    TileArgs<T>& t = column.tile;
    const bool in_place = layout_.b_in_place && column.count == column.vectors * kernels_.lanes;
    const Index width = column.vectors * kernels_.lanes;
    t.b_step = in_place ? x_.b.stride : width;
    t.b_ahead = in_place && layout_.along_rows ? width : 0;  // the next panel's row
    if (in_place) {
      t.b = x_.b.data + blocks_.first(b) * x_.b.stride + panels_.begin(p);
    } else {
      t.b = packed_b_ + (layout_.b_in_place ? blocks_.begin(b) * t.b_step : panel_offset(panels_, blocks_, b, p));
    }
  }

  /// Row panel q of A in block b: in place or packed.
  const T* a_of(const Unit& unit, Index b, Index q) const {
    const Index row = rows_.begin(q), k = blocks_.first(b);
    if (layout_.a_in_place)
      return transposed_a_ ? x_.a.data + k * x_.a.stride + row : x_.a.data + row * x_.a.stride + k;
    return unit.packed_a +
           (transposed_a_ ? (q - unit.q0) * layout_.a_piece : (row - rows_.begin(unit.q0)) * layout_.a_row);
  }

  void pack_a(const Unit& unit, Index b) const {
    const Index row = rows_.begin(unit.q0), k = blocks_.first(b);
    if (transposed_a_) {
      kernels_.pack_pieces({.copy = {.source = x_.a.data + k * x_.a.stride,
                                     .source_stride = x_.a.stride,
                                     .rows = blocks_.elements(b),
                                     .out = unit.packed_a,
                                     .out_stride = layout_.a_piece},
                            .pieces = rows_,
                            .first = unit.q0,
                            .count = unit.q1 - unit.q0});
    } else {
      kernels_.pack_along({.source = x_.a.data + row * x_.a.stride + k,
                           .source_stride = x_.a.stride,
                           .rows = rows_.begin(unit.q1) - row,
                           .columns = blocks_.elements(b),
                           .out = unit.packed_a,
                           .out_stride = layout_.a_row});
    }
  }

  /// The tiles of `m` rows from `row` on in a column panel: one, or several where the panel is too wide for so many.
  void run_rows(Column& column, Index row, int m) const {
    const int most = kernels_.most_rows(column.vectors), parts = (m + most - 1) / most, each = (m + parts - 1) / parts;
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
    kernels_.tile(transposed_a_, m, column.vectors)(t);
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
    run_full(column, t, m);
    kernels_.store_turned({.tile = tile,
                           .tile_row = t.c_row,
                           .rows = m,
                           .columns = column.count,
                           .c = c,
                           .c_row = x_.c.stride,
                           .bias = x_.epilogue.bias ? x_.epilogue.bias + row : nullptr,
                           .activation = x_.epilogue.activation});
  }

  const Kernels<T>& kernels_;
  const Product<T>& x_;
  const Layout<T> layout_;
  const ColumnPanels panels_;
  const Blocks<T> blocks_;
  const Units units_;
  const Pieces rows_;  ///< the row panels
  const bool transposed_a_;
  const T* const packed_b_;
};

}  // namespace atelier::inline v0::kernels::gemm_impl
