/// What the trainers of VAEs ask for and report alike.
#pragma once

#include "atelier/core/option.hpp"
#include "atelier/models/vae/evaluate.hpp"
#include "atelier/models/vae/step.hpp"
#include "atelier/train/record.hpp"

namespace atelier::programs {

inline void check_objective(const vae::LossOptions& loss, Index kl_warmup) {
  check_option("--beta", loss.beta);
  check_option("--free-bits", loss.free_bits);
  check_option("--kl-warmup", static_cast<double>(kl_warmup));
}

inline train::Record record_of(const vae::StepInfo& info) {
  return train::Record()
      .set("loss", info.loss)
      .set("neg_elbo", info.negative_elbo())
      .set("reconstruction", info.reconstruction)
      .set("kl", info.kl);
}
/// part: test or validation, before each name.
inline train::Record record_of(const std::string& part, const vae::Terms& terms) {
  return train::Record()
      .set(part + "_neg_elbo", terms.negative_elbo())
      .set(part + "_reconstruction", terms.reconstruction)
      .set(part + "_kl", terms.kl);
}

}  // namespace atelier::programs
