/// The smallest task that has everything: a linear regression on numbers made by formula.
#pragma once

#include <cmath>

#include "atelier/nn/linear.hpp"
#include "atelier/optim/adam.hpp"
#include "atelier/train/loop.hpp"
#include "support/formula.hpp"
#include "support/temp_folder.hpp"

namespace tiny {
using namespace atelier;

class Task : public train::Task {
 public:
  explicit Task(Index width = 5, double lr = 0.01)
      : lr_(lr), layer_(initialised(width)), adam_(layer_, {.lr = lr}), width_(width) {}

  Index steps_per_epoch() const override { return 4; }
  Index items_per_step() const override { return 8; }
  train::Record step(Index step, double lr_factor) override {
    ++steps_run;
    factors.push_back(lr_factor);
    adam_.learning_rate = lr_ * lr_factor;
    Rng rng = Rng(1).fork("step", static_cast<std::uint64_t>(step));
    const Tensor x = normal({8, width_}, rng);
    Tape tape;
    const Tensor loss = mean(square(layer_(x) - 3));
    adam_.step(loss);
    return train::Record().set("loss", step == nan_at ? std::nan("") : static_cast<double>(loss.item()));
  }
  std::string note() override { return steps_run == note_at ? "look here" : ""; }
  train::Record evaluate() override {
    ++evaluations;
    return train::Record().set("test_error", score_of ? score_of(evaluations) : std::abs(double(layer_.b.item()) - 3));
  }
  double score(const train::Record& metrics) const override { return metrics.number("test_error"); }
  std::optional<train::Record> finish(double, const train::Proceed& proceed) override {
    if (proceed && !proceed(0.5)) return std::nullopt;
    return evaluate();
  }
  void sample(const std::filesystem::path&, Index step) override { sampled.push_back(step); }
  train::State state() override { return train::run_state_of(layer_, adam_); }
  std::vector<optim::Optimizer*> optimizers() override { return {&adam_}; }
  train::State model_state() override { return train::model_state_of(layer_); }
  train::Record model_config() const override { return train::Record().set("width", width_); }
  train::Record config() const override { return train::Record().set("lr", lr_); }
  std::string protocol() const override { return "none"; }

  Index nan_at = -1;                    // the step whose loss is not a number
  std::function<double(int)> score_of;  // replaces the error of evaluation number n
  int steps_run = 0, evaluations = 0, note_at = -1;
  std::vector<double> factors;
  std::vector<Index> sampled;

 private:
  static nn::Linear initialised(Index width) {
    nn::Linear layer{width, 1};
    nn::init(layer, Rng(1));
    return layer;
  }
  double lr_;
  nn::Linear layer_;
  optim::Adam adam_;
  Index width_;
};

inline train::Options options(const std::filesystem::path& out, Index steps) {
  train::Options o;
  o.out = out;
  o.budget.steps = steps;
  o.batch = 8;
  o.checkpoint_every = {.steps = 3};
  return o;
}

/// Runs `task` in `folder`, stopping before step `stop` when it is not negative.
inline train::Outcome run(Task& task, const std::filesystem::path& folder, Index steps, Index stop = -1,
                          const train::Record& config = {}) {
  train::RunFolder run_folder(folder, true);
  return train::run(task, options(folder, steps), {}, run_folder, config,
                    [stop](const train::Progress& p) { return p.step != stop; });
}

}  // namespace tiny
