/// Whole training steps that are timed beside those of other libraries.
#pragma once

#include <memory>
#include <string>

#include "spec.hpp"

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

/// Works by their names in scripts/bench/works.py, or with sizes of their own (spec.hpp): vae@batch,hidden;
/// dcgan@batch; gpt@batch,context,width,heads,layers,vocabulary; decode@batch; vae_sample@batch; dcgan_sample@batch.
/// Throws ConfigError for an unknown name or size.
std::unique_ptr<Workload> make_workload(const std::string& name);
std::unique_ptr<Workload> make_vae(Spec& spec);
std::unique_ptr<Workload> make_dcgan(Spec& spec, bool penalised);
std::unique_ptr<Workload> make_gpt(Spec& spec, double dropout);
std::unique_ptr<Workload> make_seq2seq();
std::unique_ptr<Workload> make_decode(Spec& spec);
std::unique_ptr<Workload> make_vae_sampling(Spec& spec);
std::unique_ptr<Workload> make_dcgan_sampling(Spec& spec);
std::unique_ptr<Workload> make_recorded_ops();

}  // namespace atelier::bench
