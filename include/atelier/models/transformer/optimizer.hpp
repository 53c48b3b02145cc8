/// The Transformer's optimizer set-up.
#pragma once

#include "atelier/models/transformer/gpt.hpp"
#include "atelier/optim/adam.hpp"
#include "atelier/optim/schedule.hpp"

namespace atelier::inline v0::transformer {

struct OptimizerOptions {
  double lr = 1e-3;           // the peak
  double beta2 = 0.95;        // shorter than Adam's default: gradients of rare words change quickly
  double weight_decay = 0.1;  // of matrices; biases and norms do not decay
  double clip_norm = 1;       // of all gradients together
  double warmup = 0.05;       // share of the steps
  double floor = 0.1;         // share of the peak that is left at the end
};

/// AdamW's options of a Transformer.
inline optim::AdamOptions adam_options(const OptimizerOptions& o = {}) {
  return {.lr = o.lr,
          .beta2 = o.beta2,
          .weight_decay = o.weight_decay,
          .decays = optim::matrices_only,
          .clip_norm = o.clip_norm};
}
/// A linear warm-up, then half a cosine: the factor of the peak for each of `steps` steps.
inline optim::Schedule schedule(Index steps, const OptimizerOptions& o = {}) {
  return {.course = optim::Schedule::Course::cosine,
          .warmup = static_cast<Index>(o.warmup * static_cast<double>(steps)),
          .total = steps,
          .floor = o.floor};
}
/// AdamW for a Gpt or Seq2Seq.
template <class M> auto make_optimizer(M& model, const OptimizerOptions& o = {}) {
  return optim::BasicAdam<typename M::scalar>(model, adam_options(o));
}

}  // namespace atelier::inline v0::transformer
