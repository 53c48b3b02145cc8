// Trains a variational autoencoder on MNIST, or on any data set in its format.
//   vae_mnist --data DIR --out runs/vae --epochs 10
#include "program.hpp"
#include "task.hpp"
#include "trainer.hpp"

using namespace atelier;
using namespace atelier::programs;

namespace {

struct VaeFlags : Flags {
  VaeOptions vae;
  std::string likelihood = "bernoulli", binarize = "none";
  bool conditional = false;
};

constexpr std::int64_t widest = 1'000'000, most_draws = 1'000'000;

void add_flags(CommandLine& line, VaeFlags& f) {
  add_shared_flags(line, f, {"seed"});
  line.option("--beta X", f.vae.loss.beta, "Weight of the KL term");
  line.option("--kl-warmup N", f.vae.kl_warmup, "Updates over which beta grows from 0");
  line.option("--free-bits X", f.vae.loss.free_bits, "Nats of KL that each latent dimension has free");
  line.option("--latent N", f.vae.model.latent, "Latent dimensions").between(1, widest);
  line.option("--hidden N,...", f.vae.model.hidden, "Widths of the hidden layers: 400, or 512,256").between(1, widest);
  line.option("--likelihood NAME", f.likelihood, "bernoulli, gaussian, gaussian_learned or categorical");
  line.flag("--conditional", f.conditional, "Encoder and decoder see the label");
  line.option("--binarize HOW", f.binarize, "static: pixels drawn once; dynamic: in every step; none: grey levels")
      .one_of({"static", "dynamic", "none"});
  line.option("--iwae K", f.vae.iwae, "Draws of the final IWAE bound; 0: none").between(0, most_draws);
  line.option("--holdout N", f.vae.holdout, "Last training images, measured instead of the test images");
}

void resolve(VaeFlags& f) {
  f.vae.model.likelihood = vae::likelihood_from(f.likelihood);
  f.vae.model.classes = f.conditional ? data::Mnist::classes : 0;
  f.vae.binarize = f.binarize == "static"    ? Binarize::once
                   : f.binarize == "dynamic" ? Binarize::every_step
                                             : Binarize::none;
}

int train_vae(int argc, char** argv) {
  VaeFlags flags;
  flags.options.out = "runs/vae_mnist";
  flags.options.preset = "seed";
  CommandLine line("Trains a variational autoencoder on MNIST, or on any data set in its format.", "vae_mnist");
  add_flags(line, flags);
  if (const auto code = parse(line, flags, argc, argv)) return *code;
  resolve(flags);
  return run_trainer("vae_mnist", flags, request(flags.vae), [&] {
    VaeData images(data::load_mnist(data_folder(flags, "mnist")), flags.vae);
    return std::make_unique<VaeTask>(std::move(images), flags.vae, flags.options);
  });
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("vae_mnist", [&] { return train_vae(argc, argv); });
}
