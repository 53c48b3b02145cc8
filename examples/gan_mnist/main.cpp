// Trains a GAN on MNIST, or on any data set in its format.
//   gan_mnist --data DIR --out runs/digits --minutes 10
#include "atelier/data/mnist.hpp"
#include "program.hpp"
#include "task.hpp"
#include "trainer.hpp"

using namespace atelier;
using namespace atelier::programs;

namespace {

const std::vector<std::string> presets = {"digits", "digits_seed", "dcgan"};

/// digits: the most legible digits after ten minutes on two cores. Both networks see the label, so that no noise falls
/// between the kinds of digits; small batches and large steps learn most in that time; a light R1 keeps the
/// discriminator from winning. digits_seed: the classic recipe without labels, with batch normalisation and dropout in
/// the discriminator instead.
void apply_preset(const std::string& preset, Flags& flags, ImageGanOptions& o) {
  flags.options.preset = preset;
  flags.options.batch = 64;
  flags.options.lr = 2e-4;
  flags.usual_length = {.epochs = 20};
  o.model = {.size = 28, .channels = 1, .latent = 100, .width = 64};
  if (preset == "dcgan") return;
  o.arch = Arch::dense;  // noise -> 4 x 4 x 256 -> 7 x 7 x 128 -> 14 x 14 x 64 -> 28 x 28
  if (preset == "digits_seed") {
    o.model.dropout = 0.3;
    return;
  }
  flags.precision = "medium";  // a third more steps in the same time, and each teaches as much
  flags.options.batch = 16;
  flags.options.lr = 1e-3;
  o.conditional = true;
  o.model.latent = 24;
  o.model.discriminator_width = 32;
  o.model.norm = gan::Norm::none;
  o.gan.training.penalty = gan::Penalty::r1;
  o.gan.training.penalty_weight = 0.1;
  o.gan.training.penalty_every = 4;
}

int train_digits(int argc, char** argv) {
  Flags flags;
  ImageGanOptions o;
  flags.options.out = "runs/gan_mnist";
  apply_preset(preset_in(argc, argv, presets, "digits"), flags, o);
  ImageGanWords words(o);
  CommandLine line("Trains a GAN on MNIST, or on any data set in its format.", "gan_mnist");
  add_shared_flags(line, flags, presets);
  add_image_gan_flags(line, o, words, false);
  line.option("--size N", o.model.size, "Pixels of both sides: 28, or 32 with a frame around the digits");
  line.flag("--conditional,!--no-conditional", o.conditional, "Generator and discriminator see the label");
  if (const auto code = parse(line, flags, argc, argv)) return *code;
  words.resolve(o);
  return run_trainer("gan_mnist", flags, request(o), [&] {
    return make_image_gan(digit_data(data::load_mnist(data_folder(flags, "mnist")), o.model.size), digit_measures, o,
                          flags.options);
  });
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("gan_mnist", [&] { return train_digits(argc, argv); });
}
