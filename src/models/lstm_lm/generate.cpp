#include "atelier/models/lstm_lm/generate.hpp"

#include <algorithm>

namespace atelier::inline v0::lstm_lm {

namespace {
using transformer::Tokens;

/// One text under way.
class Writer {
 public:
  Writer(const LstmLm& model, const transformer::GenerateOptions& o, Rng rng)
      : model_(model),
        o_(o),
        sampler_(model.config.vocabulary, o.sampling),
        rng_(rng),
        seen_(static_cast<std::size_t>(model.config.vocabulary), 0) {}

  /// Adds tokens to `text`, which is number `number` for the caller. False when all texts are to end.
  bool run(const Tokens& prompt, Index number, Tokens& text) {
    IndexTensor next({static_cast<Index>(prompt.size()), 1}, std::span<const std::int32_t>(prompt));
    for (Index i = 0; i < o_.tokens; ++i) {
      const auto token = choose(next);
      if (std::find(o_.stop.begin(), o_.stop.end(), token) != o_.stop.end()) break;
      text.push_back(token);
      if (o_.on_token && !o_.on_token(number, token)) return false;
      next = IndexTensor({1, 1}, token);
    }
    return true;
  }

 private:
  std::int32_t choose(const IndexTensor& read) {
    const auto f = model_(read, state_);
    state_ = f.state;
    for (const auto id : read.values()) seen_[static_cast<std::size_t>(id)] = 1;
    const Index width = model_.config.embedding;
    const auto logits = model_.log_prob(f.features.view({1, width}, (read.size() - 1) * width));
    return sampler_(logits.values(), seen_, rng_.uniform());
  }

  const LstmLm& model_;
  const transformer::GenerateOptions& o_;
  transformer::Sampler sampler_;
  Rng rng_;
  nn::LstmState<float> state_;
  std::vector<char> seen_;
};
}  // namespace

std::vector<Tokens> generate(const LstmLm& model, std::span<const Tokens> prompts,
                             const transformer::GenerateOptions& o, const Rng& rng) {
  if (o.tokens < 0) throw ConfigError("tokens: expected a number from 0, found " + std::to_string(o.tokens));
  Tape::Pause pause;
  std::vector<Tokens> texts(prompts.size());
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    if (prompts[i].empty()) throw Error("generate: expected a prompt of at least one token, found an empty one");
    if (!Writer(model, o, rng.fork("text", i)).run(prompts[i], static_cast<Index>(i), texts[i])) break;
  }
  return texts;
}

}  // namespace atelier::inline v0::lstm_lm
