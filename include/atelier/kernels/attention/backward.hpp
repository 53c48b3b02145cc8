/// Gradient of the attention of one head. Scores are computed again from q, k and the rows' log-sum-exp:
///   P = exp(scale q k^T - lse), dv = (M P)^T dy, dS = scale P (M dy v^T - <dy, y>), dq = dS k, dk = dS^T q.
#pragma once

#include "atelier/kernels/attention/buffers.hpp"

namespace atelier::inline v0::kernels::attention_impl {

template <class T> struct BackwardArgs {
  HeadView<const T> q, k, v, y, dy;
  const T* lse = nullptr;  ///< [B, H, Tq]
  HeadView<T> dq, dk, dv;  ///< written, not added to
};

template <class P> class BackwardHead {
 public:
  using T = typename P::T;

  BackwardHead(const AttentionProblem& a, const BackwardArgs<T>& x, Index unit, T* memory)
      : a_(a),
        x_(x),
        unit_(unit),
        b_(unit / a.heads),
        h_(unit % a.heads),
        mask_(a.mask(b_)),
        carver_{memory},
        to_(a, true, carver_) {}

  void run() const {
    const auto k = x_.k.at(b_, h_), v = x_.v.at(b_, h_);
    const Operands packed{pack_b<P>(mask_.keys, a_.size, Transpose::yes, k, to_.keys_turned),
                          pack_b<P>(a_.size, mask_.keys, Transpose::no, k, to_.keys),
                          pack_b<P>(mask_.keys, a_.size, Transpose::yes, v, to_.values_turned)};
    std::fill_n(to_.dkeys, a_.keys * to_.width, T(0));
    std::fill_n(to_.dvalues, a_.keys * to_.width, T(0));
    for (Index first = 0; first < a_.queries; first += to_.rows)
      run_block({a_, mask_, first, std::min(to_.rows, a_.queries - first)}, packed);
    store(to_.dkeys, a_.keys, x_.dk.at(b_, h_));
    store(to_.dvalues, a_.keys, x_.dv.at(b_, h_));
  }

 private:
  struct Operands {
    PackedB<P> keys_turned, keys, values_turned;
  };

  void run_block(const Block<P>& block, const Operands& packed) const {
    const auto q = rows_of(x_.q, block), dy = rows_of(x_.dy, block);
    const Matrix<T> scores{to_.scores, to_.stride}, dscores{to_.dscores, to_.stride};
    const auto of_scores = [&](Index i) { return block.of_scores(i); };
    multiply<P, false>(left_rows<P>(q, block.rows, a_.size, to_.queries_in_units), block.pieces, packed.keys_turned,
                       scores, false, of_scores);
    multiply<P, false>(left_rows<P>(dy, block.rows, a_.size, to_.dy_in_units), block.pieces, packed.values_turned,
                       dscores, false, of_scores);
    softmax_rows(block, dy);
    add_transposed(block, scores, pack_b<P>(a_.size, block.rows, Transpose::no, dy, to_.dy), to_.dvalues);
    add_transposed(block, dscores, pack_b<P>(a_.size, block.rows, Transpose::no, q, to_.queries), to_.dkeys);
    multiply<P, false>(left_rows<P>(dscores, block.rows, block.keys, to_.scores_in_units), block.pieces, packed.keys,
                       Matrix<T>{to_.sums, to_.width}, false, [&](Index i) { return block.of_result(i); });
    auto dq = x_.dq.at(b_, h_);
    dq.data += block.first * dq.stride;
    store(to_.sums, block.rows, dq);
  }

  void softmax_rows(const Block<P>& block, const Matrix<const T>& dy) const {
    const auto y = rows_of(x_.y, block);
    run_leaf<P, SoftmaxRowsBack>(ScoresArgs<T>{.s = to_.scores,
                                               .stride = to_.stride,
                                               .first = block.first,
                                               .rows = block.rows,
                                               .width = round_up(block.keys, 64),
                                               .mask = mask_,
                                               .scale = static_cast<T>(a_.scale),
                                               .dropout = dropout_of<P>(a_, unit_, block.first),
                                               .lse = const_cast<T*>(x_.lse) + unit_ * a_.queries + block.first,
                                               .ds = to_.dscores,
                                               .y = y.data,
                                               .dy = dy.data,
                                               .y_stride = y.stride,
                                               .dy_stride = dy.stride,
                                               .size = a_.size});
  }

  /// sums[keys, D] += scores^T b, over the block's queries.
  void add_transposed(const Block<P>& block, const Matrix<const T>& scores, const PackedB<P>& b, T* sums) const {
    if (block.keys == 0) return;
    const Pieces pieces = row_pieces<P>(block.keys);
    multiply<P, true>(left_transposed<P>(scores, block.keys, block.rows, to_.scores_in_units), pieces, b,
                      Matrix<T>{sums, to_.width}, true, [&](Index i) { return block.of_keys(pieces, i); });
  }

  Matrix<const T> rows_of(const HeadView<const T>& view, const Block<P>& block) const {
    const auto head = view.at(b_, h_);
    return {head.data + block.first * head.stride, head.stride};
  }
  void store(const T* sums, Index rows, const Matrix<T>& out) const {
    run_leaf<P, StoreRows>(StoreArgs<T>{sums, to_.width, rows, a_.size, nullptr, out});
  }

  const AttentionProblem& a_;
  const BackwardArgs<T>& x_;
  const Index unit_, b_, h_;
  const AttentionMask mask_;
  Carver<T> carver_;
  const Buffers<P> to_;
};

}  // namespace atelier::inline v0::kernels::attention_impl
