/// Rows by number: gathering them, and adding into them. Sums are made in the order of the numbers, whoever computes.
#pragma once

#include <algorithm>

#include "atelier/kernels/permute.hpp"

namespace atelier::inline v0::kernels {

/// out[o, k, :] = x[o, index[k], :] for o in [0, outer), x: [outer, n, inner]. The indices are in range.
template <class T>
void take(T* out, const T* x, const std::int32_t* index, Index outer, Index n, Index count, Index inner) {
  parallel_for(outer * count, copy_grain / std::max<Index>(inner, 1) + 1, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i)
      std::copy_n(x + (i / count * n + index[i % count]) * inner, inner, out + i * inner);
  });
}

/// out[o, index[k], :] += g[o, k, :]. Threads share the outermost blocks, or the innermost elements when there is one.
template <class T>
void add_at(T* out, const T* g, const std::int32_t* index, Index outer, Index n, Index count, Index inner) {
  const auto add = [&](Index o, Index begin, Index end) {
    for (Index k = 0; k < count; ++k) {
      T* to = out + (o * n + index[k]) * inner;
      const T* from = g + (o * count + k) * inner;
      for (Index i = begin; i < end; ++i) to[i] += from[i];
    }
  };
  const Index work = std::max<Index>(count, 1);
  if (outer == 1) {
    parallel_for((inner + 15) / 16, copy_grain / (16 * work) + 1,
                 [&](Index a, Index b) { add(0, a * 16, std::min(inner, b * 16)); });
  } else {
    parallel_for(outer, copy_grain / (std::max<Index>(inner, 1) * work) + 1, [&](Index a, Index b) {
      for (Index o = a; o < b; ++o) add(o, 0, inner);
    });
  }
}

}  // namespace atelier::inline v0::kernels
