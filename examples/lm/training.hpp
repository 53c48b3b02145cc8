/// What learners of every kind do alike.
#pragma once

#include "atelier/data/text/windows.hpp"
#include "atelier/nn/class_sample.hpp"
#include "options.hpp"

namespace atelier::programs {

/// Throws ConfigError unless the training text has a window for every row of a batch.
void check_windows(const Corpus& corpus, Index rows, Index length);
/// The sample of classes that the options ask for, if they do. Throws ConfigError when the tokens are not sorted by
/// frequency.
std::optional<nn::ClassSample> sample_of(const Corpus& corpus, const LmOptions& o);
/// Adam as the options say; matrices decay.
optim::AdamOptions adam_options(const LmOptions& o, double lr);
/// The factor of a linear warm-up.
double warm_up(const LmOptions& o, Index step);

}  // namespace atelier::programs
