/// The two players' optimizers.
#pragma once

#include "atelier/models/gan/loss.hpp"
#include "atelier/optim/adam.hpp"

namespace atelier::inline v0::gan {

/// Adam with little or no momentum, since each player's objective moves with the other: lr 2e-4, betas 0.5 and 0.999
/// (Radford et al. 2016); for Loss::wasserstein lr 1e-4, betas 0 and 0.9 (Gulrajani et al. 2017).
inline optim::AdamOptions optimizer_options(Loss loss) {
  if (loss == Loss::wasserstein) return {.lr = 1e-4, .beta1 = 0, .beta2 = 0.9};
  return {.lr = 2e-4, .beta1 = 0.5};
}

}  // namespace atelier::inline v0::gan
