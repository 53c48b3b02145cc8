/// Cuts of a worker's memory, and of the queries into blocks.
#pragma once

#include "atelier/kernels/attention/product.hpp"
#include "atelier/kernels/attention/rows.hpp"

namespace atelier::inline v0::kernels::attention_impl {

/// Hands out parts of a workspace one after the other; without one it only counts.
template <class T> struct Carver {
  T* base = nullptr;
  Index used = 0;
  T* take(Index n) {
    T* const part = base ? base + used : nullptr;
    used += round_up(n, 16);
    return part;
  }
};

/// Numbers between rows of scores: whole groups of random numbers, and an odd number of cache lines.
template <class T> Index scores_stride(Index keys) { return round_up(keys, 64) + 64 / static_cast<Index>(sizeof(T)); }

/// Queries whose scores are held at a time: whole row panels, up to about 128 KB.
template <class P> Index block_rows(Index keys) {
  constexpr Index numbers = Index{1} << 15, most = 128;
  const Index rows = std::min(most, numbers / scores_stride<typename P::T>(keys));
  return std::max<Index>(1, rows / P::rows) * P::rows;
}

/// Buffers of both directions. The backward pass has those of the second half too.
template <class P> struct Buffers {
  using T = typename P::T;
  Index rows, stride, width;  ///< of a block of scores, between its rows, between rows of sums [.., D]
  T *keys_turned, *values, *queries_in_units, *scores, *scores_in_units, *sums, *inverse;
  T *keys, *values_turned, *dy_in_units, *dscores, *queries, *dy, *dkeys, *dvalues;

  Buffers(const AttentionProblem& a, bool backward, Carver<T>& memory)
      : rows(block_rows<P>(a.keys)), stride(scores_stride<T>(a.keys)), width(Panels<P>{a.size}.padded()) {
    const auto packed = [&](Index n, Index k) { return memory.take(PackedB<P>::size(n, k)); };
    const auto units = [&](Index k) { return memory.take(reads_in_place<P> ? 0 : rows * packed_row<P>(k)); };
    keys_turned = packed(a.keys, a.size);
    queries_in_units = units(a.size);
    scores = memory.take(rows * stride);
    scores_in_units =
        memory.take(reads_in_place<P> ? 0 : std::max(rows * packed_row<P>(a.keys), transposed_size<P>(a.keys, rows)));
    sums = memory.take(rows * width);
    inverse = memory.take(rows);
    values = packed(backward ? 0 : a.size, a.keys);
    if (!backward) return;
    keys = packed(a.size, a.keys);
    values_turned = packed(a.keys, a.size);
    dy_in_units = units(a.size);
    dscores = memory.take(rows * stride);
    queries = packed(a.size, rows);
    dy = packed(a.size, rows);
    dkeys = memory.take(a.keys * width);
    dvalues = memory.take(a.keys * width);
  }
};

/// A block of queries of one head, and what its row panels need.
template <class P> struct Block {
  const AttentionProblem& a;
  AttentionMask mask;
  Index first, rows;
  Pieces pieces = row_pieces<P>(rows);
  Index keys = mask.keys_of(first + rows - 1);  ///< that the last query sees

  /// Columns of scores that panel q sees; the reduction runs over D.
  Span of_scores(Index q) const { return {0, units_of<P>(a.size), panel_keys(q)}; }
  /// The reduction runs over the keys that panel q sees.
  Span of_result(Index q) const { return {0, units_of<P>(panel_keys(q)), a.size}; }
  /// For a panel of keys: the reduction runs over the queries that see its first one.
  Span of_keys(const Pieces& key_pieces, Index q) const {
    const Index skipped = mask.first_query(key_pieces.begin(q)) - first;
    return {std::clamp<Index>(skipped, 0, rows) / P::elements, units_of<P>(rows), a.size};
  }

 private:
  Index panel_keys(Index q) const { return mask.keys_of(first + pieces.begin(q) + pieces.size(q) - 1); }
};

template <class P> Dropout dropout_of(const AttentionProblem& a, Index unit, Index first) {
  if (a.keep >= 1) return {};
  return {.share = random_impl::share("attention", a.keep),
          .scale = 1 / a.keep,
          .state = a.state,
          .row_blocks = random_blocks<typename P::T>(a.keys),
          .first_row = static_cast<std::uint64_t>(unit * a.queries + first)};
}

/// Runs a leaf under the path's instruction set.
template <class P, template <class> class Leaf, class Args> void run_leaf(const Args& args) {
  gemm_impl::entry<P::isa, Leaf<P>, Args>()(args);
}

}  // namespace atelier::inline v0::kernels::attention_impl
