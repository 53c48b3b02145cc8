/// Computes a product: packs what is not read in place, and shares its tiles out to the threads.
#pragma once

#include "atelier/kernels/gemm/plan.hpp"
#include "atelier/parallel/team.hpp"

namespace atelier::inline v0::kernels::gemm_impl {

/// Products up to this size run on the calling thread: a region would cost more than it gives.
inline constexpr Index serial_products = Index{1} << 16;

/// Threads that a product is worth.
inline int team_for(const GemmShape& s) {
  return s.m * s.n * s.k <= serial_products ? 1 : std::min(threads(), most_workers);
}

/// Units [step, step + steps) of panel p of block b in a packed B, or as many as there are.
struct PanelPart {
  Index block, panel, step, steps;
};

/// Packs a part of a panel; `out` is where the panel begins, `step` a multiple of the lanes.
template <class T>
void pack_panel(const Kernels<T>& kernels, const ColumnPanels& panels, const Blocks<T>& blocks, const PanelPart& part,
                Transpose t, Matrix<const T> source, T* out) {
  const Index skipped = part.step * kernels.elements, column = panels.begin(part.panel);
  const Index count = panels.columns(part.panel), k = blocks.first(part.block) + skipped;
  const Index length = std::min(part.steps * kernels.elements, blocks.elements(part.block) - skipped);
  const int v = panels.vectors(part.panel), width = v * kernels.lanes;
  PackArgs<T> args{.source_stride = source.stride, .out = out + part.step * width, .out_stride = width};
  if (t == Transpose::no) {
    args.source = source.data + k * source.stride + column;
    args.rows = length;
    args.columns = count;
    kernels.pack_across[v - 1](args);
  } else {
    args.source = source.data + column * source.stride + k;
    args.rows = count;
    args.columns = length;
    kernels.pack_transposed(args);
  }
}

/// Place of panel p of block b in a packed B.
template <class T> Index panel_offset(const ColumnPanels& panels, const Blocks<T>& blocks, Index b, Index p) {
  return blocks.begin(b) * panels.padded() + panels.begin(p) * blocks.length(b);
}

/// Packs panels [first, end) of some blocks of B[k, n] (or, transposed, from [n, k]); place(block, panel) is where one
/// goes. Panels are packed piece by piece, in the order in which the source stands in memory, and by all threads.
template <class T, class Place>
void pack_panels(const Kernels<T>& kernels, BlockRange range, Index first, Index end, Index n, Index k, Transpose tb,
                 Matrix<const T> b, const Place& place) {
  const Index steps = 4 * kernels.lanes;  // of a panel at a time
  const ColumnPanels panels = kernels.panels(n);
  const Blocks<T> blocks = kernels.blocks(k);
  const Index count = end - first, parts = (blocks.longest() + steps - 1) / steps;
  parallel_for((range.end - range.first) * count * parts, 2, [&](Index begin, Index stop) {
    for (Index i = begin; i < stop; ++i) {
      const Index block = range.first + i / (count * parts), j = i % (count * parts);
      const bool along = tb == Transpose::yes;
      const Index p = first + (along ? j / parts : j % count), step = (along ? j % parts : j / count) * steps;
      if (step < blocks.length(block))
        pack_panel<T>(kernels, panels, blocks, {block, p, step, steps}, tb, b, place(block, p));
    }
  });
}

/// Packs blocks of B[k, n] (or, transposed, from [n, k]).
template <class T>
void pack_blocks(const Kernels<T>& kernels, BlockRange range, Index n, Index k, Transpose tb, Matrix<const T> b,
                 T* packed) {
  const ColumnPanels panels = kernels.panels(n);
  const Blocks<T> blocks = kernels.blocks(k);
  const Index begin = panel_offset(panels, blocks, range.first, 0);
  pack_panels<T>(kernels, range, 0, panels.count(), n, k, tb, b,
                 [&](Index block, Index p) { return packed + panel_offset(panels, blocks, block, p) - begin; });
}
/// Packs all of B[k, n] (or, transposed, from [n, k]).
template <class T> void pack(const Kernels<T>& kernels, Index n, Index k, Transpose tb, Matrix<const T> b, T* packed) {
  if (n == 0) return;
  pack_blocks(kernels, {0, kernels.blocks(k).count()}, n, k, tb, b, packed);
}

/// Packs the last panel of a B that is otherwise read in place, when it is narrower than its vectors.
template <class T> void pack_last(const Kernels<T>& kernels, const Product<T>& x, T* packed) {
  const ColumnPanels panels = kernels.panels(x.shape.n);
  const Blocks<T> blocks = kernels.blocks(x.shape.k);
  const Index p = panels.count() - 1, width = panels.vectors(p) * kernels.lanes;
  if (panels.columns(p) == width) return;
  pack_panels<T>(kernels, {0, blocks.count()}, p, p + 1, x.shape.n, x.shape.k, x.tb, x.b,
                 [&](Index block, Index) { return packed + blocks.begin(block) * width; });
}

/// Packs all of A. A worker packs about those rows that it will use: their lines need not come from another core.
template <class T>
void pack_a(const Kernels<T>& kernels, const Product<T>& x, const Layout<T>& layout, int team, T* packed) {
  const Pieces rows = row_panels_of(x.shape.m, kernels.rows, team);
  const Index together = rows_together(kernels), blocks = kernels.blocks(x.shape.k).count();
  const auto pack_group = [&](Index u, int) {
    const Index b = u % blocks, q0 = u / blocks * together;
    pack_rows(kernels, x, layout, rows, b, q0, std::min(q0 + together, rows.count),
              packed + b * layout.a_block(rows) + layout.a_offset(rows, 0, q0));
  };
  parallel_units(groups_of(rows.count, together) * blocks, pack_group, team);
}

/// What is packed of an unpacked B at a time: its numbers, and whether all threads share it or each makes its own.
struct CopiesOfB {
  Index size = 0;
  int count = 0;  ///< 1 to share one, else one for each worker; 0 where B was packed beforehand
};
/// A small B that many rows use is packed by each worker for itself: that takes some per cent of a worker's time, but
/// spares the threads a meeting and the lines that another core has just written.
inline CopiesOfB copies_of_b(const GemmShape& s, Index size, int team) {
  constexpr Index small = Index{1} << 17, rows_each = 64;
  return {size, size <= small && s.m >= rows_each * team ? team : 1};
}

/// Computes blocks `range` of a product; all of them where B is read in place. `a`: all of A, packed; or null. The
/// workspace has room for the copies of B and then, for each worker, Layout::a_size numbers.
template <class T>
void run_blocks(const Kernels<T>& kernels, const Product<T>& x, const Layout<T>& layout, BlockRange range, const T* a,
                const CopiesOfB& copies, int team, T* workspace) {
  T* const own_a = workspace + copies.count * copies.size;
  const auto pack_b = [&](T* out) {
    layout.b_in_place ? pack_last(kernels, x, out) : pack_blocks(kernels, range, x.shape.n, x.shape.k, x.tb, x.b, out);
    return out;
  };
  const T* const shared_b = copies.count == 1 ? pack_b(workspace) : x.packed_b;
  const T* own_b[most_workers] = {};
  const Plan<T> plan(kernels, x, layout, a, range, team);
  const auto unit = [&](Index u, int worker) {
    const TileRegisters registers(kernels.tiled);
    const T*& b = own_b[worker];
    if (!b) b = shared_b ? shared_b : pack_b(workspace + worker * copies.size);
    plan.run(u, b, own_a + worker * layout.a_size);
  };
  parallel_units(plan.units(), unit, team);
}

/// The columns [begin, end) of a product.
template <class T> Product<T> columns_of(const Product<T>& x, Index begin, Index end) {
  Product<T> part = x;
  part.shape.n = end - begin;
  part.b.data += x.tb == Transpose::yes ? begin * x.b.stride : begin;
  part.c.data += x.turned ? begin * x.c.stride : begin;
  if (x.epilogue.bias && !x.turned) part.epilogue.bias += begin;
  return part;
}

/// Columns for each worker, where each computes all rows of some columns and packs only those of B; 0 where workers
/// share out rows, and each would pack all of B. Everyone reads all of A then: it is small, and there is nothing to
/// pack. Shares are equal and fill tiles, because no worker can help another.
template <class T>
Index own_columns(const Kernels<T>& kernels, const Product<T>& x, const Layout<T>& layout, const CopiesOfB& copies,
                  int team) {
  constexpr Index most_rows = 1024, small = Index{1} << 20;
  const GemmShape& s = x.shape;
  if (team == 1 || copies.count != team || layout.b_in_place || !layout.a_in_place) return 0;
  const Index each = s.n / team;
  const bool equal = s.n % team == 0 && each % kernels.lanes == 0 && each >= 2 * kernels.lanes;
  return equal && s.m <= most_rows && s.m * s.k <= small ? each : 0;
}
/// Computes a product so. A B that each worker may pack is far smaller than a portion, so these columns of all blocks
/// are one. The workspace has room for b_size and Layout::a_size numbers a worker, as it has for whole copies of B.
template <class T>
void run_columns(const Kernels<T>& kernels, const Product<T>& x, const Layout<T>& layout, Index each, Index b_size,
                 int team, T* workspace) {
  const BlockRange all{0, kernels.blocks(x.shape.k).count()};
  const T* const packed_a = nullptr;
  parallel_units(
      team,
      [&](Index i, int worker) {
        run_blocks(kernels, columns_of(x, i * each, (i + 1) * each), layout, all, packed_a, {b_size, 1}, 1,
                   workspace + worker * (b_size + layout.a_size));
      },
      team);
}

/// Numbers in all of A, packed.
template <class T> Index whole_a_size(const Kernels<T>& kernels, const GemmShape& s, const Layout<T>& layout) {
  const Index block = layout.a_block(row_panels_of(s.m, kernels.rows, team_for(s)));
  return (block * kernels.blocks(s.k).count() + 15) / 16 * 16;
}
/// Times that A is read, at most, if each unit packs its own rows of it.
template <class T> Index readings_of_a(const Kernels<T>& kernels, const Product<T>& x, const Layout<T>& layout) {
  const Index columns = x.packed_b || layout.b_in_place ? x.shape.n : Layout<T>::portion(kernels, x.shape).columns;
  return groups_of(x.shape.n, columns) * choose_units(kernels, x, layout, team_for(x.shape)).column_groups;
}
/// Whether A is packed as a whole, once.
template <class T> bool packs_whole_a(const Kernels<T>& kernels, const Product<T>& x, const Layout<T>& layout) {
  return !layout.a_in_place && whole_a_size(kernels, x.shape, layout) <= Layout<T>::most_packed &&
         readings_of_a(kernels, x, layout) > 2;
}
/// Numbers of workspace for that; never fewer for more rows, so that a workspace serves smaller products, too.
template <class T>
Index whole_a_room(const Kernels<T>& kernels, const GemmShape& s, const Layout<T>& layout, bool b_is_packed) {
  const bool at_once = b_is_packed || Layout<T>::portion(kernels, s).columns >= s.n;
  return at_once && team_for(s) == 1 ? 0 : std::min(whole_a_size(kernels, s, layout), Layout<T>::most_packed);
}

/// Computes a product on the team. `workspace` holds workspace_size() numbers.
template <class T> void run(const Kernels<T>& kernels, const Product<T>& given, T* workspace) {
  const GemmShape& s = given.shape;
  if (s.m == 0 || s.n == 0) return;
  const bool turn = !given.packed_b && is_turned(kernels, s, given.ta, given.tb, given.epilogue.accumulate);
  const auto x = turn ? turned(given) : given;
  const int team = team_for(s);
  const Layout<T> layout(kernels, x);
  const T* a = nullptr;
  if (packs_whole_a(kernels, x, layout)) {
    pack_a(kernels, x, layout, team, workspace);
    a = std::exchange(workspace, workspace + whole_a_size(kernels, x.shape, layout));
  }
  const Index blocks = kernels.blocks(x.shape.k).count();
  const auto some = x.packed_b || layout.b_in_place ? typename Layout<T>::Portion{x.shape.n, blocks}
                                                    : Layout<T>::portion(kernels, x.shape);
  const Index b_size =
      layout.b_in_place ? Layout<T>::last_size(kernels, x.shape) : Layout<T>::b_size(kernels, x.shape, some);
  const CopiesOfB copies = x.packed_b ? CopiesOfB{} : copies_of_b(x.shape, b_size, team);
  if (const Index each = own_columns(kernels, x, layout, copies, team))
    return run_columns(kernels, x, layout, each, b_size, team, workspace);
  for (Index b = 0; b < blocks; b += some.blocks)
    for (Index begin = 0; begin < x.shape.n; begin += some.columns)
      run_blocks(kernels, columns_of(x, begin, std::min(begin + some.columns, x.shape.n)), layout,
                 {b, std::min(b + some.blocks, blocks)}, a, copies, team, workspace);
}

/// Numbers of workspace that run() needs for any strides.
template <class T>
Index workspace_size(const Kernels<T>& kernels, const GemmShape& given, Transpose ta, Transpose tb, bool b_is_packed) {
  const auto size = [&](const GemmShape& s) {
    const Layout<T> layout(kernels, s, ta);
    const Index a = layout.a_size * team_for(s) + whole_a_room(kernels, s, layout, b_is_packed);
    const auto room = [&](Index b_size) { return copies_of_b(s, b_size, team_for(s)).count * b_size; };
    return b_is_packed ? a
                       : a + std::max(room(Layout<T>::b_size(kernels, s, Layout<T>::portion(kernels, s))),
                                      room(Layout<T>::last_size(kernels, s)));
  };
  const bool may_turn = !b_is_packed && is_turned(kernels, given, ta, tb, false);  // unless it accumulates
  return may_turn ? std::max(size(given), size(turned(given))) : size(given);
}

}  // namespace atelier::inline v0::kernels::gemm_impl
