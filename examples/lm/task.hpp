/// Training a language model on a text: what the loop needs to know.
#pragma once

#include "corpus.hpp"
#include "options.hpp"

namespace atelier::programs {

class LmTask : public train::Task {
 public:
  /// Throws ConfigError for options that do not fit the texts.
  LmTask(Corpus corpus, const LmOptions& o, const train::Options& run);

  void write_files(const std::filesystem::path& folder) const override;
  Index steps_per_epoch() const override { return learner_->steps_per_epoch(); }
  Index items_per_step() const override { return learner_->tokens_per_step(); }
  train::Record step(Index step, double lr_factor) override { return learner_->step(step, lr_factor); }
  train::Record evaluate() override;
  double score(const train::Record& metrics) const override { return metrics.number("val_nats"); }
  std::optional<train::Record> finish(double share, const train::Proceed& proceed) override;
  void sample(const std::filesystem::path& folder, Index step) override;
  train::State state() override { return learner_->state(); }
  std::vector<optim::Optimizer*> optimizers() override { return learner_->optimizers(); }
  train::State model_state() override { return learner_->model_state(); }
  train::Record model_config() const override { return learner_->config(); }
  train::Record config() const override;
  std::string protocol() const override;

 private:
  std::string continued() const;
  /// Metrics of one part of the text with and without a cache; the choice of the cache is made if it is open.
  bool measure(const TextPart& part, const std::string& name, double share, const train::Proceed& proceed,
               train::Record& metrics);
  void choose_cache(const Measured& measured);

  LmOptions options_;
  train::Options run_;
  Corpus corpus_;
  std::unique_ptr<Learner> learner_;
  CacheGrid cache_;                 // of the final evaluation: first candidates, then the choice
  std::vector<std::string> lines_;  // what the final evaluation found, part by part
};

/// The model that the options ask for.
std::unique_ptr<Learner> make_learner(const Corpus& corpus, const LmOptions& o, const train::Options& run);

}  // namespace atelier::programs
