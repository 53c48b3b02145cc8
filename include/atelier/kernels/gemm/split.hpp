/// Products whose reduction is cut, always into the same parts, whose results are added in the same order.
///
/// Two kinds gain. Weight gradients of narrow layers have a small result and too few tiles for the threads. Gradients
/// of a few inputs, dX = dY W, have little work for each element of W: what counts is that a thread reads those rows
/// of W which it also updates. Otherwise each core asks for the other's lines, and takes them back when W is written.
#pragma once

#include "atelier/kernels/gemm/driver.hpp"

namespace atelier::inline v0::kernels::gemm_impl {

/// Parts that a product's reduction is cut into: 1 for most. Depends on the sizes only.
template <class T> Index parts_of(const Kernels<T>& kernels, const GemmShape& s, Transpose ta, Transpose tb) {
  constexpr Index few_tiles = 8, most_rows = 128, least = Index{1} << 17, most = Index{1} << 22;
  if (tb == Transpose::yes) return 1;
  if (ta == Transpose::yes)
    return s.k >= 1024 && groups_of(s.m, kernels.rows) * kernels.panels(s.n).count() < few_tiles ? few_tiles : 1;
  const Index b = s.k * s.n;  // too much for the caches comes from memory in any case
  return s.m <= most_rows && s.k >= 4 * s.m && b >= least && b <= most ? 4 : 1;
}

/// The part [k0, k1) of a product's reduction, to be stored at `out`, [m, n], without epilogue.
template <class T> Product<T> part_of(const Product<T>& x, Index k0, Index k1, T* out) {
  Product<T> part = x;
  part.shape.k = k1 - k0;
  part.a.data += x.ta == Transpose::yes ? k0 * x.a.stride : k0;
  part.b.data += k0 * x.b.stride;
  part.c = {out, x.shape.n};
  part.epilogue = {};
  return part;
}

/// Numbers of workspace of any part. Parts have two lengths; the longer one may be cut into more, shorter blocks.
template <class T> Index part_size(const Kernels<T>& kernels, GemmShape s, Transpose ta, Index parts) {
  Index most = 0;
  for (const Index k : {s.k / parts, (s.k + parts - 1) / parts}) {
    s.k = k;
    most = std::max(most, Layout<T>(kernels, s, ta).a_size + Layout<T>::b_size(kernels, s));
  }
  return most;
}
inline Index result_size(const GemmShape& s) { return (s.m * s.n + 15) / 16 * 16; }

template <class T>
Index split_workspace_size(const Kernels<T>& kernels, const GemmShape& s, Transpose ta, Index parts) {
  return parts * result_size(s) + unit_workers(parts) * part_size(kernels, s, ta, parts);
}

/// C = [C +] A B with unpacked B, in `parts` parts.
template <class T> void run_split(const Kernels<T>& kernels, const Product<T>& x, Index parts, T* workspace) {
  const GemmShape& s = x.shape;
  T* const results = workspace;
  T* const own = workspace + parts * result_size(s);
  const Index size = part_size(kernels, s, x.ta, parts);
  parallel_units(parts, [&](Index i, int worker) {
    const auto part = part_of(x, s.k * i / parts, s.k * (i + 1) / parts, results + i * result_size(s));
    const BlockRange all{0, kernels.blocks(part.shape.k).count()};
    const CopiesOfB one{Layout<T>::b_size(kernels, part.shape), 1};
    run_blocks<T>(kernels, part, Layout<T>(kernels, part), all, nullptr, one, 1, own + worker * size);
  });
  const Index grain = 8192 / std::max<Index>(1, s.n) + 1;
  parallel_for(s.m, grain, [&](Index begin, Index end) {
    kernels.add_parts({.parts = results,
                       .count = parts,
                       .size = result_size(s),
                       .begin = begin,
                       .end = end,
                       .columns = s.n,
                       .c = x.c,
                       .accumulate = x.epilogue.accumulate});
  });
}

}  // namespace atelier::inline v0::kernels::gemm_impl
