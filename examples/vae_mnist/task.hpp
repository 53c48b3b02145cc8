/// Training a VAE on MNIST, or any data set in its format.
#pragma once

#include <string>

#include "atelier/data/batches.hpp"
#include "atelier/models/vae/vae.hpp"
#include "atelier/train/options.hpp"
#include "atelier/train/task.hpp"

namespace atelier::programs {

/// What is drawn from the grey levels: nothing; each pixel once, before training; each training pixel in every step.
enum class Binarize { none, once, every_step };

struct VaeOptions {
  vae::Config model;
  vae::LossOptions loss;
  Index kl_warmup = 0;  // updates over which beta grows from 0
  Binarize binarize = Binarize::none;
  Index iwae = 0;     // draws of the final bound on the test images; 0: none
  Index holdout = 0;  // last training images, held out and measured instead of the test images
};

/// The images of a run: binarised if so told, split into what is trained on and what is measured.
struct VaeData {
  data::ImageSet train, held_out;
  std::string held_out_name;  // test or validation: prefix of the metrics
  std::string protocol;       // which images, and how they were made
  std::string checksums;
  /// Throws ConfigError for options that do not fit the images.
  VaeData(data::Mnist images, const VaeOptions& o);
};

/// What the flags ask for, as config.json has it.
train::Record request(const VaeOptions& o);

class VaeTask : public train::Task {
 public:
  /// Throws ConfigError for options that do not fit the images.
  VaeTask(VaeData images, const VaeOptions& o, const train::Options& run);

  Index steps_per_epoch() const override { return shuffle_.steps_per_epoch(); }
  Index items_per_step() const override { return run_.batch; }
  train::Record step(Index step, double lr_factor) override;
  train::Record evaluate() override;
  double score(const train::Record& metrics) const override;
  std::optional<train::Record> finish(double share, const train::Proceed& proceed) override;
  void sample(const std::filesystem::path& folder, Index step) override;
  train::State state() override;
  std::vector<optim::Optimizer*> optimizers() override { return {&adam_}; }
  train::State model_state() override;
  train::Record model_config() const override;

  /// Model and data; request() has the rest.
  train::Record config() const override;
  std::string protocol() const override;

 private:
  /// Examples by number; their pixels drawn when every step draws them.
  vae::Batch<float> batch(std::span<const std::int32_t> numbers, const Rng& rng) const;
  Tensor one_hot_labels(const IndexTensor& numbers) const;
  train::Record evaluate(const vae::Batch<float>& images) const;
  /// The IWAE bound, in nats; nothing when `proceed` says to stop.
  std::optional<double> iwae(const vae::Batch<float>& images, const train::Proceed& proceed) const;

  VaeOptions options_;
  train::Options run_;
  VaeData data_;
  Rng rng_;
  data::Shuffle shuffle_;
  vae::Vae model_;
  optim::Adam adam_;
  vae::Batch<float> held_out_;
};

}  // namespace atelier::programs
