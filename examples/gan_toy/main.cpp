// Trains a GAN on a mixture of Gaussians in the plane and counts the modes that it reaches.
//   gan_toy --preset grid --out runs/grid
#include <CLI/CLI.hpp>

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

void add_model_flags(CLI::App& app, ToyFlags& f) {
  auto& m = f.toy.model;
  app.add_option("--latent", m.latent, "Dimensions of the noise")
      ->check(within(1, widest))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--hidden", m.hidden, "Widths of the hidden layers of both networks: 128, or 256,128")
      ->delimiter(',')
      ->check(within(1, widest))
      ->type_name("N,...")
      ->capture_default_str();
  app.add_option("--pack", m.pack, "Examples that the discriminator judges together")
      ->check(within(1, widest))
      ->type_name("K")
      ->capture_default_str();
  app.add_option("--stddev-group", m.stddev_group, "Group of the minibatch standard deviation; 0: none")
      ->check(within(0, widest))
      ->type_name("N")
      ->capture_default_str();
}

void add_training_flags(CLI::App& app, ToyFlags& f, GanWords& words) {
  add_gan_flags(app, f.toy.gan, words);
  app.add_option("--evaluate-every", f.toy.evaluate_every, "Updates that make an epoch: the data have no end")
      ->check(within(1, most))
      ->type_name("N")
      ->capture_default_str();
}

int train_toy(int argc, char** argv) {
  ToyFlags flags;
  flags.options.out = "runs/gan_toy";
  apply_preset(preset_in(argc, argv, toy_presets(), "ring"), flags, flags.toy);
  GanWords words(flags.toy.gan);
  CLI::App app("Trains a GAN on a mixture of Gaussians in the plane and counts the modes that it reaches.", "gan_toy");
  add_shared_flags(app, flags, toy_presets());
  add_model_flags(app, flags);
  add_training_flags(app, flags, words);
  if (const auto code = parse(app, flags, argc, argv)) return *code;
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
