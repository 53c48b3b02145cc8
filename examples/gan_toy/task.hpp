/// Training a GAN on a mixture of Gaussians in the plane.
#pragma once

#include <memory>

#include "atelier/metrics/modes.hpp"
#include "atelier/train/options.hpp"
#include "atelier/train/task.hpp"
#include "gan_game.hpp"
#include "presets.hpp"

namespace atelier::programs {

/// What the flags ask for, as config.json has it.
train::Record request(const ToyOptions& o);

class ToyTask : public train::Task {
 public:
  /// Throws ConfigError for options that make no model or no training.
  ToyTask(const ToyOptions& o, const train::Options& run);

  Index steps_per_epoch() const override { return options_.evaluate_every; }
  Index items_per_step() const override { return run_.batch * options_.gan.training.n_critic; }
  train::Record step(Index step, double lr_factor) override;
  std::string note() override { return std::exchange(note_, {}); }
  train::Record evaluate() override;
  /// Fewer modes and fewer samples inside them are worse.
  double score(const train::Record& metrics) const override;
  std::optional<train::Record> finish(double share, const train::Proceed& proceed) override;
  /// step-N-samples.png: points of the mixture, and the generator's from noise that is the same in every call.
  void sample(const std::filesystem::path& folder, Index step) override;
  train::State state() override { return game_.state(); }
  std::vector<optim::Optimizer*> optimizers() override { return {&game_.generator_adam, &game_.discriminator_adam}; }
  train::State model_state() override { return game_.model_state(); }
  train::Record model_config() const override;
  train::Record config() const override;
  std::string protocol() const override { return protocol_; }

 private:
  /// Real points and noise of an update of the discriminator, or of a part of it.
  gan::Batch<float> batch(const Rng& rng, Index update, Index part) const;
  metrics::ModeCoverage coverage() const;  // of the averaged generator

  ToyOptions options_;
  train::Options run_;
  data::Mixture mixture_;
  Rng rng_;
  GanGame<gan::MlpGenerator, gan::MlpDiscriminator> game_;
  std::string note_, protocol_;
};

}  // namespace atelier::programs
