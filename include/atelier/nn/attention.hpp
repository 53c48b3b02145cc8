/// Multi-head attention with its projections.                                                  Vaswani et al. 2017
#pragma once

#include "atelier/nn/linear.hpp"
#include "atelier/ops/attention.hpp"

namespace atelier::inline v0::nn {

/// Projections of queries, keys and values, attention, and a projection of what the heads found, named and initialised
/// as in PyTorch (batch_first; keys and values of the width of the queries).
///   nn::MultiheadAttention{64, 4}    nn::MultiheadAttention{.width = 64, .heads = 4, .bias = false}
template <class T> struct BasicMultiheadAttention {
  Index width = 0, heads = 1;
  bool bias = true;
  BasicParam<T> in_w{{3 * width, width}}, in_b{{bias ? 3 * width : 0}};  // of queries, keys, values
  BasicLinear<T> out{.in = width, .out = width, .bias = bias};

  /// Of a sequence to itself: [B, T, C] -> [B, T, C]. Throws Error for a width that is no multiple of the heads, and as
  /// attention() does.
  BasicTensor<T> operator()(const BasicTensor<T>& x, const AttentionOptions& o = {}) const {
    return out(self_attention(project(x, 0, 3), heads, o));
  }
  /// Of queries [B, Tq, C] to another sequence [B, Tk, C], whose keys and values are attended to -> [B, Tq, C].
  BasicTensor<T> operator()(const BasicTensor<T>& x, const BasicTensor<T>& other,
                            const AttentionOptions& o = {}) const {
    return out(cross_attention(project(x, 0, 1), project(other, 1, 2), heads, o));
  }
  void init(Rng& rng) {
    xavier_uniform(in_w, rng);
    if (bias) fill_constant(in_b, 0);
    out.init(rng);
    if (bias) fill_constant(out.b, 0);
  }
  static void visit(auto& m, auto&& f) {
    f("in_proj_weight", m.in_w);
    if (m.bias) f("in_proj_bias", m.in_b);
    f("out_proj", m.out);
  }

 private:
  /// Parts of the projection, side by side: 0 is that of the queries.
  BasicTensor<T> project(const BasicTensor<T>& x, Index first, Index parts) const {
    const auto rows = [&](const BasicParam<T>& p) { return slice(p, 0, first * width, (first + parts) * width); };
    return bias ? linear(x, rows(in_w), rows(in_b)) : matmul(x, rows(in_w), {.transpose_b = true});
  }
};
using MultiheadAttention = BasicMultiheadAttention<float>;

}  // namespace atelier::inline v0::nn
