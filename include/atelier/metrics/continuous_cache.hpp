/// A memory of what has just been read, mixed into a language model's probabilities.   Grave, Joulin & Usunier 2017
#pragma once

#include <span>
#include <vector>

#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0::metrics {

/// p(w) = (1 - lambda) p_model(w) + lambda p_cache(w),
/// p_cache(w) ~ sum over the last `window` places i with w_(i + 1) = w of exp(theta h . h_i).
struct CacheOptions {
  Index window = 2000;
  double theta = 0.3;
  double lambda = 0.1;
  /// Throws ConfigError for a window below 1, a lambda outside [0, 1) or a theta that is no number of 0 or more.
  const CacheOptions& check() const;
};

/// The cache of one text that is read part by part, for several values of theta at a time.
class ContinuousCache {
 public:
  /// Throws ConfigError for a window below 1 or no theta.
  ContinuousCache(Index window, std::span<const double> thetas);

  /// hidden [T, N]: the model's states, each the one that a target is predicted from; targets [T]. Gives p_cache of
  /// each target for each theta, [thetas][T], from what came before it, and remembers both. Before anything is
  /// remembered it is -1: no cache. Throws Error for shapes that do not fit each other or the parts before.
  const std::vector<std::vector<double>>& operator()(const Tensor& hidden, const IndexTensor& targets);

 private:
  struct Seen {
    Index begin, end;
  };
  void remember(const Tensor& hidden, const IndexTensor& targets);
  void forget();
  Seen seen(Index now) const;
  Tensor largest_seen(const Tensor& products, Index before) const;
  double share(const float* weights, Index now, std::int32_t word) const;

  Index window_, width_ = 0;
  std::vector<double> thetas_;
  std::vector<float> hidden_;        // of the last places, at most `window` of them between calls
  std::vector<std::int32_t> words_;  // what followed there
  std::vector<std::vector<double>> shares_;
};

/// -log of the mixture, for a target of which the model says `nats` and the cache `share` (-1: nothing).
double mixed_nats(double nats, double share, double lambda);

}  // namespace atelier::inline v0::metrics
