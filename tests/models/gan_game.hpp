/// Two small networks that play against each other.
#pragma once

#include "atelier/atelier.hpp"

namespace game {
using namespace atelier;

template <class M> M initialised(M m, std::uint64_t seed = 1) {
  nn::init(m, Rng(seed));
  return m;
}

/// Two small networks with their optimizers, in float.
struct Game {
  gan::MlpGenerator gen;
  gan::MlpDiscriminator disc;
  optim::Adam gen_adam, disc_adam;
  Rng rng{5};
  Index batch = 24;

  explicit Game(const gan::Config& c = {.latent = 3, .hidden = {16, 16}})
      : gen(initialised(gan::MlpGenerator(c), 1)),
        disc(initialised(gan::MlpDiscriminator(c), 2)),
        gen_adam(gen, {.lr = 2e-3, .beta1 = 0.5}),
        disc_adam(disc, {.lr = 2e-3, .beta1 = 0.5}) {}

  gan::Batch<float> draw(const Rng& step, Index k, Index part, Index parts) const {
    Rng data = step.fork("data", static_cast<std::uint64_t>(k)),
        noise = step.fork("noise", static_cast<std::uint64_t>(k));
    const Index size = batch / parts;
    return {slice(normal({batch, 2}, data), 0, part * size, (part + 1) * size),
            slice(normal({batch, gen.config.latent}, noise), 0, part * size, (part + 1) * size)};
  }
  gan::StepInfo step(const gan::Options& o, Index number = 0) {
    const Rng own = rng.fork("step", static_cast<std::uint64_t>(number));
    return gan::step(gan::players(gen, disc, gen_adam, disc_adam), o, number, own,
                     [&](Index k, Index part) { return draw(own, k, part, o.parts); });
  }
  std::vector<float> weights() const {
    std::vector<float> all;
    const auto add = [&](const std::string&, const auto& p) { all.insert(all.end(), p.data(), p.data() + p.size()); };
    nn::visit_all(gen, add);
    nn::visit_all(disc, add);
    return all;
  }
};
inline double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max<double>(most, std::abs(a[i] - b[i]));
  return most;
}
/// Weights after some steps with the given options.
inline std::vector<float> trained(const gan::Options& o, const gan::Config& c = {.latent = 3, .hidden = {16, 16}},
                                  int steps = 4) {
  Game game(c);
  for (int i = 0; i < steps; ++i) game.step(o, i);
  return game.weights();
}

}  // namespace game
