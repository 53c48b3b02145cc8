// Trains a variational autoencoder on MNIST, or on any data set in its format.
//   vae_mnist --data DIR --out runs/vae --epochs 10
#include <CLI/CLI.hpp>

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

void add_flags(CLI::App& app, VaeFlags& f) {
  add_shared_flags(app, f, {"seed"});
  app.add_option("--beta", f.vae.loss.beta, "Weight of the KL term")->type_name("X")->capture_default_str();
  app.add_option("--kl-warmup", f.vae.kl_warmup, "Updates over which beta grows from 0")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--free-bits", f.vae.loss.free_bits, "Nats of KL that each latent dimension has free")
      ->type_name("X")
      ->capture_default_str();
  app.add_option("--latent", f.vae.model.latent, "Latent dimensions")
      ->check(within(1, widest))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--hidden", f.vae.model.hidden, "Widths of the hidden layers: 400, or 512,256")
      ->delimiter(',')
      ->check(within(1, widest))
      ->type_name("N,...")
      ->capture_default_str();
  app.add_option("--likelihood", f.likelihood, "bernoulli, gaussian, gaussian_learned or categorical")
      ->type_name("NAME")
      ->capture_default_str();
  app.add_flag("--conditional", f.conditional, "Encoder and decoder see the label");
  app.add_option("--binarize", f.binarize, "static: pixels drawn once; dynamic: in every step; none: grey levels")
      ->check(CLI::IsMember({"static", "dynamic", "none"}))
      ->type_name("HOW")
      ->capture_default_str();
  app.add_option("--iwae", f.vae.iwae, "Draws of the final IWAE bound; 0: none")
      ->check(within(0, most_draws))
      ->type_name("K")
      ->capture_default_str();
  app.add_option("--holdout", f.vae.holdout, "Last training images, measured instead of the test images")
      ->type_name("N")
      ->capture_default_str();
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
  CLI::App app("Trains a variational autoencoder on MNIST, or on any data set in its format.", "vae_mnist");
  add_flags(app, flags);
  if (const auto code = parse(app, flags, argc, argv)) return *code;
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
