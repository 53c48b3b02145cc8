/// Attention of one query to kept keys and values: what a decoder does to each new token. Every key and value is read
/// once, in place; the limit is the bandwidth of memory.
#pragma once

#include <cmath>
#include <limits>
#include <span>

#include "atelier/kernels/attention/problem.hpp"
#include "atelier/kernels/channels.hpp"
#include "atelier/kernels/gemv.hpp"

namespace atelier::inline v0::kernels {

/// One query of all heads. q and y: [H, D]; keys and values: [H] times [count, D], the heads `stride` numbers apart.
template <class T> struct OneQuery {
  const T *q = nullptr, *keys = nullptr, *values = nullptr;
  T* y = nullptr;
  Index count = 0;  ///< keys that there are
};

/// Sizes that all queries of a call share.
struct OneQuerySizes {
  Index heads = 0, size = 0;  ///< H, D
  Index stride = 0;           ///< numbers between the keys (or values) of two heads
  double scale = 1;           ///< of the scores
};

/// Numbers of workspace that one_query_attention() needs for so many queries of at most `count` keys.
inline Index one_query_workspace_size(const OneQuerySizes& s, Index queries, Index count) {
  return queries * s.heads * (count + 16);
}

namespace attention_impl {
/// Weights e^(scale (s - top)) in the place of scores; their sum. `scores` has room for a vector behind them.
template <class L, class T> ATELIER_INLINE T softmax_weights(T* scores, Index count, T scale) {
  using V = typename L::Value;
  for (Index t = count; t % L::count != 0; ++t) scores[t] = scores[0];
  V top = V::load(scores);
  for (Index t = L::count; t < count; t += L::count) top = simd::max(top, V::load(scores + t));
  T lane[L::count], best;
  top.store(lane);
  best = lane[0];
  for (const T x : lane) best = x > best ? x : best;
  V sum(0);
  const V most(best), factor(scale);
  for (Index t = 0; t < count; t += L::count) {
    const V w = exp((V::load(scores + t) - most) * factor);
    w.store(scores + t);
    if (t + L::count <= count) sum = sum + w;
  }
  T total = simd::reduce_add(sum);
  for (Index t = count / L::count * L::count; t < count; ++t) total += scores[t];
  return total;
}

/// y = sum over t of weights[t] values[t, :] / total: four interleaved sums, in the order of t.
template <class L, class T>
ATELIER_INLINE void weigh_values(T* y, const T* weights, const T* values, Index count, Index size, T total) {
  using V = typename L::Value;
  each_vector<L>(size, [&](Index c) ATELIER_LAMBDA {
    V sum[4] = {V(0), V(0), V(0), V(0)};
    Index t = 0;
    for (; t + 4 <= count; t += 4) {
#pragma GCC unroll 4
      for (Index i = 0; i < 4; ++i) sum[i] = sum[i] + V(weights[t + i]) * V::load(values + (t + i) * size + c);
    }
    for (; t < count; ++t) sum[0] = sum[0] + V(weights[t]) * V::load(values + t * size + c);
    L::store(((sum[0] + sum[1]) + (sum[2] + sum[3])) / V(total), y + c);
  });
}

template <int Bytes, class T>
ATELIER_INLINE void one_query_head(const OneQuerySizes& s, const OneQuery<T>& o, Index head, T* scores) {
  T* const y = o.y + head * s.size;
  if (o.count == 0) return static_cast<void>(std::fill_n(y, s.size, T(0)));
  const gemv_impl::Operands<T> products{o.q + head * s.size, o.keys + head * s.stride, nullptr, scores};
  for (Index t = 0; t < o.count; t += gemv_impl::block)
    gemv_impl::columns<Lanes<T, Bytes>>({1, o.count, s.size}, products, t);
  const T total = softmax_weights<Lanes<T, Bytes>>(scores, o.count, static_cast<T>(s.scale));
  with_lanes<T, Bytes>(s.size, [&]<class L>() ATELIER_LAMBDA {
    weigh_values<L>(y, scores, o.values + head * s.stride, o.count, s.size, total);
  });
}
}  // namespace attention_impl

/// y = softmax(scale q k^T) v for each head of each query. A query without keys gives 0. Its bits do not depend on the
/// other queries or on the threads. Nothing is allocated.
template <Real T> void one_query_attention(const OneQuerySizes& s, std::span<const OneQuery<T>> queries, T* workspace) {
  constexpr Index serial = Index{1} << 15;  // numbers of keys that are not worth a second thread
  Index most = 0;
  for (const auto& o : queries) most = std::max(most, o.count);
  const Index units = static_cast<Index>(queries.size()) * s.heads, room = most + 16;
  parallel_for(units, serial / std::max<Index>(1, most * s.size) + 1, [&](Index begin, Index end) {
    dispatch_for<T>([&]<int Bytes>() ATELIER_LAMBDA {
      for (Index u = begin; u < end; ++u)
        attention_impl::one_query_head<Bytes>(s, queries[static_cast<std::size_t>(u / s.heads)], u % s.heads,
                                              workspace + u * room);
    });
  });
}

}  // namespace atelier::inline v0::kernels
