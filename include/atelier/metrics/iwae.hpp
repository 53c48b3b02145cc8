/// The importance-weighted bound on log p(x).                                            Burda et al. 2016
#pragma once

#include "atelier/ops/loss.hpp"
#include "atelier/ops/random.hpp"
#include "atelier/ops/reduce.hpp"

namespace atelier::inline v0::metrics {

/// -log 1/K sum_k p(x | z_k) p(z_k) / q(z_k | x), z_k ~ q, for each image of a batch: [B], nats. q is N(mean,
/// exp(logvar)), both [B, Z], encoded once; likelihood(z, b) gives -log p(x_b | z) for the rows of z [K, Z], all of
/// image b, as [K].
template <class T, class Likelihood>
BasicTensor<T> iwae_bound(const BasicTensor<T>& mean, const BasicTensor<T>& logvar, Index k, Rng& rng,
                          const Likelihood& likelihood) {
  auto bound = BasicTensor<T>::empty({mean.size(0)});
  for (Index b = 0; b < mean.size(0); ++b) {
    const auto m = slice(mean, 0, b, b + 1), v = slice(logvar, 0, b, b + 1);
    const auto noise = normal<T>({k, mean.size(1)}, rng);
    const auto z = m + exp(T(0.5) * v) * noise;
    // log p(z) - log q(z | x) = sum (noise^2 - z^2 + logvar) / 2; the constants cancel
    const auto log_ratio = T(0.5) * sum(square(noise) - square(z) + v, {1});
    const auto log_weight = log_ratio - likelihood(z, b);
    bound.mutable_data()[b] = T(std::log(static_cast<double>(k))) - logsumexp(log_weight).item();
  }
  return bound;
}

}  // namespace atelier::inline v0::metrics
