/// Multi-head attention: softmax(scale q k^T) v for each head.                                     Vaswani et al. 2017
///
/// One fused kernel in each direction reads q, k and v where they stand; no matrix of Tq x Tk is kept
/// (kernels/attention.hpp). The definition by other operations serves second derivatives and other scalars.
#pragma once

#include "atelier/kernels/attention.hpp"
#include "atelier/ops/matmul.hpp"
#include "atelier/ops/random.hpp"
#include "atelier/ops/softmax.hpp"

namespace atelier::inline v0 {

/// self_attention(qkv, 6, {.causal = true, .dropout = 0.1, .rng = &rng})
struct AttentionOptions {
  bool causal = false;  ///< a query sees no later key; of fewer queries than keys the last one sees all (a kept cache)
  IndexTensor lengths{};  ///< [B] keys that count in each batch, the rest is padding; empty: all count
  double scale = 0;       ///< of the scores; 0: 1 / sqrt(D)
  double dropout = 0;     ///< probability that a weight is dropped, in [0, 1)
  Rng* rng = nullptr;     ///< what dropout draws from; without one nothing is dropped
};

namespace detail {
/// An attention with everything that its passes need to know.
struct AttentionPlan {
  Index batch, heads, queries, keys, size;
  bool causal;
  IndexTensor lengths;
  double scale, keep = 1;
  Rng::State state{};
  Precision precision = PrecisionScope::current();

  /// Throws Error for lengths that do not fit, and for options out of range.
  AttentionPlan(Index b, Index h, Index tq, Index tk, Index d, const AttentionOptions& o)
      : batch(b),
        heads(h),
        queries(tq),
        keys(tk),
        size(d),
        causal(o.causal),
        lengths(o.lengths),
        scale(o.scale == 0 ? 1 / std::sqrt(static_cast<double>(std::max<Index>(1, d))) : o.scale) {
    if (!(scale > 0)) throw Error("attention: expected a positive scale, found " + number_text(o.scale));
    if (!(o.dropout >= 0 && o.dropout < 1))
      throw Error("attention: expected a dropout in [0, 1), found " + number_text(o.dropout));
    if (lengths) check_lengths();
    if (o.rng && o.dropout > 0) keep = 1 - o.dropout;
  }
  /// Reserves the random numbers of the weights.
  template <class T> void draw(Rng* rng) {
    if (keep < 1)
      state =
          rng->reserve(static_cast<std::uint64_t>(batch * heads * queries) * kernels::random_blocks<real_of<T>>(keys));
  }
  kernels::AttentionProblem problem() const {
    return {batch, heads, queries, keys, size, causal, lengths ? lengths.data() : nullptr, scale, keep, state};
  }

 private:
  void check_lengths() const {
    if (lengths.shape() != Shape{batch})
      throw Error("attention: expected lengths [" + std::to_string(batch) + "], found " + lengths.shape().str());
    for (const auto n : lengths.values())
      if (n < 0 || n > keys)
        throw Error("attention: expected lengths in [0, " + std::to_string(keys) + "], found " + std::to_string(n));
  }
};

/// 1 where a query sees a key, else 0: [B, 1, Tq, Tk].
template <class T> BasicTensor<T> attention_mask(const AttentionPlan& plan) {
  auto mask = BasicTensor<T>::zeros({plan.batch, 1, plan.queries, plan.keys});
  T* row = mask.mutable_data();
  for (Index b = 0; b < plan.batch; ++b)
    for (Index i = 0; i < plan.queries; ++i, row += plan.keys)
      std::fill_n(row, plan.problem().mask(b).keys_of(i), T(1));
  return mask;
}
/// The dropout's factors [B, H, Tq, Tk], as the kernels draw them: each row fills whole groups of random numbers.
template <class T> BasicTensor<T> attention_dropout(const AttentionPlan& plan) {
  Tape::Pause pause;
  const Index rows = plan.batch * plan.heads * plan.queries;
  const Index padded = kernels::attention_impl::round_up(plan.keys, kernels::random_impl::group_size<real_of<T>>);
  const auto all = dropout_at(BasicTensor<T>({rows, padded}, T(1)), 1 - plan.keep, plan.state);
  return reshape(slice(all, 1, 0, plan.keys), Shape{plan.batch, plan.heads, plan.queries, plan.keys});
}
/// The composed definition: q [B, Tq, H, D], k and v [B, Tk, H, D].
template <class T>
BasicTensor<T> attention_definition(const AttentionPlan& plan, const BasicTensor<T>& q, const BasicTensor<T>& k,
                                    const BasicTensor<T>& v) {
  using R = real_of<T>;
  const Dims heads_first{0, 2, 1, 3};
  const auto seen = attention_mask<T>(plan), hidden = affine(seen, R(1e30), R(-1e30));
  const auto scores =
      matmul_at(permute(q, heads_first), permute(k, heads_first), {.transpose_b = true}, plan.precision);
  const auto weights = mul(softmax(add(mul(affine(scores, static_cast<R>(plan.scale), 0), seen), hidden)), seen);
  const auto kept = plan.keep < 1 ? mul(weights, attention_dropout<T>(plan)) : weights;
  return permute(matmul_at(kept, permute(v, heads_first), {}, plan.precision), heads_first);
}

/// Part `part` of `parts` tensors [.., H, D] that stand side by side at each of `rows` times.
template <class T>
kernels::HeadView<T> heads_of(T* data, const AttentionPlan& plan, Index rows, Index parts = 1, Index part = 0) {
  const Index width = plan.heads * plan.size;
  return {data + part * width, rows * parts * width, parts * width, plan.size};
}
/// Where q, k and v (or their gradients) stand.
template <class T> struct AttentionViews { kernels::HeadView<T> q, k, v; };

template <class T> BasicTensor<T> attention_workspace(const AttentionPlan& plan, bool backward) {
  const kernels::GemmMode mode{.precision = plan.precision};
  return BasicTensor<T>::empty({kernels::attention_workspace_size<T>(plan.problem(), backward, mode)});
}
template <class T> std::span<T> writable(BasicTensor<T>& x) {
  return {x.mutable_data(), static_cast<std::size_t>(x.size())};
}
/// The value, of the given shape, and the rows' log-sum-exp [B, H, Tq].
template <class T>
std::array<BasicTensor<T>, 2> attention_value(const AttentionPlan& plan, const AttentionViews<const T>& in,
                                              const Shape& shape) {
  auto y = BasicTensor<T>::empty(shape), lse = BasicTensor<T>::empty({plan.batch, plan.heads, plan.queries});
  auto workspace = attention_workspace<T>(plan, false);
  kernels::attention<T>(plan.problem(),
                        {in.q, in.k, in.v, heads_of(y.mutable_data(), plan, plan.queries), lse.mutable_data()},
                        writable(workspace), {.precision = plan.precision});
  return {y, lse};
}
template <class T>
void attention_gradient(const AttentionPlan& plan, const AttentionViews<const T>& in, const BasicTensor<T>& y,
                        const BasicTensor<T>& lse, const BasicTensor<T>& g, const AttentionViews<T>& out) {
  auto workspace = attention_workspace<T>(plan, true);
  kernels::attention_gradient<T>(plan.problem(),
                                 {in.q, in.k, in.v, heads_of(y.data(), plan, plan.queries),
                                  heads_of(g.data(), plan, plan.queries), lse.data(), out.q, out.k, out.v},
                                 writable(workspace), {.precision = plan.precision});
}

/// Records the operation on K inputs: views(pointers of the inputs) says where q, k and v stand in them.
template <class T, std::size_t K, class Views, class Definition>
BasicTensor<T> record_attention(const AttentionPlan& plan, const Shape& shape, const BasicTensor<T> (&x)[K],
                                const Views& views, const Definition& define) {
  const auto view_all = [views](auto& tensors, auto pointer) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) { return views(pointer(tensors[I])...); }
    (std::make_index_sequence<K>{});
  };
  const auto read = [](const BasicTensor<T>& t) { return t.data(); };
  Cotangents<T, K> in;
  std::copy_n(x, K, in.begin());
  const auto [y, lse] = attention_value<T>(plan, view_all(in, read), shape);
  const auto backward = [plan, in, lse = lse, view_all, read](const BasicTensor<T>& g, const BasicTensor<T>& out,
                                                              const Wanted<K>&) {
    Cotangents<T, K> d;
    for (std::size_t i = 0; i < K; ++i) d[i] = BasicTensor<T>::empty(in[i].shape());
    attention_gradient<T>(plan, view_all(in, read), out, lse, g,
                          view_all(d, [](BasicTensor<T>& t) { return t.mutable_data(); }));
    return d;
  };
  return record_fused("attention", y, x, backward, define);
}

inline Index head_size(const char* op, const Shape& s, Index parts, Index heads) {
  if (s.rank() != 3 || heads < 1 || s[-1] % (parts * heads) != 0)
    throw Error(std::string(op) + ": expected [B, T, " + (parts > 1 ? std::to_string(parts) + " C" : "C") +
                "] with C a multiple of " + std::to_string(heads) + " heads, found " + s.str());
  return s[-1] / (parts * heads);
}
/// The [B, T, H, D] of part `part` in [B, T, parts C].
template <class T>
BasicTensor<T> head_part(const BasicTensor<T>& x, const AttentionPlan& plan, Index parts, Index part) {
  const Shape all{x.size(0), x.size(1), parts, plan.heads, plan.size};
  return select_index(reshape(x, all), 2, part);
}
}  // namespace detail

/// q [B, Tq, H, D], k and v [B, Tk, H, D] -> [B, Tq, H, D]. A query that sees no key gives 0. Float products at the
/// precision of the innermost PrecisionScope. Throws Error for shapes or options that do not fit.
template <class T>
BasicTensor<T> attention(const BasicTensor<T>& q, const BasicTensor<T>& k, const BasicTensor<T>& v,
                         const AttentionOptions& o = {}) {
  const Shape &s = q.shape(), &t = k.shape();
  if (s.rank() != 4 || t.rank() != 4 || v.shape() != t || t[0] != s[0] || t[2] != s[2] || t[3] != s[3])
    throw Error("attention: expected [B, Tq, H, D] and twice [B, Tk, H, D], found " + s.str() + ", " + t.str() + ", " +
                v.shape().str());
  detail::AttentionPlan plan(s[0], s[2], s[1], t[1], s[3], o);
  plan.draw<T>(o.rng);
  const auto define = [plan](const auto&... x) { return detail::attention_definition(plan, x...); };
  if constexpr (!Real<T>) {
    return define(q, k, v);
  } else {
    const auto views = [plan](auto* a, auto* b, auto* c) {
      using E = std::remove_pointer_t<decltype(a)>;
      return detail::AttentionViews<E>{detail::heads_of(a, plan, plan.queries), detail::heads_of(b, plan, plan.keys),
                                       detail::heads_of(c, plan, plan.keys)};
    };
    return detail::record_attention(plan, s, {q, k, v}, views, define);
  }
}
ATELIER_OP(attention)

/// Attention of a sequence to itself: one projection qkv [B, T, 3 C] holds q, k and v side by side (a reshape of
/// [B, T, 3, H, D]) -> [B, T, C]. Throws Error as attention() does.
template <class T>
BasicTensor<T> self_attention(const BasicTensor<T>& qkv, Index heads, const AttentionOptions& o = {}) {
  const Shape& s = qkv.shape();
  const Index size = detail::head_size("self_attention", s, 3, heads);
  detail::AttentionPlan plan(s[0], heads, s[1], s[1], size, o);
  plan.draw<T>(o.rng);
  const Shape shape{s[0], s[1], heads * size};
  const auto define = [plan, shape](const auto& x) {
    return reshape(detail::attention_definition(plan, detail::head_part(x, plan, 3, 0),
                                                detail::head_part(x, plan, 3, 1), detail::head_part(x, plan, 3, 2)),
                   shape);
  };
  if constexpr (!Real<T>) {
    return define(qkv);
  } else {
    const auto views = [plan](auto* p) {
      using E = std::remove_pointer_t<decltype(p)>;
      const auto part = [&](Index i) { return detail::heads_of(p, plan, plan.queries, 3, i); };
      return detail::AttentionViews<E>{part(0), part(1), part(2)};
    };
    return detail::record_attention(plan, shape, {qkv}, views, define);
  }
}
ATELIER_OP(self_attention)

/// Attention of one sequence to another: q [B, Tq, C], and k and v side by side in kv [B, Tk, 2 C] -> [B, Tq, C].
/// Throws Error as attention() does.
template <class T>
BasicTensor<T> cross_attention(const BasicTensor<T>& q, const BasicTensor<T>& kv, Index heads,
                               const AttentionOptions& o = {}) {
  const Shape &s = q.shape(), &t = kv.shape();
  const Index size = detail::head_size("cross_attention", s, 1, heads);
  if (detail::head_size("cross_attention", t, 2, heads) != size || t[0] != s[0])
    throw Error("cross_attention: expected [B, Tq, C] and [B, Tk, 2 C], found " + s.str() + " and " + t.str());
  detail::AttentionPlan plan(s[0], heads, s[1], t[1], size, o);
  plan.draw<T>(o.rng);
  const auto define = [plan, shape = s](const auto& x, const auto& y) {
    return reshape(detail::attention_definition(plan, detail::head_part(x, plan, 1, 0),
                                                detail::head_part(y, plan, 2, 0), detail::head_part(y, plan, 2, 1)),
                   shape);
  };
  if constexpr (!Real<T>) {
    return define(q, kv);
  } else {
    const auto views = [plan](auto* a, auto* b) {
      using E = std::remove_pointer_t<decltype(a)>;
      return detail::AttentionViews<E>{detail::heads_of(a, plan, plan.queries),
                                       detail::heads_of(b, plan, plan.keys, 2, 0),
                                       detail::heads_of(b, plan, plan.keys, 2, 1)};
    };
    return detail::record_attention(plan, s, {q, kv}, views, define);
  }
}
ATELIER_OP(cross_attention)

}  // namespace atelier::inline v0
