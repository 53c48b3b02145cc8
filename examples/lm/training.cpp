#include "training.hpp"

namespace atelier::programs {

void check_windows(const Corpus& corpus, Index rows, Index length) {
  const auto targets = static_cast<Index>(corpus.train.tokens.size()) - 1;
  if (rows * length > targets)
    throw ConfigError("--batch and --length: expected at most the " + std::to_string(targets) +
                      " tokens of the training text, found " + std::to_string(rows) + " times " +
                      std::to_string(length));
}

std::optional<nn::ClassSample> sample_of(const Corpus& corpus, const LmOptions& o) {
  if (o.sampled == 0) return std::nullopt;
  if (!corpus.by_frequency)
    throw ConfigError("--sampled: expected 0, found " + std::to_string(o.sampled) +
                      "; these tokens are not sorted by frequency");
  return nn::ClassSample(corpus.tokenizer->size(), {.always = o.frequent, .size = o.sampled});
}

optim::AdamOptions adam_options(const LmOptions& o, double lr) {
  return {.lr = lr,
          .beta1 = o.beta1,
          .beta2 = o.beta2,
          .weight_decay = o.weight_decay,
          .decays = optim::matrices_only,
          .clip_norm = o.clip};
}

double warm_up(const LmOptions& o, Index step) {
  return step < o.warmup ? static_cast<double>(step + 1) / static_cast<double>(o.warmup) : 1;
}

}  // namespace atelier::programs
