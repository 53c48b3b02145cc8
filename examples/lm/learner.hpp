/// A language model in training, whatever it is made of.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "atelier/data/tokenizer/tokenizer.hpp"
#include "atelier/metrics/perplexity.hpp"
#include "atelier/models/transformer/sampling.hpp"
#include "atelier/train/task.hpp"

namespace atelier::programs {

using Tokens = std::span<const std::int32_t>;

/// Values that a continuous cache is tried with, in every combination; no window: no cache.
struct CacheGrid {
  Index window = 0;
  std::vector<double> thetas = {}, lambdas = {};
};
struct Measured {
  double nats = 0;                  // -log p of all tokens but the first
  std::vector<double> cached = {};  // the same with a cache, for every theta and, within it, every lambda
};
class Learner {
 public:
  virtual ~Learner() = default;

  virtual Index steps_per_epoch() const = 0;
  virtual Index tokens_per_step() const = 0;
  /// One update, with a learning rate of `lr_factor` times its own; the mean loss, and the nats a token in it.
  virtual train::Record step(Index step, double lr_factor) = 0;
  /// Likelihood of a text as it is; nothing when `go_on` says to stop.
  virtual std::optional<Measured> measure(Tokens text, const CacheGrid& grid, const metrics::GoOn& go_on) const = 0;
  /// How measure() does it.
  virtual std::string protocol() const = 0;
  virtual bool has_cache() const = 0;
  virtual data::TokenIds sample(Tokens prompt, Index count, const transformer::Sampling& sampling, Rng rng) const = 0;

  /// Pictures of how the model reads a text; none for models without attention.
  virtual void draw_attention(Tokens text, const std::filesystem::path& file) const = 0;

  virtual train::State state() = 0;
  virtual train::State model_state() = 0;
  virtual std::vector<optim::Optimizer*> optimizers() = 0;
  virtual train::Record config() const = 0;
};

}  // namespace atelier::programs
