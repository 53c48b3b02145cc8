/// Training the classifier that measures generated digits.
#pragma once

#include "atelier/data/batches.hpp"
#include "atelier/models/digits/classifier.hpp"
#include "atelier/optim/adam.hpp"
#include "atelier/train/options.hpp"
#include "atelier/train/task.hpp"

namespace atelier::programs {

struct ClassifierOptions {
  Index shift = 2;  // pixels that training digits are moved by at most, in both directions
};

/// What the flags ask for, as config.json has it.
train::Record request(const ClassifierOptions& o);

class ClassifierTask : public train::Task {
 public:
  /// Throws ConfigError for images that are not 28 x 28 and for options that do not fit.
  ClassifierTask(data::Mnist images, const ClassifierOptions& o, const train::Options& run);

  Index steps_per_epoch() const override { return shuffle_.steps_per_epoch(); }
  Index items_per_step() const override { return run_.batch; }
  train::Record step(Index step, double lr_factor) override;
  train::Record evaluate() override;
  double score(const train::Record& metrics) const override { return -metrics.number("test_accuracy"); }
  std::optional<train::Record> finish(double share, const train::Proceed& proceed) override;
  /// step-N-mistakes.png: test digits that are taken for another one, up to 64.
  void sample(const std::filesystem::path& folder, Index step) override;
  train::State state() override;
  std::vector<optim::Optimizer*> optimizers() override { return {&adam_}; }
  train::State model_state() override;
  train::Record model_config() const override { return train::Record().set("model", "digit_classifier"); }
  train::Record config() const override;
  std::string protocol() const override;

 private:
  ClassifierOptions options_;
  train::Options run_;
  data::Mnist data_;
  Rng rng_;
  data::Shuffle shuffle_;
  digits::Classifier model_;
  optim::Adam adam_;
};

}  // namespace atelier::programs
