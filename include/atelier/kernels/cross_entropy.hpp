/// Softmax with cross-entropy over rows of logits, and its gradient in place.
///
/// z: [rows, n]; the target of a row is its class with probability 1 - s and, with label smoothing s, every class with
/// s / n more (Szegedy et al. 2016):
///   loss = lse(z) - (1 - s) z[id] - s mean(z),    d loss / d z = softmax(z) - (1 - s) [id] - s / n
#pragma once

#include <cmath>

#include "atelier/kernels/layer_norm.hpp"

namespace atelier::inline v0::kernels {

/// Classes of rows, and which rows count.
struct CrossEntropyTargets {
  const std::int32_t* ids = nullptr;  ///< [rows], each in [0, n) or `ignore`
  std::int32_t ignore = -100;         ///< rows of this id have loss 0 and no gradient
  double smoothing = 0;
};

namespace detail {
template <class L, class T> ATELIER_INLINE T row_max(const T* z, Index n) {
  typename L::Value top = L::load(z);
  each_vector<L>(n, [&](Index c) ATELIER_LAMBDA { top = simd::max(top, L::load(z + c)); });
  T lane[L::count];
  L::store(top, lane);
  return *std::max_element(lane, lane + L::count);
}

/// The row's loss; lse is the log-sum-exp of its logits.
template <class L, class T>
ATELIER_INLINE double cross_entropy_row(T& lse, const T* z, Index n, std::int32_t id, double smoothing) {
  using Value = typename L::Value;
  const T top = row_max<L>(z, n);
  const Value shift(top);
  const auto add = [&](Index c, const auto& keep, auto& sum) ATELIER_LAMBDA {
    const Value v = L::load(z + c);
    sum[0] = sum[0] + keep(exp(v - shift));
    sum[1] = sum[1] + keep(v);
  };
  const auto sums = row_sums<L, 2>(add, n);
  const double log_sum = static_cast<double>(top) + std::log(sums[0]);
  lse = static_cast<T>(log_sum);
  const double others = smoothing > 0 ? smoothing * sums[1] / static_cast<double>(n) : 0;  // not 0 times infinity
  return log_sum - (1 - smoothing) * static_cast<double>(z[id]) - others;
}

template <int Bytes, class T>
ATELIER_INLINE void cross_entropy_row_back(T* dz, const T* z, T lse, Index n, std::int32_t id, double smoothing,
                                           T weight) {
  const T each = static_cast<T>(smoothing / static_cast<double>(n));
  const auto f = [=](const auto& v) ATELIER_LAMBDA { return (exp(v - lse) - each) * weight; };
  map_span<Bytes>(f, dz, std::array<const T*, 1>{z}, {true}, n);
  dz[id] -= static_cast<T>(1 - smoothing) * weight;
}
}  // namespace detail

/// loss[r] and lse[r] of each row; 0 for those that do not count.
template <Real T>
void cross_entropy(T* loss, T* lse, const T* z, const CrossEntropyTargets& target, Index rows, Index n) {
  parallel_for(rows, map_grain / (4 * n + 1) + 1, [&](Index begin, Index end) {
    dispatch([&]<int Bytes>() ATELIER_LAMBDA {
      detail::each_full_row<T, Bytes>(begin, end, n, [&]<class L>(Index r) ATELIER_LAMBDA {
        const bool counts = target.ids[r] != target.ignore;
        loss[r] = lse[r] = 0;
        if (counts)
          loss[r] = static_cast<T>(detail::cross_entropy_row<L>(lse[r], z + r * n, n, target.ids[r], target.smoothing));
      });
    });
  });
}

/// dz[r] = weight[r] d loss[r] / d z; 0 for rows that do not count. weight_step 0: one weight for all. dz may be z.
template <Real T>
void cross_entropy_gradient(T* dz, const T* z, const T* lse, const T* weight, Index weight_step,
                            const CrossEntropyTargets& target, Index rows, Index n) {
  parallel_for(rows, map_grain / (4 * n + 1) + 1, [&](Index begin, Index end) {
    dispatch([&]<int Bytes>() ATELIER_LAMBDA {
      for (Index r = begin; r < end; ++r) {
        if (target.ids[r] == target.ignore)
          std::fill_n(dz + r * n, n, T(0));
        else
          detail::cross_entropy_row_back<Bytes>(dz + r * n, z + r * n, lse[r], n, target.ids[r], target.smoothing,
                                                weight[r * weight_step]);
      }
    });
  });
}

}  // namespace atelier::inline v0::kernels
