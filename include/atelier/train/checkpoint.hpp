/// Checkpoints: everything that a run's continuation depends on, in one safetensors file.
#pragma once

#include <filesystem>

#include "atelier/train/task.hpp"

namespace atelier::inline v0::train {

/// Where a run stood. Its random generators and its place in the data follow from the seed and the step.
struct Checkpoint {
  Index step = 0;
  double seconds = 0;  // of training so far; kept out of the file, which depends on nothing but the run
  Index best_step = 0;
  double best_score = 0;
  Record sums;       // of the logged values since the epoch began
  std::string note;  // what was passed over on the way to it: newer checkpoints that are damaged
};

/// Writes the task's state durably. Throws DivergedError when a number in it is not finite: such a state is no use.
void save_checkpoint(const std::filesystem::path& file, const Checkpoint& checkpoint, Task& task, std::uint64_t seed);

/// Restores the task's state. Everything is verified before anything is overwritten. Throws InputError for a damaged
/// file, and for one that belongs to another model, naming the first tensor that does not fit.
Checkpoint load_checkpoint(const std::filesystem::path& file, Task& task, std::uint64_t seed);

/// Writes the model alone, under the names that PyTorch would use, with its configuration in the metadata.
void save_model(const std::filesystem::path& file, const State& state, const Record& config);

}  // namespace atelier::inline v0::train
