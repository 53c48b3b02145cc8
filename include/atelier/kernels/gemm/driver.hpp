/// Computes a product: packs what is not read in place, and shares its tiles out to the threads.
#pragma once

#include "atelier/kernels/gemm/plan.hpp"
#include "atelier/parallel/team.hpp"

namespace atelier::inline v0::kernels::gemm_impl {

/// Products up to this size run on the calling thread: a region would cost more than it gives.
inline constexpr Index serial_products = Index{1} << 16;

/// Threads that a product is worth.
inline int team_for(const GemmShape& s) { return s.m * s.n * s.k <= serial_products ? 1 : threads(); }

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

/// Packs panels [first, end) of B[k, n] (or, transposed, from [n, k]); place(block, panel) is where one goes. Long
/// panels are cut, so that all threads take part.
template <class T, class Place>
void pack_panels(const Kernels<T>& kernels, Index first, Index end, Index n, Index k, Transpose tb, Matrix<const T> b,
                 const Place& place) {
  const Index steps = 4 * kernels.lanes;  // of a panel at a time
  const ColumnPanels panels = kernels.panels(n);
  const Blocks<T> blocks = kernels.blocks(k);
  const Index count = end - first, parts = (blocks.longest() + steps - 1) / steps;
  parallel_for(blocks.count() * count * parts, 2, [&](Index begin, Index stop) {
    for (Index i = begin; i < stop; ++i) {
      const Index block = i / (count * parts), p = first + i / parts % count, step = i % parts * steps;
      if (step < blocks.length(block))
        pack_panel<T>(kernels, panels, blocks, {block, p, step, steps}, tb, b, place(block, p));
    }
  });
}

/// Packs all of B[k, n] (or, transposed, from [n, k]).
template <class T> void pack(const Kernels<T>& kernels, Index n, Index k, Transpose tb, Matrix<const T> b, T* packed) {
  if (n == 0) return;
  const ColumnPanels panels = kernels.panels(n);
  const Blocks<T> blocks = kernels.blocks(k);
  pack_panels<T>(kernels, 0, panels.count(), n, k, tb, b,
                 [&](Index block, Index p) { return packed + panel_offset(panels, blocks, block, p); });
}

/// Packs the last panel of a B that is otherwise read in place, when it is narrower than its vectors.
template <class T> void pack_last(const Kernels<T>& kernels, const Product<T>& x, T* packed) {
  const ColumnPanels panels = kernels.panels(x.shape.n);
  const Blocks<T> blocks = kernels.blocks(x.shape.k);
  const Index p = panels.count() - 1, width = panels.vectors(p) * kernels.lanes;
  if (panels.columns(p) == width) return;
  pack_panels<T>(kernels, p, p + 1, x.shape.n, x.shape.k, x.tb, x.b,
                 [&](Index block, Index) { return packed + blocks.begin(block) * width; });
}

/// Computes a product whose B is packed, read in place, or fits the workspace.
template <class T> void run_part(const Kernels<T>& kernels, const Product<T>& x, T* workspace) {
  const Layout<T> layout(kernels, x);
  const int team = team_for(x.shape);
  const T* packed = x.packed_b;
  if (!packed) {
    layout.b_in_place ? pack_last(kernels, x, workspace) : pack(kernels, x.shape.n, x.shape.k, x.tb, x.b, workspace);
    const Index taken =
        layout.b_in_place ? Layout<T>::last_size(kernels, x.shape) : Layout<T>::b_size(kernels, x.shape, x.shape.n);
    packed = std::exchange(workspace, workspace + taken);
  }
  const Plan<T> plan(kernels, x, packed, team);
  const auto unit = [&](Index u, int worker) {
    const TileRegisters registers(kernels.tiled);
    plan.run(u, workspace + worker * layout.a_size);
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

/// Computes a product on the team. `workspace` holds workspace_size() numbers.
template <class T> void run(const Kernels<T>& kernels, const Product<T>& given, T* workspace) {
  const GemmShape& s = given.shape;
  if (s.m == 0 || s.n == 0) return;
  const bool turn = !given.packed_b && is_turned(kernels, s, given.ta, given.tb, given.epilogue.accumulate);
  const auto x = turn ? turned(given) : given;
  if (x.packed_b || Layout<T>(kernels, x).b_in_place) return run_part(kernels, x, workspace);
  const Index part = Layout<T>::part(kernels, x.shape);
  for (Index begin = 0; begin < x.shape.n; begin += part)
    run_part(kernels, columns_of(x, begin, std::min(begin + part, x.shape.n)), workspace);
}

/// Numbers of workspace that run() needs for any strides.
template <class T>
Index workspace_size(const Kernels<T>& kernels, const GemmShape& given, Transpose ta, Transpose tb, bool b_is_packed) {
  const auto size = [&](const GemmShape& s) {
    const Index a = Layout<T>(kernels, s, ta).a_size * team_for(s);
    return a + (b_is_packed ? 0 : Layout<T>::b_size(kernels, s, Layout<T>::part(kernels, s)));
  };
  const bool may_turn = !b_is_packed && is_turned(kernels, given, ta, tb, false);  // unless it accumulates
  return may_turn ? std::max(size(given), size(turned(given))) : size(given);
}

}  // namespace atelier::inline v0::kernels::gemm_impl
