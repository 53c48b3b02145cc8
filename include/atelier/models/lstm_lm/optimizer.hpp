/// The recurrent language model's optimizer set-up.
#pragma once

#include "atelier/models/lstm_lm/model.hpp"
#include "atelier/optim/adam.hpp"

namespace atelier::inline v0::lstm_lm {

/// Adam, with gradients clipped: those of a recurrent model are large now and then.        Pascanu et al. 2013
inline optim::AdamOptions optimizer_options(double lr = 2e-3, double clip = 0.25) {
  return {.lr = lr, .clip_norm = clip};
}

template <class T> optim::BasicAdam<T> make_optimizer(BasicLstmLm<T>& model, double lr = 2e-3, double clip = 0.25) {
  return optim::BasicAdam<T>(model, optimizer_options(lr, clip));
}

}  // namespace atelier::inline v0::lstm_lm
