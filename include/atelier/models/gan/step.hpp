/// One step of a GAN's training: the discriminator's updates, then the generator's.
#pragma once

#include <tuple>

#include "atelier/models/gan/augment.hpp"
#include "atelier/models/gan/loss.hpp"
#include "atelier/models/gan/penalty.hpp"
#include "atelier/nn/mode.hpp"
#include "atelier/optim/optimizer.hpp"

namespace atelier::inline v0::gan {

struct Options {
  Loss loss = Loss::non_saturating;
  double label_smoothing = 0;  // lowers the target of real examples from 1 (loss.hpp)
  Penalty penalty = Penalty::none;
  double penalty_weight = 10;  // lambda of wgan_gp, gamma of r1
  Index penalty_every = 1;     // lazy: in every so many steps only, so many times as heavy (Karras et al. 2020)
  double l1_weight = 0;        // of mean |generated - real| in the generator's loss (Isola et al. 2017, eq. 4)
  Index n_critic = 1;          // updates of the discriminator in a step
  Index parts = 1;             // that a batch is computed in, to save memory
  Augment augment = {};        // of all that the discriminator sees

  /// The options themselves. Throws ConfigError for numbers that make no training.
  const Options& check() const {
    if (!(label_smoothing >= 0 && label_smoothing < 1) || (label_smoothing > 0 && !has_target(loss)))
      throw ConfigError(std::string("label smoothing: expected 0, or below 1 for a loss with a target, found ") +
                        number_text(label_smoothing) + " with " + name(loss));
    if (!(penalty_weight >= 0) || !std::isfinite(penalty_weight))
      throw ConfigError("penalty weight: expected a number that is not negative, found " + number_text(penalty_weight));
    if (!(l1_weight >= 0) || !std::isfinite(l1_weight))
      throw ConfigError("l1 weight: expected a number that is not negative, found " + number_text(l1_weight));
    if (penalty_every < 1 || n_critic < 1 || parts < 1)
      throw ConfigError("gan: expected penalty_every, n_critic and parts from 1, found " +
                        std::to_string(penalty_every) + ", " + std::to_string(n_critic) + ", " + std::to_string(parts));
    return *this;
  }
};

/// What a step learnt; means over a batch, those of the discriminator's last update.
struct StepInfo {
  double discriminator_loss = 0;                              // without the penalty
  double penalty = 0;                                         // as it was added; 0 in steps that leave it out
  double generator_loss = 0;                                  // without l1
  double l1 = 0;                                              // mean |generated - real|; 0 unless it counts
  double real_probability = 0, fake_probability = 0;          // D(x), D(G(z)) before the update: sigmoids of logits
  double discriminator_gradient = 0, generator_gradient = 0;  // norms
  double spread = 0;                                          // deviation of generated examples over that of real ones
};

/// Real examples [B, ...], the generator's input (noise [B, Z], or whatever it takes), and what both networks are told
/// besides: labels, images. `share`: where wgan_gp looks, [rows, 1] as for interpolate(); drawn when empty.
template <class T, class... C> struct Batch {
  BasicTensor<T> real, noise;
  std::tuple<C...> condition = {};
  BasicTensor<T> share = {};
};

/// generator(z, mode, condition...) gives examples.
template <class G, class T, class... C>
concept Generator = requires(G& g, const BasicTensor<T>& z, const C&... c) {
  { g(z, nn::Mode::train, c...) } -> std::same_as<BasicTensor<T>>;
};
/// discriminator(x, mode, condition...) gives logits.
template <class D, class T, class... C>
concept Discriminator = requires(D& d, const BasicTensor<T>& x, const C&... c) {
  { d(x, nn::Mode::train, c...) } -> std::same_as<Logits<T>>;
};

/// Two networks, each with an optimizer of its own.
template <class T, class G, class D> struct Players {
  G& generator;
  D& discriminator;
  optim::BasicOptimizer<T>& generator_optimizer;
  optim::BasicOptimizer<T>& discriminator_optimizer;
};

template <class T, class G, class D>
Players<T, G, D> players(G& generator, D& discriminator, optim::BasicOptimizer<T>& generator_optimizer,
                         optim::BasicOptimizer<T>& discriminator_optimizer) {
  return {generator, discriminator, generator_optimizer, discriminator_optimizer};
}

namespace detail {
/// sqrt of the mean variance of each number over the batch, generated over real.
template <class T> double relative_spread(const BasicTensor<T>& fake, const BasicTensor<T>& real) {
  Tape::Pause pause;
  const auto of = [](const BasicTensor<T>& x) { return static_cast<double>(mean(variance(x, {0})).item()); };
  return std::sqrt(of(fake) / std::max(of(real), 1e-30));
}

/// One step in progress.
template <class T, class G, class D> class Step {
 public:
  Step(const Players<T, G, D>& players, const Options& o, Index number, const Rng& rng)
      : players_(players), o_(o), rng_(rng), penalised_(number % o.penalty_every == 0) {}

  /// Gradients of the discriminator's loss on one part of its batch; `fake` is a constant here.
  template <class B, class... C>
  void judge(const B& batch, const BasicTensor<T>& fake, std::uint64_t part, const C&... c) {
    Tape tape;  // inside the generator's, if there is one: what that recorded is a constant to this
    Rng own = rng_.fork("discriminator", part);
    const auto draw = draw_augment<T>(o_.augment, batch.real.shape(), own);
    const auto see = [&](const BasicTensor<T>& x) {
      return players_.discriminator(gan::augment(x, draw), nn::Mode::train, c...);
    };
    const auto on_real = see(batch.real), on_fake = see(fake);
    const auto loss = discriminator_loss(o_.loss, on_real, on_fake, o_.label_smoothing);
    info_.discriminator_loss += part_weight() * static_cast<double>(loss.item());
    info_.real_probability += part_weight() * mean_probability(on_real);
    info_.fake_probability += part_weight() * mean_probability(on_fake);
    if (o_.penalty == Penalty::none || !penalised_) return players_.discriminator_optimizer.accumulate(loss);
    const auto share =
        batch.share || o_.penalty != Penalty::wgan_gp ? batch.share : uniform<T>({on_real.rows(), 1}, own);
    const auto penalty = weighed_penalty(see, on_real, batch.real, fake, share);
    info_.penalty += part_weight() * static_cast<double>(penalty.item());
    players_.discriminator_optimizer.accumulate(loss + penalty);
  }
  void update_discriminator() {
    players_.discriminator_optimizer.measure_norm = true;
    info_.discriminator_gradient = players_.discriminator_optimizer.step().gradient_norm;
  }
  /// Gradients of the generator's loss on one part of its batch, for which the present tape has recorded `fake`. No
  /// gradient of the discriminator's weights is computed, because none is asked for.
  template <class... C>
  void deceive(const BasicTensor<T>& fake, const BasicTensor<T>& real, std::uint64_t part, const C&... c) {
    Rng own = rng_.fork("generator", part);
    const auto draw = draw_augment<T>(o_.augment, fake.shape(), own);
    const auto loss = generator_loss(o_.loss, players_.discriminator(gan::augment(fake, draw), nn::Mode::train, c...));
    info_.generator_loss += part_weight() * static_cast<double>(loss.item());
    if (o_.l1_weight == 0) return players_.generator_optimizer.accumulate(loss);
    const auto away = mean(abs(fake - real));
    info_.l1 += part_weight() * static_cast<double>(away.item());
    players_.generator_optimizer.accumulate(loss + static_cast<real_of<T>>(o_.l1_weight) * away);
  }
  void update_generator() {
    players_.generator_optimizer.measure_norm = true;
    info_.generator_gradient = players_.generator_optimizer.step().gradient_norm;
  }
  void measure_spread(const BasicTensor<T>& fake, const BasicTensor<T>& real) {
    info_.spread += part_weight() * relative_spread(fake, real);
  }
  template <class... C> BasicTensor<T> generate(const BasicTensor<T>& noise, const C&... c) {
    return players_.generator(noise, nn::Mode::train, c...);
  }
  /// Forgets what an earlier update of the discriminator learnt.
  void restart() { info_ = {}; }
  const StepInfo& info() const { return info_; }

 private:
  double part_weight() const { return 1.0 / static_cast<double>(o_.parts); }

  template <class See>
  BasicTensor<T> weighed_penalty(const See& see, const Logits<T>& on_real, const BasicTensor<T>& real,
                                 const BasicTensor<T>& fake, const BasicTensor<T>& share) const {
    const double weight = o_.penalty_weight * static_cast<double>(o_.penalty_every);
    if (o_.penalty == Penalty::r1) return static_cast<real_of<T>>(weight / 2) * r1(on_real, real);
    return static_cast<real_of<T>>(weight) * wgan_gp(see, interpolate(real, fake, share));
  }

  const Players<T, G, D>& players_;
  const Options& o_;
  Rng rng_;
  bool penalised_;
  StepInfo info_;
};
}  // namespace detail

/// Step `number` (from 0): o.n_critic updates of the discriminator, then one of the generator, which together with the
/// last of them has one pass through the generator, unless a batch comes in parts. `next(k, part)` gives the Batch of
/// update k of the discriminator, or a part of it, always the same for the same arguments. What is random is drawn from
/// forks of `rng`, which should be the step's own. Throws ConfigError for options that make no training, Error when
/// shapes do not fit.
template <class T, class G, class D, class Next>
StepInfo step(const Players<T, G, D>& players, const Options& o, Index number, const Rng& rng, const Next& next) {
  detail::Step<T, G, D> s(players, o.check(), number, rng);
  const auto id = [&](Index k, Index part) { return static_cast<std::uint64_t>(k * o.parts + part); };
  const auto with_condition = [](const auto& batch, const auto& f) {
    std::apply([&](const auto&... c) { f(batch, c...); }, batch.condition);
  };
  const auto critic = [&](Index k, Index part) {
    with_condition(next(k, part), [&]<class B, class... C>(const B& batch, const C&... c) {
      static_assert(Generator<G, T, C...> && Discriminator<D, T, C...>);
      s.judge(batch, s.generate(batch.noise, c...), id(k, part), c...);
    });
  };
  const Index last = o.n_critic - 1;
  for (Index k = 0; k < (o.parts == 1 ? last : o.n_critic); ++k) {
    s.restart();
    for (Index part = 0; part < o.parts; ++part) critic(k, part);
    s.update_discriminator();
  }
  if (o.parts == 1) s.restart();
  for (Index part = 0; part < o.parts; ++part)
    with_condition(next(last, part), [&]<class B, class... C>(const B& batch, const C&... c) {
      Tape tape;
      const auto fake = s.generate(batch.noise, c...);
      if (o.parts == 1) {
        s.judge(batch, fake, id(last, 0), c...);
        s.update_discriminator();
      }
      s.measure_spread(fake, batch.real);
      s.deceive(fake, batch.real, id(0, part), c...);
    });
  s.update_generator();
  return s.info();
}

}  // namespace atelier::inline v0::gan
