#include "atelier/train/loop.hpp"

#include <chrono>
#include <cmath>
#include <cstring>

#include "atelier/train/same_run.hpp"

namespace atelier::inline v0::train {

namespace {
class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// The task's state in memory, to undo what measuring did.
class Snapshot {
 public:
  explicit Snapshot(Task& task) : task_(task) {
    for (const auto& e : task.state()) values_.emplace_back(e.data, e.data + e.shape.size());
    for (auto* o : task.optimizers()) steps_.push_back(o->steps());
  }
  void restore() {
    std::size_t k = 0;
    for (const auto& e : task_.state()) std::copy(values_[k].begin(), values_[k].end(), e.write()), ++k;
    k = 0;
    for (auto* o : task_.optimizers()) o->set_steps(steps_[k++]);
  }

 private:
  Task& task_;
  std::vector<std::vector<float>> values_;
  std::vector<Index> steps_;
};

/// Seconds that measuring at the end of an epoch takes: evaluation, log, pictures. Nothing of it stays.
double seconds_to_measure(Task& task, RunFolder& folder, Index step) {
  const std::filesystem::path trial = folder.samples() / "trial";
  std::filesystem::create_directory(trial);
  const Stopwatch watch;
  folder.log(Record().set("step", step + 1).set("epoch", 0.0).merge(task.evaluate()));
  task.sample(trial, step);
  folder.draw_curves();
  const double seconds = watch.seconds();
  folder.rewind_log(step);
  std::filesystem::remove_all(trial);
  std::filesystem::remove(folder.path() / "curves.png");
  return seconds;
}

/// Steps that fit into `minutes`: measured on steps, the end of an epoch and a part of the final evaluation, all
/// undone. In the order of a run: what the first measurement after a step makes ready, the final one finds. `save`
/// leaves a checkpoint of where the run stands.
Index steps_for_time(Task& task, double minutes, const std::function<double()>& measure,
                     const std::function<void()>& save) {
  constexpr double share_measured = 0.02, finish_share = 0.02, reserve = 0.92;
  const double budget = 60 * minutes;
  const Stopwatch all;
  Snapshot snapshot(task);
  task.step(0, 1);  // the first step also fills the memory pool
  const Stopwatch steps;
  Index n = 0;
  while (n < 5 || steps.seconds() < share_measured * budget) task.step(++n, 1);
  const double per_step = steps.seconds() / static_cast<double>(n), measuring = measure();
  const Stopwatch part;
  task.finish(finish_share, {});
  const double last = part.seconds() / finish_share;
  snapshot.restore();
  const Stopwatch saving;
  save();
  const double per_end = measuring + saving.seconds();
  const double per_epoch = 1.2 * per_end + per_step * static_cast<double>(task.steps_per_epoch());
  const double left = reserve * budget - all.seconds() - per_end - last;
  return std::max<Index>(1, static_cast<Index>(left / per_epoch * static_cast<double>(task.steps_per_epoch())));
}

/// Adds the numbers of one step to the epoch's sums.
void add_to(Record& sums, const Record& step) {
  for (const auto& [key, value] : step.fields())
    if (const double* x = std::get_if<double>(&value)) sums.set(key, (sums.find(key) ? sums.number(key) : 0) + *x);
  sums.set("count", (sums.find("count") ? sums.integer("count") : std::int64_t{0}) + 1);
}
Record means(const Record& sums) {
  Record out;
  for (const auto& [key, value] : sums.fields())
    if (const double* x = std::get_if<double>(&value)) out.set("train_" + key, *x / sums.number("count"));
  return out;
}

/// One run in progress.
class Run {
 public:
  Run(Task& task, const Options& options, const optim::Schedule& schedule, RunFolder& folder, const Observer& observer)
      : task_(task), options_(options), schedule_(schedule), folder_(folder), observer_(observer) {}

  Outcome go(Record config) {
    if (const auto old = folder_.config()) require_same_run(*old, config, (folder_.path() / "config.json").string());
    const auto restored = folder_.restore(task_, options_.seed);
    if (restored) at_ = *restored;
    before_ = at_.seconds;
    total_ = length();
    if (at_.step > total_)
      throw ConfigError("length of the run: expected at least the " + std::to_string(at_.step) +
                        " steps that its checkpoint stands at, found " + std::to_string(total_));
    schedule_.total = total_;
    folder_.write_config(config.set("steps", total_));
    task_.write_files(folder_.path());
    folder_.rewind_log(at_.step);
    if (!restored) save();
    while (at_.step < total_)
      if (!advance()) return {};
    return finish();
  }

 private:
  double seconds() const { return before_ + watch_.seconds(); }

  /// Steps of the whole run: as told, or as an earlier part of the run measured, or measured now.
  Index length() {
    const Budget& b = options_.budget;
    if (b.epochs) return b.epochs * task_.steps_per_epoch();
    if (b.steps) return b.steps;
    if (const auto old = folder_.config(); old && old->find("steps")) return old->integer("steps");
    return steps_for_time(
        task_, b.minutes, [&] { return seconds_to_measure(task_, folder_, at_.step); },
        [&] { folder_.save(at_, task_, options_.seed); });
  }

  void require_finite(double x, const std::string& what) const {
    if (std::isfinite(x)) return;
    throw DivergedError("step " + std::to_string(at_.step) + ": expected " + what + " that is finite, found " +
                        number_text(x) + "; the last checkpoint is kept, try a smaller --lr");
  }

  /// One step and what follows from it. False when the run is to stop.
  bool advance() {
    const double begin = watch_.seconds();
    const Record values = task_.step(at_.step, schedule_(at_.step));
    loss_ = values.number("loss");
    require_finite(loss_, "a loss");
    ++at_.step;
    ++steps_here_;
    step_seconds_ += watch_.seconds() - begin;
    add_to(at_.sums, values);
    if (const std::string note = task_.note(); !note.empty()) at_.note += (at_.note.empty() ? "" : "; ") + note;
    const bool evaluated = at_.step % task_.steps_per_epoch() == 0 || at_.step == total_;
    Record metrics;
    if (evaluated) metrics = evaluate();
    const bool go_on = !observer_ || observer_(progress(evaluated ? &metrics : nullptr));
    at_.note.clear();
    if (!go_on || due() || at_.step == total_) save();
    return go_on;
  }

  Record evaluate() {
    Record line;
    line.set("step", at_.step)
        .set("epoch", static_cast<double>(at_.step) / static_cast<double>(task_.steps_per_epoch()));
    const Record metrics = task_.evaluate();
    const double score = task_.score(metrics);
    require_finite(score, "metrics");
    line.merge(means(at_.sums)).merge(metrics).set("seconds", seconds());
    folder_.log(line);
    at_.sums = {};
    task_.sample(folder_.samples(), at_.step);
    folder_.draw_curves();
    if (at_.best_step == 0 || score < at_.best_score) {
      at_.best_step = at_.step;
      at_.best_score = score;
      save();  // last: whoever continues from here finds this epoch complete
    }
    return line;
  }

  bool due() const {
    const Every& e = options_.checkpoint_every;
    return e.steps ? at_.step % e.steps == 0 : seconds() - saved_ >= e.seconds;
  }
  void save() {
    at_.seconds = saved_ = seconds();
    folder_.save(at_, task_, options_.seed);
  }

  Progress progress(const Record* metrics) const {
    Progress p{.step = at_.step,
               .total = total_,
               .steps_per_epoch = task_.steps_per_epoch(),
               .loss = loss_,
               .seconds = seconds(),
               .metrics = metrics,
               .note = at_.note};
    const double per_step = steps_here_ ? step_seconds_ / static_cast<double>(steps_here_) : 0;
    p.items_per_s = steps_here_ ? static_cast<double>(task_.items_per_step()) / per_step : 0;
    p.remaining = per_step * static_cast<double>(total_ - at_.step);
    return p;
  }

  Outcome finish() {
    const double trained = seconds();
    const double step_ms = steps_here_ ? 1e3 * step_seconds_ / static_cast<double>(steps_here_) : 0;
    const auto metrics = task_.finish(1, [&](double done) {
      Progress p = progress(nullptr);
      p.evaluated = done;
      return !observer_ || observer_(p);
    });
    if (!metrics) return {};
    save_model(folder_.path() / "model.safetensors", task_.model_state(), task_.model_config());
    Outcome out{.finished = true, .summary = {}};
    out.summary.set("steps", total_)
        .set("epochs", static_cast<double>(total_) / static_cast<double>(task_.steps_per_epoch()))
        .set("seconds", seconds())
        .set("training_seconds", trained)
        .set("step_ms", step_ms)
        .set("items_per_s", step_ms > 0 ? 1e3 * static_cast<double>(task_.items_per_step()) / step_ms : 0.0)
        .set("metrics", *metrics);
    return out;
  }

  Task& task_;
  const Options& options_;
  optim::Schedule schedule_;
  RunFolder& folder_;
  const Observer& observer_;
  Stopwatch watch_;
  Checkpoint at_;
  Index total_ = 0, steps_here_ = 0;
  double before_ = 0, saved_ = 0, loss_ = 0;
  double step_seconds_ = 0;  // of training steps alone, in this part of the run
};
}  // namespace

Outcome run(Task& task, const Options& options, const optim::Schedule& schedule, RunFolder& folder,
            const Record& config, const Observer& observer) {
  options.check();
  FlushDenormals guard;
  return Run(task, options, schedule, folder, observer).go(config);
}

}  // namespace atelier::inline v0::train
