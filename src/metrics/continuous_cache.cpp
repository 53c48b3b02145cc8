#include "atelier/metrics/continuous_cache.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "atelier/autograd/tape.hpp"
#include "atelier/ops/elementwise.hpp"
#include "atelier/ops/matmul.hpp"

namespace atelier::inline v0::metrics {

const CacheOptions& CacheOptions::check() const {
  if (window < 1) throw ConfigError("cache: expected a window of at least 1, found " + std::to_string(window));
  if (!(theta >= 0) || !std::isfinite(static_cast<float>(theta)))
    throw ConfigError("cache: expected a theta of 0 or more, finite as a float, found " + number_text(theta));
  if (!(lambda >= 0 && lambda < 1))
    throw ConfigError("cache: expected a lambda from 0 to below 1, found " + number_text(lambda));
  return *this;
}

double mixed_nats(double nats, double share, double lambda) {
  return share < 0 ? nats : -std::log((1 - lambda) * std::exp(-nats) + lambda * share);
}

ContinuousCache::ContinuousCache(Index window, std::span<const double> thetas)
    : window_(window), thetas_(thetas.begin(), thetas.end()), shares_(thetas.size()) {
  for (const double theta : thetas_) CacheOptions{.window = window, .theta = theta}.check();
  if (thetas_.empty()) throw ConfigError("cache: expected at least one theta, found none");
}

const std::vector<std::vector<double>>& ContinuousCache::operator()(const Tensor& hidden, const IndexTensor& targets) {
  if (hidden.rank() != 2 || targets.shape() != Shape{hidden.size(0)} || (width_ && hidden.size(1) != width_))
    throw Error("cache: expected [T, " + (width_ ? std::to_string(width_) : "N") + "] and [T], found " +
                hidden.shape().str() + " and " + targets.shape().str());
  width_ = hidden.size(1);
  Tape::Pause pause;
  const PrecisionScope precision(Precision::highest);
  const Index before = static_cast<Index>(words_.size());
  remember(hidden, targets);
  const Tensor memory({before + hidden.size(0), width_}, std::span<const float>(hidden_));
  const Tensor products = matmul(hidden, memory, {.transpose_b = true});
  const Tensor centred = sub(products, largest_seen(products, before));
  for (std::size_t k = 0; k < thetas_.size(); ++k) {
    const Tensor weights = exp(affine(centred, static_cast<float>(thetas_[k]), 0));
    shares_[k].clear();
    for (Index t = 0; t < hidden.size(0); ++t)
      shares_[k].push_back(share(weights.data() + t * weights.size(1), before + t, targets.data()[t]));
  }
  forget();
  return shares_;
}

/// Places that the one at `now` sees.
ContinuousCache::Seen ContinuousCache::seen(Index now) const { return {std::max<Index>(0, now - window_), now}; }

/// The largest product of each row with what it sees, [T, 1]: the rest may be larger, and is not looked at.
Tensor ContinuousCache::largest_seen(const Tensor& products, Index before) const {
  auto top = Tensor::zeros({products.size(0), 1});
  for (Index t = 0; t < products.size(0); ++t) {
    const float* row = products.data() + t * products.size(1);
    const auto [begin, end] = seen(before + t);
    if (begin < end) top.mutable_data()[t] = *std::max_element(row + begin, row + end);
  }
  return top;
}

/// The word's share of the weights that the place at `now` sees.
double ContinuousCache::share(const float* weights, Index now, std::int32_t word) const {
  const auto [begin, end] = seen(now);
  if (begin == end) return -1;
  double all = 0, same = 0;
  for (Index i = begin; i < end; ++i) {
    const double w = static_cast<double>(weights[i]);
    all += w;
    same += words_[static_cast<std::size_t>(i)] == word ? w : 0;
  }
  return same / all;
}

void ContinuousCache::remember(const Tensor& hidden, const IndexTensor& targets) {
  hidden_.insert(hidden_.end(), hidden.values().begin(), hidden.values().end());
  words_.insert(words_.end(), targets.values().begin(), targets.values().end());
}

void ContinuousCache::forget() {
  const auto excess = std::max<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(words_.size()) - window_);
  words_.erase(words_.begin(), words_.begin() + excess);
  hidden_.erase(hidden_.begin(), hidden_.begin() + excess * width_);
}

}  // namespace atelier::inline v0::metrics
