/// Training of a recurrent language model, whose state is carried from window to window.
#pragma once

#include "atelier/data/text/windows.hpp"
#include "options.hpp"

namespace atelier::programs {

class LstmLearner : public Learner {
 public:
  /// Throws ConfigError for options that do not fit the corpus, which must outlive this.
  LstmLearner(const Corpus& corpus, const LmOptions& o, const train::Options& run);

  Index steps_per_epoch() const override { return batches_.steps_per_epoch(); }
  Index tokens_per_step() const override { return run_.batch * options_.length; }
  train::Record step(Index step, double lr_factor) override;
  std::optional<Measured> measure(Tokens text, const CacheGrid& grid, const metrics::GoOn& go_on) const override;
  std::string protocol() const override;
  bool has_cache() const override { return true; }
  data::TokenIds sample(Tokens prompt, Index count, const transformer::Sampling& sampling, Rng rng) const override;

  void draw_attention(Tokens, const std::filesystem::path&) const override {}

  train::State state() override;
  train::State model_state() override;
  std::vector<optim::Optimizer*> optimizers() override { return {&adam_}; }
  train::Record config() const override;

 private:
  void start_over();
  std::optional<Measured> measure_carried(Tokens text, const CacheGrid& grid, const metrics::GoOn& go_on) const;
  std::optional<Measured> measure_windows(Tokens text, const metrics::GoOn& go_on) const;

  LmOptions options_;
  train::Options run_;
  Rng rng_;
  data::StreamBatches batches_;
  std::optional<nn::ClassSample> sample_;
  lstm_lm::LstmLm model_;
  optim::Adam adam_;
  std::vector<nn::LstmState<float>> carried_;  // of each part of a batch
};

}  // namespace atelier::programs
