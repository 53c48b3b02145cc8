// Trains a convolutional variational autoencoder on CelebA's faces.
//   vae_celeba --data DIR --out runs/vae_faces --minutes 10
#include <CLI/CLI.hpp>

#include "face_flags.hpp"
#include "program.hpp"
#include "task.hpp"
#include "trainer.hpp"

using namespace atelier;
using namespace atelier::programs;

namespace {

void add_flags(CLI::App& app, FaceVaeOptions& o, std::string& likelihood) {
  constexpr std::int64_t widest = 100'000;
  const auto count = [&](const char* flag, Index& n, std::int64_t least, const char* about) {
    app.add_option(flag, n, about)->check(within(least, widest))->type_name("N")->capture_default_str();
  };
  const auto number = [&](const char* flag, double& x, const char* about) {
    app.add_option(flag, x, about)->type_name("X")->capture_default_str();
  };
  count("--size", o.model.size, 1, "Pixels of both sides");
  count("--width", o.model.width, 1, "Channels of the largest inner map");
  count("--latent", o.model.latent, 1, "Latent dimensions");
  app.add_option("--likelihood", likelihood,
                 "gaussian (--sigma), gaussian_learned (a variance for each pixel) or "
                 "bernoulli")
      ->type_name("NAME")
      ->capture_default_str();
  number("--sigma", o.model.sigma, "Deviation of a pixel from its mean, for gaussian");
  number("--beta", o.loss.beta, "Weight of the KL term");
  number("--free-bits", o.loss.free_bits, "Nats of KL that each latent dimension has free");
  count("--kl-warmup", o.kl_warmup, 0, "Updates over which beta grows from 0");
  app.add_flag("--flip,!--no-flip", o.flip, "Mirror training images at random")->capture_default_str();
  count("--samples", o.samples, 2, "Images that are measured at the end");
}

int train_faces(int argc, char** argv) {
  Flags flags;
  FaceVaeOptions o;
  FaceFlags faces;
  flags.options.out = "runs/vae_celeba";
  flags.options.preset = "faces";
  flags.options.batch = 64;
  flags.options.lr = 5e-4;
  flags.usual_length = {.epochs = 20};
  std::string likelihood = vae::name(o.model.likelihood);
  CLI::App app("Trains a convolutional variational autoencoder on CelebA's faces.", "vae_celeba");
  add_shared_flags(app, flags, {"faces"});
  add_flags(app, o, likelihood);
  faces.add_to(app);
  if (const auto code = parse(app, flags, argc, argv)) return *code;
  o.model.likelihood = vae::likelihood_from(likelihood);
  o.model.check().flat();
  train::Record asked = request(o);
  add_request(asked, faces);
  const auto options = faces.resolved(o.model.size, flags.progress == "none");
  return run_trainer("vae_celeba", flags, asked, [&] {
    return std::make_unique<FaceVaeTask>(face_data(data_folder(flags, "celeba"), options), o, flags.options);
  });
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("vae_celeba", [&] { return train_faces(argc, argv); });
}
