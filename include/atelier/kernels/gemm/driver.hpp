/// Computes a product: packs what is not read in place, and shares its tiles out to the threads.
#pragma once

#include "atelier/kernels/gemm/plan.hpp"
#include "atelier/parallel/team.hpp"

namespace atelier::inline v0::kernels::gemm_impl {

/// Products up to this size run on the calling thread: a region would cost more than it gives.
inline constexpr Index serial_products = Index{1} << 16;

/// Threads that a product is worth.
inline int team_for(const GemmShape& s) { return s.m * s.n * s.k <= serial_products ? 1 : threads(); }

/// Packs panels [first, end) of B[k, n] (or, transposed, from [n, k]); place(block, panel) is where one goes. Long
/// panels are cut, so that all threads take part.
template <class P, class Place>
void pack_panels(Index first, Index end, Index n, Index k, Transpose tb, Matrix<const typename P::T> b,
                 const Place& place) {
  constexpr Index steps = 4 * P::lanes;  // of a panel at a time
  const Panels<P> panels{n};
  const Blocks<P> blocks{k};
  const Index count = end - first, parts = (blocks.longest() + steps - 1) / steps;
  parallel_for(blocks.count() * count * parts, 2, [&](Index begin, Index stop) {
    for (Index i = begin; i < stop; ++i) {
      const Index block = i / (count * parts), p = first + i / parts % count, step = i % parts * steps;
      if (step < blocks.length(block)) pack_panel(panels, blocks, {block, p, step, steps}, tb, b, place(block, p));
    }
  });
}

/// Packs all of B[k, n] (or, transposed, from [n, k]).
template <class P> void pack(Index n, Index k, Transpose tb, Matrix<const typename P::T> b, typename P::T* packed) {
  if (n == 0) return;
  const Panels<P> panels{n};
  const Blocks<P> blocks{k};
  pack_panels<P>(0, panels.count(), n, k, tb, b,
                 [&](Index block, Index p) { return packed + panel_offset(panels, blocks, block, p); });
}

/// Packs the last panel of a B that is otherwise read in place, when it is narrower than its vectors.
template <class P> void pack_last(const Product<typename P::T>& x, typename P::T* packed) {
  const Panels<P> panels{x.shape.n};
  const Blocks<P> blocks{x.shape.k};
  const Index p = panels.count() - 1, width = panels.vectors(p) * P::lanes;
  if (panels.columns(p) == width) return;
  pack_panels<P>(p, p + 1, x.shape.n, x.shape.k, x.tb, x.b,
                 [&](Index block, Index) { return packed + blocks.begin(block) * width; });
}

/// Computes a product whose B is packed, read in place, or fits the workspace.
template <class P> void run_part(const Product<typename P::T>& x, typename P::T* workspace) {
  using T = typename P::T;
  const Layout<P> layout(x);
  const int team = team_for(x.shape);
  const T* packed = x.packed_b;
  if (!packed) {
    layout.b_in_place ? pack_last<P>(x, workspace) : pack<P>(x.shape.n, x.shape.k, x.tb, x.b, workspace);
    const Index taken = layout.b_in_place ? Layout<P>::last_size(x.shape) : Layout<P>::b_size(x.shape, x.shape.n);
    packed = std::exchange(workspace, workspace + taken);
  }
  const Plan<P> plan(x, packed, team);
  const auto unit = [&](Index u, int worker) { plan.run(u, workspace + worker * layout.a_size); };
  if (team > 1) return parallel_units(plan.units(), unit);
  const FlushDenormals guard;
  for (Index u = 0; u < plan.units(); ++u) unit(u, 0);
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

/// Computes a product on the team. `workspace` holds workspace_size<P>() numbers.
template <class P> void run(const Product<typename P::T>& given, typename P::T* workspace) {
  const GemmShape& s = given.shape;
  if (s.m == 0 || s.n == 0) return;
  const bool turn = !given.packed_b && is_turned<P>(s, given.ta, given.tb, given.epilogue.accumulate);
  const auto x = turn ? turned(given) : given;
  if (x.packed_b || Layout<P>(x).b_in_place) return run_part<P>(x, workspace);
  const Index part = Layout<P>::part(x.shape);
  for (Index begin = 0; begin < x.shape.n; begin += part)
    run_part<P>(columns_of(x, begin, std::min(begin + part, x.shape.n)), workspace);
}

/// Numbers of workspace that run() needs for any strides.
template <class P> Index workspace_size(const GemmShape& given, Transpose ta, Transpose tb, bool b_is_packed) {
  const GemmShape s = !b_is_packed && is_turned<P>(given, ta, tb, false) ? turned(given) : given;
  const Index a = Layout<P>(s, ta).a_size * team_for(given);
  return a + (b_is_packed ? 0 : Layout<P>::b_size(s, Layout<P>::part(s)));
}

}  // namespace atelier::inline v0::kernels::gemm_impl
