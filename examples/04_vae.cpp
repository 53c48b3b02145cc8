// A variational autoencoder from layers and operations, without the library's own VAE module.
//   04_vae DIR        DIR holds the MNIST files (scripts/get_data.sh mnist)
// Two epochs take about 7 seconds on two cores; the last line is
//   -ELBO of 10000 test images: 116 nats
#include <cstdio>

#include "atelier/data/batches.hpp"
#include "atelier/nn/nn.hpp"
#include "atelier/ops/ops.hpp"
#include "atelier/optim/optim.hpp"

using namespace atelier;

struct Vae {
  nn::Linear encoder{784, 400}, mean{400, 20}, logvar{400, 20}, decoder{20, 400}, pixels{400, 784};

  // -ELBO of each image = -log p(x | z) + KL(q(z | x) || N(0, I)), z = mean + exp(logvar / 2) * noise
  Tensor loss(const Tensor& x, Rng& rng) const {
    const Tensor h = encoder(x, Activation::relu), m = mean(h), v = logvar(h);
    const Tensor z = m + exp(0.5f * v) * normal(m.shape(), rng);
    const Tensor logits = pixels(decoder(z, Activation::relu));
    const Tensor reconstruction = sum(softplus(logits) - x * logits, {1});
    const Tensor kl = 0.5f * sum(square(m) + exp(v) - 1 - v, {1});
    return reconstruction + kl;
  }
  static void visit(auto& m, auto&& f) {
    f("encoder", m.encoder);
    f("mean", m.mean);
    f("logvar", m.logvar);
    f("decoder", m.decoder);
    f("pixels", m.pixels);
  }
};

int main(int argc, char** argv) try {
  if (argc != 2) throw ConfigError("usage: 04_vae DIR");
  const auto mnist = data::load_mnist(argv[1]);
  Rng rng(1);
  Vae vae;
  nn::init(vae, rng.fork("init"));
  optim::Adam adam(vae, {.lr = 1e-3});
  data::Shuffle shuffle(mnist.train.count, 128, rng.fork("shuffle"));
  for (Index step = 0; step < 2 * shuffle.steps_per_epoch(); ++step) {
    const Tensor x = data::gather_images(mnist.train, shuffle(step));
    Tape tape;
    const Tensor loss = mean(vae.loss(x, rng));
    adam.step(loss);
    if (step % 200 == 0) std::printf("step %3lld  loss %.1f\n", static_cast<long long>(step), loss.item());
  }
  const Tensor test = data::slice_images(mnist.test, 0, mnist.test.count);
  std::printf("-ELBO of 10000 test images: %.0f nats\n", mean(vae.loss(test, rng)).item());
} catch (const Error& error) {
  std::fprintf(stderr, "04_vae: error: %s\n", error.what());
  return error.exit_code();
}
