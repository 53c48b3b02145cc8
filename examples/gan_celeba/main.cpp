// Trains a GAN on CelebA's faces, or on any folder of images: from noise, or from grey images, or from images with a
// hole.
//   gan_celeba --data DIR --out runs/faces --minutes 10
#include "face_flags.hpp"
#include "program.hpp"
#include "task.hpp"
#include "trainer.hpp"

using namespace atelier;
using namespace atelier::programs;

namespace {

const std::vector<std::string> presets = {"faces", "faces_seed"};

void apply_preset(const std::string& preset, Flags& flags, ImageGanOptions& o) {
  const bool seed = preset == "faces_seed";
  flags.options.preset = preset;
  flags.options.batch = 32;
  flags.options.lr = seed ? 1e-4 : 2e-4;
  flags.usual_length = {.epochs = 20};
  o.model = {.size = 64, .channels = 3, .latent = seed ? 32 : 100, .width = 64};
  o.arch = seed ? Arch::unet : Arch::dcgan;  // seed: three convolutions down, three up; a discriminator of three
  o.flip = true;
}

/// What a --task changes, where no flag says otherwise: a deep U-Net, and pix2pix's weight of the error.
void apply_job(int argc, char** argv, ImageGanOptions& o) {
  const std::string job = word_after("--task", argc, argv);
  if (job != "colorize" && job != "inpaint") return;
  o.job = job == "colorize" ? Job::colorize : Job::inpaint;
  o.depth = 5;
  o.model.width = 32;
  o.gan.training.l1_weight = 100;
}

int train_faces(int argc, char** argv) {
  Flags flags;
  ImageGanOptions o;
  FaceFlags faces;
  flags.options.out = "runs/gan_celeba";
  apply_preset(preset_in(argc, argv, presets, "faces"), flags, o);
  apply_job(argc, argv, o);
  ImageGanWords words(o);
  CommandLine line("Trains a GAN on CelebA's faces, or any images: from noise, grey images, or images with a hole.",
                   "gan_celeba");
  add_shared_flags(line, flags, presets);
  add_image_gan_flags(line, o, words, true);
  line.option("--size N", o.model.size, "Pixels of both sides");
  faces.add_to(line);
  faces.add_labels_to(line, o.conditional);
  if (const auto code = parse(line, flags, argc, argv)) return *code;
  words.resolve(o);
  faces.settle(find_data_folder(flags, "celeba"), o.conditional);
  train::Record asked = request(o);
  add_request(asked, faces);
  const auto options = faces.resolved(o.model.size, flags.progress == "none");
  return run_trainer("gan_celeba", flags, asked, [&] {
    o.model.check();
    return make_image_gan(face_data(data_folder(flags, "celeba"), options, o.conditional), face_measures, o,
                          flags.options);
  });
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("gan_celeba", [&] { return train_faces(argc, argv); });
}
