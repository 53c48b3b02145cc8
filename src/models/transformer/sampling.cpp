#include "atelier/models/transformer/sampling.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "atelier/ops/softmax.hpp"

namespace atelier::inline v0::transformer {

const Sampling& Sampling::check() const {
  const auto require = [](bool fine, const char* name, const char* range, double found) {
    if (!fine) throw ConfigError(std::string(name) + ": expected a number " + range + ", found " + number_text(found));
  };
  require(repetition_penalty > 0 && repetition_penalty < 1e6, "repetition_penalty", "above 0", repetition_penalty);
  require(temperature >= 0 && temperature < 1e6, "temperature", "from 0", temperature);
  require(top_k >= 0, "top_k", "from 0", static_cast<double>(top_k));
  require(top_p > 0 && top_p <= 1, "top_p", "in (0, 1]", top_p);
  require(min_p >= 0 && min_p <= 1, "min_p", "in [0, 1]", min_p);
  return *this;
}

Sampler::Sampler(Index vocabulary, const Sampling& options)
    : options_(options.check()), logits_(Tensor::empty({1, vocabulary})) {
  for (const auto id : options_.never)
    if (id < 0 || id >= vocabulary)
      throw Error("sampler: expected tokens to leave out below " + std::to_string(vocabulary) + ", found " +
                  std::to_string(id));
  heap_.reserve(static_cast<std::size_t>(vocabulary));
  chosen_.reserve(static_cast<std::size_t>(vocabulary));
}

std::int32_t Sampler::operator()(std::span<const float> logits, std::span<const char> seen, double u) {
  adjust(logits, seen);
  const float* z = logits_.data();
  if (options_.temperature == 0) return static_cast<std::int32_t>(std::max_element(z, z + logits_.size()) - z);
  const bool all = options_.top_k == 0 && options_.top_p == 1 && options_.min_p == 0;
  return all ? draw_from_all(u) : draw_from_likeliest(u);
}

void Sampler::adjust(std::span<const float> logits, std::span<const char> seen) {
  if (static_cast<Index>(logits.size()) != logits_.size())
    throw Error("sampler: expected " + std::to_string(logits_.size()) + " logits, found " +
                std::to_string(logits.size()));
  float* z = logits_.mutable_data();
  const auto penalty = static_cast<float>(options_.repetition_penalty);
  const auto factor = static_cast<float>(options_.temperature == 0 ? 1 : 1 / options_.temperature);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const bool repeated = !seen.empty() && seen[i];
    z[i] = (!repeated ? logits[i] : logits[i] > 0 ? logits[i] / penalty : logits[i] * penalty) * factor;
  }
  for (const auto id : options_.never) z[id] = -std::numeric_limits<float>::infinity();
}

std::int32_t Sampler::draw_from_all(double u) const {
  const Tape::Pause pause;
  const auto p = softmax(logits_);
  double total = 0, sum = 0;
  for (const float x : p.values()) total += static_cast<double>(x);
  std::int32_t last = 0;
  for (Index i = 0; i < p.size(); ++i) {
    if (p.data()[i] > 0) last = static_cast<std::int32_t>(i);
    sum += static_cast<double>(p.data()[i]);
    if (sum > u * total) break;
  }
  return last;
}

bool Sampler::pop() {
  if (heap_.empty()) return false;
  std::pop_heap(heap_.begin(), heap_.end());
  chosen_.push_back(heap_.back());
  heap_.pop_back();
  return true;
}

/// Sum of e^(logit - the largest) over the tokens that top_k leaves; those are in chosen_ then, or else one is.
double Sampler::weights_together() const {
  if (options_.top_k == 0) {
    const Tape::Pause pause;
    return std::exp(static_cast<double>(logsumexp(logits_).item()) - static_cast<double>(chosen_[0].logit));
  }
  double sum = 0;
  for (const auto& c : chosen_) sum += std::exp(static_cast<double>(c.logit - chosen_[0].logit));
  return sum;
}

std::int32_t Sampler::draw_from_likeliest(double u) {
  heap_.clear(), chosen_.clear();
  for (Index i = 0; i < logits_.size(); ++i) heap_.push_back({logits_.data()[i], static_cast<std::int32_t>(i)});
  std::make_heap(heap_.begin(), heap_.end());
  const auto most = static_cast<std::size_t>(std::max<Index>(1, options_.top_k));
  while (chosen_.size() < most && pop()) {
  }
  if (options_.top_k > 0) heap_.clear();
  const double enough = options_.top_p * weights_together();
  double sum = 0;
  std::size_t kept = 0;
  while ((kept < chosen_.size() || pop()) && (kept == 0 || options_.top_p == 1 || sum < enough)) {
    const double weight = std::exp(static_cast<double>(chosen_[kept].logit - chosen_[0].logit));
    if (weight < options_.min_p && kept > 0) break;
    sum += weight, ++kept;
  }
  double passed = 0;
  for (std::size_t i = 0; i < kept; ++i) {
    passed += std::exp(static_cast<double>(chosen_[i].logit - chosen_[0].logit));
    if (passed > u * sum) return chosen_[i].id;
  }
  return chosen_[kept - 1].id;
}

}  // namespace atelier::inline v0::transformer
