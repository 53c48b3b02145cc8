/// What gan_toy learns, and the settings that learn it.
#pragma once

#include "atelier/data/toy.hpp"
#include "atelier/models/gan/gan.hpp"
#include "gan_flags.hpp"

namespace atelier::programs {

struct ToyOptions {
  gan::Config model;
  GanOptions gan = {.beta1 = 0, .beta2 = 0.99};
  Index evaluate_every = 1000;  // updates: an epoch, since the data are drawn afresh and have no end
};

inline const std::vector<std::string>& toy_presets() {
  static const std::vector<std::string> names = {"ring", "grid"};
  return names;
}
/// The distribution of a preset: 8 Gaussians on a circle of radius 1, deviation 0.01; or 5 x 5, 2 apart, 0.05.
data::Mixture toy_mixture(const std::string& preset);
/// Settings that reach every mode of the preset's distribution.
void apply_preset(const std::string& preset, Flags& flags, ToyOptions& o);

}  // namespace atelier::programs
