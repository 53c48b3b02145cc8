/// The training loop: steps, epochs, evaluation, checkpoints, logs, the run's time.
#pragma once

#include "atelier/optim/schedule.hpp"
#include "atelier/train/options.hpp"
#include "atelier/train/run_folder.hpp"
#include "atelier/train/task.hpp"

namespace atelier::inline v0::train {

/// Where a run stands; given to the observer after every step.
struct Progress {
  Index step = 0, total = 0;  // steps done, steps of the whole run
  Index steps_per_epoch = 1;
  double loss = 0;
  double seconds = 0;  // of training, earlier parts of a resumed run included
  double items_per_s = 0;
  double remaining = 0;             // seconds of steps, estimated
  double evaluated = 0;             // share of the final evaluation that is done
  const Record* metrics = nullptr;  // set when an evaluation has just been made
  std::string note;                 // something the user should know, once
};

/// Sees the run's progress; returns false to stop it (a checkpoint is written then).
using Observer = std::function<bool(const Progress&)>;

struct Outcome {
  bool finished = false;  // false: stopped by the observer, while training or during the final evaluation
  Record summary;         // as in summary.json, without the fields that only a program knows
};

/// Trains `task` as `options` say, inside `folder`, from its newest checkpoint when there is one. The learning rate of
/// a step is the task's own times schedule(step); the schedule's total is set to the run's length. `config` is written
/// to config.json, with the number of steps. With a budget in minutes, steps and an evaluation are measured and undone
/// before the run begins; the number of steps that follows is kept when the run is resumed. Throws DivergedError when
/// the loss is not finite; the last checkpoint stays.
Outcome run(Task& task, const Options& options, const optim::Schedule& schedule, RunFolder& folder,
            const Record& config, const Observer& observer);

}  // namespace atelier::inline v0::train
