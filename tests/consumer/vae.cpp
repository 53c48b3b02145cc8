#include <cstdio>
#include <cstdlib>

#include "atelier/atelier.hpp"
using namespace atelier;

int main(int argc, char** argv) {
  vae::Vae model{vae::Config{.pixels = 784, .hidden = {400}, .latent = 20}};
  nn::init(model, Rng(1));
  auto adam = vae::make_optimizer(model);
  Rng rng(2);
  const Tensor x = uniform({128, 784}, rng);
  for (int step = argc > 1 ? std::atoi(argv[1]) : 50; step > 0; --step) {
    Tape tape;
    const auto elbo = vae::negative_elbo(model, x, rng);
    adam.step(elbo.loss);
    if (step == 1) std::printf("-ELBO %.1f nats\n", elbo.loss.item());
  }
}
