/// The VAE's optimizer set-up.
#pragma once

#include "atelier/models/vae/model.hpp"
#include "atelier/optim/adam.hpp"

namespace atelier::inline v0::vae {

/// Adam with its published defaults, no weight decay.
inline optim::AdamOptions optimizer_options(double lr = 1e-3) { return {.lr = lr}; }

template <class T> optim::BasicAdam<T> make_optimizer(BasicVae<T>& vae, double lr = 1e-3) {
  return optim::BasicAdam<T>(vae, optimizer_options(lr));
}

}  // namespace atelier::inline v0::vae
