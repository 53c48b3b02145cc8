/// What all trainers do: open the run's folder, train, report.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "atelier/train/task.hpp"
#include "flags.hpp"

namespace atelier::programs {

using MakeTask = std::function<std::unique_ptr<train::Task>()>;

/// Runs program `name` as `flags` say and returns its exit code: 0, or 128 + n after signal n, with a checkpoint saved.
/// A run that is finished already is only reported, if it is the one that the flags ask for. `request` is what the
/// program's own flags ask for, as config.json has it. `make_task` reads the data before anything is written.
int run_trainer(const std::string& name, const Flags& flags, const train::Record& request, const MakeTask& make_task);

}  // namespace atelier::programs
