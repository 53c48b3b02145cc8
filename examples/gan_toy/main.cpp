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
  std::string loss, penalty;
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

void add_training_flags(CLI::App& app, ToyFlags& f) {
  auto& t = f.toy.training;
  app.add_option("--loss", f.loss, "non_saturating, minimax, lsgan, hinge or wasserstein")
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--label-smoothing", t.label_smoothing, "Lowers the target of real examples from 1")
      ->type_name("X")
      ->capture_default_str();
  app.add_option("--penalty", f.penalty, "none, wgan_gp or r1")->type_name("NAME")->capture_default_str();
  app.add_option("--penalty-weight", t.penalty_weight, "lambda of wgan_gp, gamma of r1")
      ->type_name("X")
      ->capture_default_str();
  app.add_option("--penalty-every", t.penalty_every, "Steps from one penalty to the next, as many times as heavy")
      ->check(within(1, most))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--n-critic", t.n_critic, "Updates of the discriminator for each of the generator")
      ->check(within(1, most))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--d-lr", f.toy.discriminator_lr, "Learning rate of the discriminator; 0: as --lr")
      ->type_name("X")
      ->capture_default_str();
  app.add_option("--beta1", f.toy.beta1, "Adam's, of both players")->type_name("X")->capture_default_str();
  app.add_option("--beta2", f.toy.beta2, "Adam's, of both players")->type_name("X")->capture_default_str();
  app.add_option("--ema", f.toy.ema, "Decay of the generator's average, which is measured and saved; 0: none")
      ->type_name("X")
      ->capture_default_str();
  app.add_option("--evaluate-every", f.toy.evaluate_every, "Updates that make an epoch: the data have no end")
      ->check(within(1, most))
      ->type_name("N")
      ->capture_default_str();
}

int train_toy(int argc, char** argv) {
  ToyFlags flags;
  flags.options.out = "runs/gan_toy";
  apply_preset(preset_in(argc, argv, toy_presets(), "ring"), flags, flags.toy);
  flags.loss = gan::name(flags.toy.training.loss);
  flags.penalty = gan::name(flags.toy.training.penalty);
  CLI::App app("Trains a GAN on a mixture of Gaussians in the plane and counts the modes that it reaches.", "gan_toy");
  add_shared_flags(app, flags, toy_presets());
  add_model_flags(app, flags);
  add_training_flags(app, flags);
  if (const auto code = parse(app, flags, argc, argv)) return *code;
  flags.toy.training.loss = gan::loss_from(flags.loss);
  flags.toy.training.penalty = gan::penalty_from(flags.penalty);
  if (!flags.options.data.empty())
    throw ConfigError("--data: expected none, since the points are drawn, found " + flags.options.data.string());
  return run_trainer("gan_toy", flags, request(flags.toy),
                     [&] { return std::make_unique<ToyTask>(flags.toy, flags.options); });
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("gan_toy", [&] { return train_toy(argc, argv); });
}
