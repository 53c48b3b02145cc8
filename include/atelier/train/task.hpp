/// What a training loop trains: the loop knows steps, time, files and progress; the task knows the model.
#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "atelier/nn/visit.hpp"
#include "atelier/optim/optimizer.hpp"
#include "atelier/train/record.hpp"

namespace atelier::inline v0::train {

/// One tensor of a run's state: how to read it, and how to overwrite it.
struct StateEntry {
  std::string name;
  Shape shape;
  const float* data;
  std::function<float*()> write;
};
using State = std::vector<StateEntry>;

/// Adds every parameter and buffer of `module`, names prefixed.
template <class M> void add_module(State& state, const std::string& prefix, M& module) {
  nn::visit_all(module, [&](const std::string& name, auto& p) {
    state.push_back({prefix + name, p.shape(), p.data(), [&p] { return p.write(); }});
  });
}
/// Adds an optimizer's moments.
inline void add_optimizer(State& state, const std::string& prefix, const optim::Optimizer& optimizer) {
  optimizer.visit_state([&](const std::string& name, BasicTensor<float> x) {
    state.push_back({prefix + name, x.shape(), x.data(), [x]() mutable { return x.mutable_data(); }});
  });
}
/// What a run of one module under one optimizer continues from: "model.NAME" and the moments "adam.NAME".
template <class M> State run_state_of(M& module, const optim::Optimizer& optimizer) {
  State state;
  add_module(state, "model.", module);
  add_optimizer(state, "adam.", optimizer);
  return state;
}
/// What a model file holds of a module: its tensors under their own names.
template <class M> State model_state_of(M& module) {
  State state;
  add_module(state, "", module);
  return state;
}

/// "step-00000012": what the names of a step's files begin with.
inline std::string step_name(Index step) {
  const auto digits = std::to_string(step);
  return "step-" + std::string(8 - std::min<std::size_t>(8, digits.size()), '0') + digits;
}

/// Told which share of a long piece of work is done; says whether to go on.
using Proceed = std::function<bool(double done)>;

/// Everything random in a step is drawn from generators named by the step's number, so that a run is a function of its
/// seed and the step: nothing but the step number has to be remembered to continue.
class Task {
 public:
  virtual ~Task() = default;

  /// Writes what the model file needs beside it, such as a tokenizer, into the run's folder when the run begins.
  virtual void write_files(const std::filesystem::path&) const {}
  virtual Index steps_per_epoch() const = 0;
  /// Examples that one step reads, for throughput.
  virtual Index items_per_step() const = 0;
  /// One update. `lr_factor` is the schedule's. Returns what is logged; its field "loss" is watched for NaN.
  virtual Record step(Index step, double lr_factor) = 0;
  /// Something about the last step that the user should know, once; mostly nothing.
  virtual std::string note() { return {}; }
  /// Metrics of the model as it is, at the end of an epoch.
  virtual Record evaluate() = 0;
  /// The metric that says which checkpoint is best; smaller is better.
  virtual double score(const Record& metrics) const = 0;
  /// Final metrics. A share below 1 evaluates only so much of the data, to see how long it takes. Calls `proceed`, if
  /// it is set, now and then; gives nothing when that says to stop.
  virtual std::optional<Record> finish(double share, const Proceed& proceed) = 0;
  /// Pictures or texts of the model as it is.
  virtual void sample(const std::filesystem::path& folder, Index step) = 0;
  /// All tensors that a run's continuation depends on. May first bring up to date what follows from them.
  virtual State state() = 0;
  /// The optimizers, whose step counts belong to the state.
  virtual std::vector<optim::Optimizer*> optimizers() = 0;
  /// Tensors and configuration of the model file, under PyTorch's names.
  virtual State model_state() = 0;
  virtual Record model_config() const = 0;
  /// Whatever else the result depends on, for config.json: objective, data with their checksums.
  virtual Record config() const = 0;
  /// How the metrics were made: split, crop, resize, range, counts, estimator.
  virtual std::string protocol() const = 0;
};

}  // namespace atelier::inline v0::train
