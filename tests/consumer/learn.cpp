// What the host and its plugin both do, each with its own copy of the library.
#include "learn.hpp"

#include "atelier/atelier.hpp"

using namespace atelier;

double loss_after(int steps) {
  vae::Vae model{vae::Config{.pixels = 16, .hidden = {32}, .latent = 2}};
  nn::init(model, Rng(1));
  auto adam = vae::make_optimizer(model);
  Rng rng(2);
  const Tensor x = uniform({64, 16}, rng);
  double loss = 0;
  for (int i = 0; i < steps; ++i) {
    Tape tape;
    const auto elbo = vae::negative_elbo(model, x, rng);
    adam.step(elbo.loss);
    loss = static_cast<double>(elbo.loss.item());
  }
  return loss;
}
