/// What the trainers of adversarial networks share: flags, their checks, how they stand in config.json.
#pragma once

#include "atelier/models/gan/loss.hpp"
#include "atelier/models/gan/step.hpp"
#include "atelier/train/record.hpp"
#include "flags.hpp"

namespace atelier::programs {

struct GanOptions {
  gan::Options training = {};
  double discriminator_lr = 0;  // 0: as the generator's
  double beta1 = 0.5, beta2 = 0.999;
  double ema = 0.999;  // decay of the generator's average, which is measured and saved; 0: the weights as they are

  /// The options themselves. Throws ConfigError for numbers that make no training.
  const GanOptions& check() const;
};

/// Losses and penalties as they stand in the command line.
struct GanWords {
  std::string loss, penalty;
  explicit GanWords(const GanOptions& o) : loss(gan::name(o.training.loss)), penalty(gan::name(o.training.penalty)) {}
  /// Throws ConfigError for unknown names.
  void resolve(GanOptions& o) const;
};

/// --loss, --label-smoothing, --penalty, --penalty-weight, --penalty-every, --n-critic, --d-lr, --beta1, --beta2,
/// --ema, with the defaults that `o` and `words` hold.
void add_gan_flags(CommandLine& line, GanOptions& o, GanWords& words);

/// Adds what those flags ask for.
void add_request(train::Record& r, const GanOptions& o);

}  // namespace atelier::programs
