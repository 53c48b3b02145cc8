/// A trained model with the data that it was trained on: the task of its run again, of which the end is repeated.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "atelier/train/options.hpp"
#include "atelier/train/task.hpp"

namespace atelier::programs {

/// What is asked of a run; what is left out is as the run's config.json says, or as the trainers have it.
struct EvaluationRequest {
  std::filesystem::path model;       // a run's folder, its model.safetensors, or a checkpoint
  std::filesystem::path data;        // of the run's data set; empty: below ATELIER_DATA
  std::string split;                 // test, validation or train; empty: what the trainer measures at its end
  std::vector<std::string> metrics;  // names without split and suffix; empty: all
  std::optional<Index> draws;        // of the IWAE bound
  std::optional<Index> samples;      // of a generator
  std::optional<Index> holdout;      // last training images that are the validation split
  std::optional<Index> windows;      // of a recurrent language model; 0: its state is carried
  std::optional<std::int64_t> seed;
  std::optional<std::string> precision;

  bool wants(const std::string& metric) const;
};

struct FinishedRun {
  std::string kind;  // of the model
  train::Options options;
  std::unique_ptr<train::Task> task;  // with the model's weights
};

/// Throws ConfigError for a request that does not fit the model, InputError for files that are missing or damaged.
FinishedRun open_run(const EvaluationRequest& request);

/// The metrics that were asked for, those of the request's split alone, under their names.
train::Record asked_for(const EvaluationRequest& request, const train::Record& metrics);

}  // namespace atelier::programs
