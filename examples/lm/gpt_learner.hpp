/// Training of a decoder-only Transformer on windows at random places of the text.
#pragma once

#include "training.hpp"

namespace atelier::programs {

class GptLearner : public Learner {
 public:
  /// Throws ConfigError for options that do not fit the corpus, which must outlive this.
  GptLearner(const Corpus& corpus, const LmOptions& o, const train::Options& run);

  Index steps_per_epoch() const override { return windows_.steps_per_epoch(); }
  Index tokens_per_step() const override { return run_.batch * options_.length; }
  train::Record step(Index step, double lr_factor) override;
  std::optional<Measured> measure(Tokens text, const CacheGrid& grid, const metrics::GoOn& go_on) const override;
  std::string protocol() const override;
  bool has_cache() const override { return false; }
  data::TokenIds sample(Tokens prompt, Index count, const transformer::Sampling& sampling, Rng rng) const override;
  void draw_attention(Tokens text, const std::filesystem::path& file) const override;

  train::State state() override;
  train::State model_state() override;
  std::vector<optim::Optimizer*> optimizers() override { return {&adam_}; }
  train::Record config() const override;

 private:
  Tensor loss(const IndexTensor& inputs, const IndexTensor& targets, const Rng& rng, std::uint64_t part);

  LmOptions options_;
  train::Options run_;
  Rng rng_;
  data::RandomWindows windows_;
  std::optional<nn::ClassSample> sample_;
  transformer::Gpt model_;
  optim::Adam adam_;
};

}  // namespace atelier::programs
