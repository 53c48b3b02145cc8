/// What an attention is: sizes, masks, dropout, and where its operands stand.
#pragma once

#include <algorithm>

#include "atelier/core/random.hpp"
#include "atelier/kernels/gemm/types.hpp"

namespace atelier::inline v0::kernels {

/// A tensor [B, T, H, D] in memory: numbers between batches, rows (the times) and heads; the D of a head are side by
/// side. So q, k and v may stand in one projection [B, T, 3, H, D].
template <class T> struct HeadView {
  T* data = nullptr;
  Index batch = 0, row = 0, head = 0;
  Matrix<T> at(Index b, Index h) const { return {data + b * batch + h * head, row}; }
  operator HeadView<const T>() const requires(!std::is_const_v<T>) { return {data, batch, row, head}; }
};

/// Keys that queries see: query i the first keys_of(i).
struct AttentionMask {
  Index keys = 0;      ///< that count at all
  Index diagonal = 0;  ///< causal: query i sees keys 0, ..., i + diagonal
  bool causal = false;
  Index keys_of(Index i) const { return causal ? std::clamp<Index>(i + diagonal + 1, 0, keys) : keys; }
  /// The first query that sees key j.
  Index first_query(Index j) const { return causal ? std::max<Index>(0, j - diagonal) : 0; }
};

struct AttentionProblem {
  Index batch = 0, heads = 0, queries = 0, keys = 0, size = 0;  ///< B, H, Tq, Tk, D
  bool causal = false;                    ///< the last query sees all keys, the one before all but one, ...
  const std::int32_t* lengths = nullptr;  ///< [B] keys that count; null: all
  double scale = 1;                       ///< of the scores; positive
  double keep = 1;                        ///< probability that dropout leaves a weight
  Rng::State state;                       ///< of its random numbers

  Index units() const { return batch * heads; }
  AttentionMask mask(Index b) const {
    return {.keys = lengths ? lengths[b] : keys, .diagonal = keys - queries, .causal = causal};
  }
};

}  // namespace atelier::inline v0::kernels
