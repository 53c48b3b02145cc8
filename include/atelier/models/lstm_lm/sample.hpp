/// Texts from a recurrent language model.
#pragma once

#include <algorithm>
#include <limits>
#include <numeric>

#include "atelier/models/lstm_lm/model.hpp"

namespace atelier::inline v0::lstm_lm {

struct SampleOptions {
  double temperature = 1;                // of the logits; 0: the most probable token
  Index top_k = 0;                       // > 0: only so many of the most probable tokens
  std::vector<std::int32_t> never = {};  // tokens that are left out, such as that of unknown words
};

namespace detail {
/// A token drawn from log-probabilities [V], which are used up. NaN counts as never.
inline std::int32_t draw_token(std::vector<double>& logits, const SampleOptions& o, Rng& rng) {
  constexpr double none = -std::numeric_limits<double>::infinity();
  for (const auto id : o.never) logits.at(static_cast<std::size_t>(id)) = none;
  for (double& x : logits)
    if (std::isnan(x)) x = none;
  const auto best = std::max_element(logits.begin(), logits.end());
  const double top = *best;
  if (o.temperature == 0 || top == none) return static_cast<std::int32_t>(best - logits.begin());
  const auto k = static_cast<std::size_t>(o.top_k);
  double least = none;
  if (k > 0 && k < logits.size()) {
    auto sorted = logits;
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(k - 1), sorted.end(),
                     std::greater<>());
    least = sorted[k - 1];
  }
  for (double& x : logits) x = x < least ? 0 : std::exp((x - top) / o.temperature);
  double rest = rng.uniform() * std::accumulate(logits.begin(), logits.end(), 0.0);
  std::size_t id = 0;
  while (id + 1 < logits.size() && rest >= logits[id]) rest -= logits[id++];
  while (logits[id] == 0 && id > 0) --id;  // what rounding left over
  return static_cast<std::int32_t>(id);
}
}  // namespace detail

/// Continues a prompt of at least one token by `count` tokens, which are given back. Throws Error for an empty prompt,
/// ids outside the vocabulary, or a negative temperature, top_k or count.
template <class T>
std::vector<std::int32_t> sample(const BasicLstmLm<T>& m, std::span<const std::int32_t> prompt, Index count, Rng& rng,
                                 const SampleOptions& o = {}) {
  if (prompt.empty() || count < 0 || !(o.temperature >= 0) || o.top_k < 0)
    throw Error("sample: expected a prompt, and a temperature, top_k and count that are not negative");
  Tape::Pause pause;
  nn::LstmState<T> state;
  std::vector<std::int32_t> text;
  IndexTensor next({static_cast<Index>(prompt.size()), 1}, prompt);
  for (Index i = 0; i < count; ++i) {
    const auto f = m(next, state);
    state = f.state;
    const auto last = f.features.view({1, m.config.embedding}, (next.size() - 1) * m.config.embedding);
    const auto logits = m.log_prob(last);
    std::vector<double> values(logits.values().begin(), logits.values().end());
    text.push_back(detail::draw_token(values, o, rng));
    next = IndexTensor({1, 1}, text.back());
  }
  return text;
}

}  // namespace atelier::inline v0::lstm_lm
