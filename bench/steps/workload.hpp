/// Whole training steps that are timed beside those of other libraries.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "atelier/core/shape.hpp"

namespace atelier::bench {

class Workload {
 public:
  virtual ~Workload() = default;
  /// Number `k` of the first steps, on data and noise made by formula: all libraries start from the same weights and
  /// must find the same losses. Returns the loss.
  virtual double parity_step(std::uint64_t k) = 0;
  /// One training step: batch, forward and backward pass, update, loss read back. Returns the loss.
  virtual double step() = 0;
  /// Examples in a step.
  virtual Index items() const = 0;
};

/// "vae32", "vae128", "vae512": the 784-400-20 VAE with that batch; "dcgan16", "dcgan32": the DCGAN for 64 x 64;
/// "wgangp32": the same with WGAN-GP; "gpt", "gpt_dropout", "gpt33k", "gptbyte", "gpt124m", "seq2seq": Transformers;
/// "decode", "decode8": a token of a Gpt; "ops": 1,000 recorded operations. Throws ConfigError for an unknown name.
std::unique_ptr<Workload> make_workload(const std::string& name);
std::unique_ptr<Workload> make_vae(Index batch);
std::unique_ptr<Workload> make_dcgan(Index batch, bool penalised);
std::unique_ptr<Workload> make_transformer(const std::string& name);
std::unique_ptr<Workload> make_recorded_ops();

}  // namespace atelier::bench
