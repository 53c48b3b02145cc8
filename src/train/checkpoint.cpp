#include "atelier/train/checkpoint.hpp"

#include <algorithm>
#include <cmath>

#include "atelier/io/safetensors.hpp"

namespace atelier::inline v0::train {

namespace {
constexpr const char* run_key = "atelier.run";
constexpr const char* config_key = "atelier.config";

io::NamedBytes bytes_of(const StateEntry& e) {
  const auto size = static_cast<std::size_t>(e.shape.size());
  return {e.name, io::DType::F32, e.shape, std::as_bytes(std::span(e.data, size))};
}

void require_finite(const StateEntry& e) {
  const float* end = e.data + e.shape.size();
  if (std::all_of(e.data, end, [](float x) { return std::isfinite(x); })) return;
  throw DivergedError("checkpoint: expected finite numbers, found NaN or infinity in " + e.name +
                      "; the last checkpoint is kept, try a smaller --lr");
}

void write(const std::filesystem::path& file, const State& state, const io::Metadata& metadata) {
  std::vector<io::NamedBytes> tensors;
  for (const auto& e : state) tensors.push_back(bytes_of(e));
  io::write_safetensors(file, tensors, metadata);
}

Record describe(const Checkpoint& c, Task& task, std::uint64_t seed) {
  Record run;
  std::vector<std::int64_t> updates;
  for (const auto* o : task.optimizers()) updates.push_back(o->steps());
  run.set("step", c.step).set("seed", static_cast<std::int64_t>(seed)).set("updates", updates);
  run.set("best_step", c.best_step).set("best_score", c.best_score).set("sums", c.sums);
  return run;
}

std::vector<std::int64_t> updates_of(const Record& run, std::size_t optimizers, const std::string& place) {
  const auto* updates = run.find("updates");
  const auto* counts = updates ? std::get_if<std::vector<std::int64_t>>(updates) : nullptr;
  if (!counts || counts->size() != optimizers ||
      std::any_of(counts->begin(), counts->end(), std::signbit<std::int64_t>))
    throw InputError(place + ": expected the update counts of " + std::to_string(optimizers) +
                     " optimizers, found others; the checkpoint belongs to another trainer");
  return *counts;
}

Record run_of(const io::SafetensorsFile& file, const std::string& place) {
  const auto found = file.metadata().find(run_key);
  if (found == file.metadata().end())
    throw InputError(place + ": expected a checkpoint, found a file without '" + run_key + "'");
  return Record::parse(found->second, place);
}

Checkpoint from_record(const Record& run, std::uint64_t seed, const std::string& place) try {
  if (run.integer("seed") != static_cast<std::int64_t>(seed))
    throw ConfigError(place + ": expected a run with seed " + std::to_string(seed) + ", found seed " +
                      std::to_string(run.integer("seed")) + "; resume with the seed the run began with");
  Checkpoint c;
  c.step = run.integer("step");
  c.best_step = run.integer("best_step");
  c.best_score = run.number("best_score");
  if (const auto* sums = run.find("sums"))
    if (const auto* part = std::get_if<std::vector<Record>>(sums); part && !part->empty()) c.sums = part->front();
  if (c.step < 0 || c.best_step < 0 || c.best_step > c.step)
    throw InputError("expected a best step from 0 to the step, found " + std::to_string(c.best_step) + " at step " +
                     std::to_string(c.step));
  return c;
} catch (const InputError& error) {
  throw InputError(place + ": " + error.what());
}

/// Every tensor of the state is in the file, of its shape, and no other is.
void check_fit(const io::SafetensorsFile& file, const State& state, const std::string& place) {
  for (const auto& e : state) {
    if (!file.contains(e.name))
      throw InputError(place + ": expected tensor '" + e.name +
                       "', found none; the checkpoint belongs to another model");
    if (const Shape& found = file.info(e.name).shape; found != e.shape)
      throw InputError(place + ": expected '" + e.name + "' of shape " + e.shape.str() + ", found " + found.str() +
                       "; the checkpoint belongs to another model");
  }
  if (file.tensors().size() != state.size())
    throw InputError(place + ": expected " + std::to_string(state.size()) + " tensors, found " +
                     std::to_string(file.tensors().size()) + "; the checkpoint belongs to another model");
}
}  // namespace

void save_checkpoint(const std::filesystem::path& file, const Checkpoint& checkpoint, Task& task, std::uint64_t seed) {
  const State state = task.state();
  for (const auto& e : state) require_finite(e);
  write(file, state, {{run_key, describe(checkpoint, task, seed).json()}, {config_key, task.model_config().json()}});
}

Checkpoint load_checkpoint(const std::filesystem::path& path, Task& task, std::uint64_t seed) {
  const auto file = io::SafetensorsFile::open(path);
  const std::string place = path.string();
  const Record run = run_of(file, place);
  const auto optimizers = task.optimizers();
  const State state = task.state();
  check_fit(file, state, place);
  const auto updates = updates_of(run, optimizers.size(), place);
  const Checkpoint checkpoint = from_record(run, seed, place);
  file.verify();
  for (const auto& e : state)
    file.read_into<float>(e.name, std::span(e.write(), static_cast<std::size_t>(e.shape.size())));
  for (std::size_t k = 0; k < optimizers.size(); ++k) optimizers[k]->set_steps(updates[k]);
  return checkpoint;
}

void save_model(const std::filesystem::path& file, const State& state, const Record& config) {
  for (const auto& e : state) require_finite(e);
  write(file, state, {{config_key, config.json()}});
}

}  // namespace atelier::inline v0::train
