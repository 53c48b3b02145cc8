/// Attention of one head: y = softmax(scale q k^T) v, block of queries by block of queries.
#pragma once

#include "atelier/kernels/attention/buffers.hpp"

namespace atelier::inline v0::kernels::attention_impl {

template <class T> struct ForwardArgs {
  HeadView<const T> q, k, v;
  HeadView<T> y;
  T* lse = nullptr;  ///< [B, H, Tq]
};

/// Head `unit` = b H + h. The block's scores exist whole: no running maximum, no rescaling.
template <class P>
void forward_head(const AttentionProblem& a, const ForwardArgs<typename P::T>& x, Index unit, typename P::T* memory) {
  using T = typename P::T;
  Carver<T> carver{memory};
  const Buffers<P> to(a, false, carver);
  const Index b = unit / a.heads, h = unit % a.heads;
  const auto q = x.q.at(b, h);
  const AttentionMask mask = a.mask(b);
  const auto keys = pack_b<P>(mask.keys, a.size, Transpose::yes, x.k.at(b, h), to.keys_turned);
  const auto values = pack_b<P>(a.size, mask.keys, Transpose::no, x.v.at(b, h), to.values);
  for (Index first = 0; first < a.queries; first += to.rows) {
    const Block<P> block{a, mask, first, std::min(to.rows, a.queries - first)};
    const Matrix<const T> rows{q.data + first * q.stride, q.stride};
    multiply<P, false>(left_rows<P>(rows, block.rows, a.size, to.queries_in_units), block.pieces, keys,
                       Matrix<T>{to.scores, to.stride}, false, [&](Index i) { return block.of_scores(i); });
    run_leaf<P, SoftmaxRows>(ScoresArgs<T>{.s = to.scores,
                                           .stride = to.stride,
                                           .first = first,
                                           .rows = block.rows,
                                           .width = round_up(block.keys, 64),
                                           .mask = mask,
                                           .scale = static_cast<T>(a.scale),
                                           .dropout = dropout_of<P>(a, unit, first),
                                           .lse = x.lse + unit * a.queries + first,
                                           .inverse = to.inverse});
    const auto weights =
        left_rows<P>(Matrix<const T>{to.scores, to.stride}, block.rows, block.keys, to.scores_in_units);
    multiply<P, false>(weights, block.pieces, values, Matrix<T>{to.sums, to.width}, false,
                       [&](Index i) { return block.of_result(i); });
    auto y = x.y.at(b, h);
    y.data += first * y.stride;
    run_leaf<P, StoreRows>(StoreArgs<T>{to.sums, to.width, block.rows, a.size, to.inverse, y});
  }
}

}  // namespace atelier::inline v0::kernels::attention_impl
