#include "atelier/metrics/class_histogram.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "metrics/checks.hpp"

namespace atelier::inline v0::metrics {

namespace {
void check_distribution(std::span<const float> row, Index number) {
  double sum = 0;
  bool inside = true;
  for (const float p : row) {
    inside = inside && p >= 0 && p <= 1.001f;
    sum += p;
  }
  if (!inside || !(std::abs(sum - 1) <= 1e-3))
    throw Error("class_histogram: row " + std::to_string(number) + ": expected probabilities that sum to 1, found " +
                (inside ? "a sum of " + text(sum) : std::string("numbers outside [0, 1]")) +
                "; apply softmax to logits");
}

double kl_from_uniform(const std::vector<Index>& counts, Index n) {
  double kl = 0;
  for (const Index count : counts) {
    const double share = static_cast<double>(count) / static_cast<double>(n);
    if (count > 0) kl += share * std::log(share * static_cast<double>(counts.size()));
  }
  return kl;
}
}  // namespace

ClassHistogram class_histogram(const Tensor& probabilities, double threshold) {
  if (!probabilities || probabilities.rank() != 2 || probabilities.size() == 0)
    throw Error("class_histogram: expected probabilities [N, classes], found " + shape_text(probabilities));
  if (!(threshold >= 0 && threshold <= 1))
    throw Error("class_histogram: expected a threshold from 0 to 1, found " + text(threshold));
  const Index n = probabilities.size(0), classes = probabilities.size(1);
  ClassHistogram h{.counts = std::vector<Index>(static_cast<std::size_t>(classes)), .protocol = {}};
  const auto least = static_cast<float>(threshold);  // a probability of float(0.9) reaches 0.9
  Index confident = 0;
  for (Index i = 0; i < n; ++i) {
    const auto row = probabilities.values().subspan(static_cast<std::size_t>(i * classes), h.counts.size());
    check_distribution(row, i);
    const auto top = std::max_element(row.begin(), row.end());
    ++h.counts[static_cast<std::size_t>(top - row.begin())];
    h.mean_confidence += *top;
    confident += *top >= least;
  }
  h.mean_confidence /= static_cast<double>(n);
  h.confident = static_cast<double>(confident) / static_cast<double>(n);
  h.present = std::count_if(h.counts.begin(), h.counts.end(), [](Index count) { return count > 0; });
  h.kl = kl_from_uniform(h.counts, n);
  h.protocol =
      std::to_string(n) + " samples, " + std::to_string(classes) +
      " classes; KL(histogram of the most probable class || uniform) in nats; confident: probability of at least " +
      text(threshold);
  return h;
}

}  // namespace atelier::inline v0::metrics
