/// Texts from a recurrent language model.
#pragma once

#include "atelier/models/lstm_lm/model.hpp"
#include "atelier/models/transformer/sampling.hpp"

namespace atelier::inline v0::lstm_lm {

/// Continues a prompt by `count` tokens, which are given back. Throws Error for an empty prompt, a negative count or
/// ids outside the vocabulary; ConfigError for options.
inline std::vector<std::int32_t> sample(const LstmLm& m, std::span<const std::int32_t> prompt, Index count, Rng& rng,
                                        const transformer::Sampling& sampling = {}) {
  if (prompt.empty() || count < 0)
    throw Error("sample: expected a prompt of at least one token and a count of at least 0, found " +
                std::to_string(prompt.size()) + " and " + std::to_string(count));
  Tape::Pause pause;
  transformer::Sampler sampler(m.config.vocabulary, sampling);
  nn::LstmState<float> state;
  std::vector<std::int32_t> text;
  std::vector<char> seen(static_cast<std::size_t>(m.config.vocabulary), 0);
  IndexTensor next({static_cast<Index>(prompt.size()), 1}, prompt);
  for (Index i = 0; i < count; ++i) {
    const auto f = m(next, state);
    for (const auto id : next.values()) seen[static_cast<std::size_t>(id)] = 1;
    state = f.state;
    const auto logits = m.log_prob(f.features.view({1, m.config.embedding}, (next.size() - 1) * m.config.embedding));
    text.push_back(sampler(logits.values(), seen, rng.uniform()));
    next = IndexTensor({1, 1}, text.back());
  }
  return text;
}

}  // namespace atelier::inline v0::lstm_lm
