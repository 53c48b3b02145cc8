// Trains a convolutional variational autoencoder on CelebA's faces, or on any folder of images.
//   vae_celeba --data DIR --out runs/vae_faces --minutes 10
#include "face_flags.hpp"
#include "program.hpp"
#include "task.hpp"
#include "trainer.hpp"

using namespace atelier;
using namespace atelier::programs;

namespace {

void add_flags(CommandLine& line, FaceVaeOptions& o, std::string& likelihood) {
  constexpr std::int64_t widest = 100'000;
  line.option("--size N", o.model.size, "Pixels of both sides").between(1, widest);
  line.option("--width N", o.model.width, "Channels of the largest inner map").between(1, widest);
  line.option("--latent N", o.model.latent, "Latent dimensions").between(1, widest);
  line.option("--likelihood NAME", likelihood,
              "gaussian (--sigma), gaussian_learned (a variance for each pixel) or bernoulli");
  line.option("--sigma X", o.model.sigma, "Deviation of a pixel from its mean, for gaussian");
  line.option("--beta X", o.loss.beta, "Weight of the KL term");
  line.option("--free-bits X", o.loss.free_bits, "Nats of KL that each latent dimension has free");
  line.option("--kl-warmup N", o.kl_warmup, "Updates over which beta grows from 0").between(0, widest);
  line.flag("--flip,!--no-flip", o.flip, "Mirror training images at random");
  line.option("--samples N", o.samples, "Images that are measured at the end").between(2, widest);
}

int train_faces(int argc, char** argv) {
  Flags flags;
  FaceVaeOptions o;
  FaceFlags faces;
  flags.options.out = "runs/vae_celeba";
  flags.options.preset = "faces";
  flags.options.batch = 64;
  flags.options.lr = 1e-3;
  flags.usual_length = {.epochs = 20};
  std::string likelihood = vae::name(o.model.likelihood);
  CommandLine line("Trains a convolutional variational autoencoder on CelebA's faces, or any images.", "vae_celeba");
  add_shared_flags(line, flags, {"faces"});
  add_flags(line, o, likelihood);
  faces.add_to(line);
  if (const auto code = parse(line, flags, argc, argv)) return *code;
  o.model.likelihood = vae::likelihood_from(likelihood);
  o.model.check().flat();
  faces.settle(find_data_folder(flags, "celeba"), false);
  train::Record asked = request(o);
  add_request(asked, faces);
  const auto options = faces.resolved(o.model.size, flags.progress == "none");
  return run_trainer("vae_celeba", flags, asked, [&] {
    return std::make_unique<FaceVaeTask>(face_data(data_folder(flags, "celeba"), options, false), o, flags.options);
  });
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("vae_celeba", [&] { return train_faces(argc, argv); });
}
