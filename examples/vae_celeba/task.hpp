/// Training a convolutional VAE on faces.
#pragma once

#include "atelier/models/vae/vae.hpp"
#include "atelier/optim/adam.hpp"
#include "atelier/train/options.hpp"
#include "measures.hpp"

namespace atelier::programs {

struct FaceVaeOptions {
  vae::ConvConfig model;
  vae::LossOptions loss;
  Index kl_warmup = 0;   // updates over which beta grows from 0
  bool flip = true;      // training images are mirrored at random
  Index samples = 2000;  // that are measured at the end
};

/// What the flags ask for, as config.json has it.
train::Record request(const FaceVaeOptions& o);

class FaceVaeTask : public train::Task {
 public:
  /// Throws ConfigError for options that do not fit the images.
  FaceVaeTask(ImageData images, const FaceVaeOptions& o, const train::Options& run);

  Index steps_per_epoch() const override { return shuffle_.steps_per_epoch(); }
  Index items_per_step() const override { return run_.batch; }
  train::Record step(Index step, double lr_factor) override;
  train::Record evaluate() override { return terms(static_cast<Index>(data_.held_out.size())); }
  double score(const train::Record& metrics) const override { return metrics.number("test_neg_elbo"); }
  std::optional<train::Record> finish(double share, const train::Proceed& proceed) override;
  void sample(const std::filesystem::path& folder, Index step) override;
  train::State state() override;
  std::vector<optim::Optimizer*> optimizers() override { return {&adam_}; }
  train::State model_state() override;
  train::Record model_config() const override;
  train::Record config() const override;
  std::string protocol() const override;

 private:
  /// Training images by number, [N, pixels], mirrored at random where the options say so.
  Tensor training_images(std::span<const std::int32_t> numbers, const Rng& rng) const;
  /// Held-out images [begin, end), [N, pixels].
  Tensor held_out(Index begin, Index end) const;
  /// The ELBO's terms of the first n held-out images.
  train::Record terms(Index n) const;
  /// n images from the prior, [n, C, H, W].
  Tensor generated(Index n) const;

  FaceVaeOptions options_;
  train::Options run_;
  ImageData data_;
  Rng rng_;
  data::Shuffle shuffle_;
  vae::ConvVae model_;
  optim::Adam adam_;
  std::unique_ptr<Measures> measures_;
};

}  // namespace atelier::programs
