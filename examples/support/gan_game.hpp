/// Both players of an adversarial training, with their optimizers and the generator's average.
#pragma once

#include "atelier/models/gan/watch.hpp"
#include "atelier/nn/init.hpp"
#include "atelier/optim/adam.hpp"
#include "atelier/optim/ema.hpp"
#include "atelier/train/options.hpp"
#include "atelier/train/task.hpp"
#include "gan_flags.hpp"

namespace atelier::programs {

template <class G, class D> struct GanGame {
  GanOptions options;
  train::Options run;
  G generator;
  D discriminator;
  optim::Adam generator_adam, discriminator_adam;
  optim::Ema<G> average;
  gan::Watch watch;

  /// Networks that have no values yet; they draw them from forks of `rng`.
  GanGame(G g, D d, const GanOptions& o, const train::Options& r, const Rng& rng)
      : options(o.check()),
        run(r),
        generator(initialised(std::move(g), rng.fork("generator"))),
        discriminator(initialised(std::move(d), rng.fork("discriminator"))),
        generator_adam(generator, {.lr = r.lr, .beta1 = o.beta1, .beta2 = o.beta2}),
        discriminator_adam(discriminator, {.lr = r.lr, .beta1 = o.beta1, .beta2 = o.beta2}),
        average(generator, o.ema),
        watch(o.training.loss) {
    options.training.parts = r.accumulate;
  }

  /// One step and what is logged of it; `next(update, part)` gives a gan::Batch, `note` what the user should know.
  template <class Next>
  train::Record step(Index number, double lr_factor, const Rng& rng, std::string& note, const Next& next) {
    generator_adam.learning_rate = run.lr * lr_factor;
    discriminator_adam.learning_rate = (options.discriminator_lr > 0 ? options.discriminator_lr : run.lr) * lr_factor;
    const auto players = gan::players(generator, discriminator, generator_adam, discriminator_adam);
    const auto info = gan::step(players, options.training, number, rng, next);
    const auto n = static_cast<double>(number);
    average.update(generator, std::min(average.decay(), (1 + n) / (10 + n)));
    note = watch(info);
    train::Record r;
    r.set("loss", info.discriminator_loss + info.penalty + info.generator_loss)
        .set("d_loss", info.discriminator_loss)
        .set("g_loss", info.generator_loss)
        .set("penalty", info.penalty)
        .set("d_real", info.real_probability)
        .set("d_fake", info.fake_probability)
        .set("d_gradient", info.discriminator_gradient)
        .set("g_gradient", info.generator_gradient)
        .set("spread", info.spread);
    if (options.training.l1_weight > 0) r.set("l1", info.l1);
    return r;
  }

  train::State state() {
    train::State s;
    train::add_module(s, "generator.", generator);
    train::add_module(s, "discriminator.", discriminator);
    train::add_module(s, "average.", average.average);
    train::add_optimizer(s, "generator_adam.", generator_adam);
    train::add_optimizer(s, "discriminator_adam.", discriminator_adam);
    return s;
  }
  /// The averaged generator and the discriminator.
  train::State model_state() {
    train::State s;
    train::add_module(s, "generator.", average.average);
    train::add_module(s, "discriminator.", discriminator);
    return s;
  }

 private:
  template <class M> static M initialised(M model, const Rng& rng) {
    nn::init(model, rng);
    return model;
  }
};

}  // namespace atelier::programs
