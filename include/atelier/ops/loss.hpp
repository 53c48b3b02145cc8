/// Losses for each example of a batch: [B, ...] -> [B], in nats, summed over everything but the batch. Averaging is the
/// caller's: mean(loss).
#pragma once

#include "atelier/ops/cross_entropy.hpp"

namespace atelier::inline v0 {

/// -log Bernoulli(x | sigmoid(logits)) = softplus(l) - x l, for x in [0, 1] (grey values count as probabilities).
/// Takes logits, never probabilities.
template <class T> BasicTensor<T> bce_with_logits(const BasicTensor<T>& logits, const BasicTensor<T>& x) {
  return map_sum(
      "bce_with_logits", [](auto l, auto v) ATELIER_LAMBDA { return softplus(l) - v * l; }, logits, x);
}
ATELIER_OP(bce_with_logits)

/// 1/2 ||y - x||^2: a unit-variance Gaussian's -log density without its constant.
template <class T> BasicTensor<T> half_squared_error(const BasicTensor<T>& y, const BasicTensor<T>& x) {
  return map_sum(
      "half_squared_error", [](auto a, auto b) ATELIER_LAMBDA { return 0.5 * ((a - b) * (a - b)); }, y, x);
}
ATELIER_OP(half_squared_error)

/// -log N(x | mean, exp(logvar)), constants included.
template <class T>
BasicTensor<T> gaussian_nll(const BasicTensor<T>& mean, const BasicTensor<T>& logvar, const BasicTensor<T>& x) {
  const auto density = [](auto m, auto v, auto y) ATELIER_LAMBDA {
    return 0.5 * (1.8378770664093455 /* log 2 pi */ + v + (y - m) * (y - m) * exp(-v));
  };
  return map_sum("gaussian_nll", density, mean, logvar, x);
}
ATELIER_OP(gaussian_nll)

/// KL(N(m, e^v) || N(0, 1)) of one number.
inline constexpr auto gaussian_kl_term = [](auto m, auto v) ATELIER_LAMBDA { return 0.5 * (m * m + expm1(v) - v); };

/// KL(N(mean, exp(logvar)) || N(0, 1)) = 1/2 sum(mean^2 + exp(logvar) - 1 - logvar).      Kingma & Welling 2014, app. B
template <class T> BasicTensor<T> gaussian_kl(const BasicTensor<T>& mean, const BasicTensor<T>& logvar) {
  return map_sum("gaussian_kl", gaussian_kl_term, mean, logvar);
}
ATELIER_OP(gaussian_kl)

}  // namespace atelier::inline v0
