/// Products with a small result and a long reduction (weight gradients of narrow layers): too few tiles for the
/// threads, so the reduction itself is cut, always into the same parts, whose results are added in the same order.
#pragma once

#include "atelier/kernels/gemm/driver.hpp"

namespace atelier::inline v0::kernels::gemm_impl {

inline constexpr Index split_parts = 8;

/// Whether a product is computed in split_parts parts; depends on the sizes only.
template <class P> bool is_split(const GemmShape& s, Transpose ta, Transpose tb) {
  const Index tiles = (s.m + P::rows - 1) / P::rows * Panels<P>{s.n}.count();
  return ta == Transpose::yes && tb == Transpose::no && s.k >= 1024 && tiles < split_parts;
}

/// The part [k0, k1) of a product's reduction, to be stored at `out`, [m, n], without epilogue.
template <class T> Product<T> part_of(const Product<T>& x, Index k0, Index k1, T* out) {
  Product<T> part = x;
  part.shape.k = k1 - k0;
  part.a.data += k0 * x.a.stride;
  part.b.data += k0 * x.b.stride;
  part.c = {out, x.shape.n};
  part.epilogue = {};
  return part;
}

/// C = epilogue(sum of the parts), each [m, n].
template <class T> void add_parts(const Product<T>& x, const T* parts) {
  const Index m = x.shape.m, n = x.shape.n;
  for (Index i = 0; i < m; ++i) {
    T* c = x.c.data + i * x.c.stride;
    for (Index j = 0; j < n; ++j) {
      T sum = parts[i * n + j];
      for (Index s = 1; s < split_parts; ++s) sum += parts[(s * m + i) * n + j];
      c[j] = x.epilogue.accumulate ? c[j] + sum : sum;
    }
  }
}

/// Numbers of workspace of one part.
template <class P> Index part_size(GemmShape s) {
  s.k = (s.k + split_parts - 1) / split_parts;
  return Layout<P>(s, Transpose::yes).a_size + Layout<P>::b_size(s, s.n);
}
inline Index result_size(const GemmShape& s) { return (s.m * s.n + 15) / 16 * 16; }

template <class P> Index split_workspace_size(const GemmShape& s) {
  return split_parts * result_size(s) + unit_workers(split_parts) * part_size<P>(s);
}

/// C = [C +] A B with transposed A and unpacked B.
template <class P> void run_split(const Product<typename P::T>& x, typename P::T* workspace) {
  using T = typename P::T;
  const GemmShape& s = x.shape;
  T* const parts = workspace;
  T* const own = workspace + split_parts * result_size(s);
  const Index size = part_size<P>(s);
  parallel_units(split_parts, [&](Index i, int worker) {
    const auto part = part_of(x, s.k * i / split_parts, s.k * (i + 1) / split_parts, parts + i * s.m * s.n);
    run_part<P>(part, own + worker * size);
  });
  add_parts(x, parts);
}

}  // namespace atelier::inline v0::kernels::gemm_impl
