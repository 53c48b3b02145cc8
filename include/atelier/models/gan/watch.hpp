/// Notices when one of the players has lost.
#pragma once

#include <cmath>

#include "atelier/models/gan/step.hpp"

namespace atelier::inline v0::gan {

/// Looks at the means of the last steps, each step weighing 1 / `memory` (exponential). After `memory` steps, and once
/// in a run for each:
///   the discriminator has won     D(x) > 1 - won and D(G(z)) < won: the generator's gradient carries little
///   the generator has collapsed   its examples spread less than `collapsed` times as much as real ones
/// D(x), D(G(z)) are sigmoids of logits, which mean nothing to Loss::wasserstein: only the second is looked for then.
class Watch {
 public:
  explicit Watch(Loss loss, Index memory = 500, double won = 0.01, double collapsed = 0.02)
      : judges_(loss != Loss::wasserstein), memory_(memory), won_(won), collapsed_(collapsed) {}

  /// One line that says what has happened, or an empty text.
  std::string operator()(const StepInfo& info) {
    ++steps_;
    const double weight = 1 / static_cast<double>(std::min(steps_, memory_));
    real_ += weight * (info.real_probability - real_);
    fake_ += weight * (info.fake_probability - fake_);
    spread_ += weight * (info.spread - spread_);
    if (steps_ < memory_) return {};
    if (judges_ && !told_won_ && real_ > 1 - won_ && fake_ < won_) {
      told_won_ = true;
      return "the discriminator tells all examples apart, so the generator learns little; try a penalty, or a smaller "
             "learning rate for the discriminator";
    }
    if (!told_collapsed_ && spread_ < collapsed_) {
      told_collapsed_ = true;
      return "the generator makes nearly the same example every time; try pack, a minibatch standard deviation, or a "
             "penalty";
    }
    return {};
  }

 private:
  bool judges_;
  Index memory_, steps_ = 0;
  double won_, collapsed_;
  double real_ = 0, fake_ = 0, spread_ = 0;
  bool told_won_ = false, told_collapsed_ = false;
};

}  // namespace atelier::inline v0::gan
