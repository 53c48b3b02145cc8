// Trains a GAN on a mixture of Gaussians in the plane and counts the modes that it reaches.
//   gan_toy --preset grid --out runs/grid
#include "program.hpp"
#include "task.hpp"
#include "trainer.hpp"

using namespace atelier;
using namespace atelier::programs;

namespace {

struct ToyFlags : Flags {
  ToyOptions toy;
};

constexpr std::int64_t widest = 1'000'000, most = 1'000'000'000;

void add_model_flags(CommandLine& line, ToyFlags& f) {
  auto& m = f.toy.model;
  line.option("--latent N", m.latent, "Dimensions of the noise").between(1, widest);
  line.option("--hidden N,...", m.hidden, "Widths of the hidden layers of both networks: 128, or 256,128")
      .between(1, widest);
  line.option("--pack K", m.pack, "Examples that the discriminator judges together").between(1, widest);
  line.option("--stddev-group N", m.stddev_group, "Group of the minibatch standard deviation; 0: none")
      .between(0, widest);
}

void add_training_flags(CommandLine& line, ToyFlags& f, GanWords& words) {
  add_gan_flags(line, f.toy.gan, words);
  line.option("--evaluate-every N", f.toy.evaluate_every, "Updates that make an epoch: the data have no end")
      .between(1, most);
}

int train_toy(int argc, char** argv) {
  ToyFlags flags;
  flags.options.out = "runs/gan_toy";
  apply_preset(preset_in(argc, argv, toy_presets(), "ring"), flags, flags.toy);
  GanWords words(flags.toy.gan);
  CommandLine line("Trains a GAN on a mixture of Gaussians in the plane and counts the modes that it reaches.",
                   "gan_toy");
  add_shared_flags(line, flags, toy_presets());
  add_model_flags(line, flags);
  add_training_flags(line, flags, words);
  if (const auto code = parse(line, flags, argc, argv)) return *code;
  words.resolve(flags.toy.gan);
  if (!flags.options.data.empty())
    throw ConfigError("--data: expected none, since the points are drawn, found " + flags.options.data.string());
  return run_trainer("gan_toy", flags, request(flags.toy),
                     [&] { return std::make_unique<ToyTask>(flags.toy, flags.options); });
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("gan_toy", [&] { return train_toy(argc, argv); });
}
