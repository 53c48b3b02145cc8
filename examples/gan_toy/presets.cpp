#include "presets.hpp"

namespace atelier::programs {

data::Mixture toy_mixture(const std::string& preset) {
  return preset == "grid" ? data::grid_mixture() : data::ring_mixture();
}

void apply_preset(const std::string& preset, Flags& flags, ToyOptions& o) {
  flags.options.preset = preset;
  flags.options.batch = 512;
  flags.options.lr = 1e-3;
  flags.schedule = "linear";
  flags.usual_length = {.steps = 10000};
  o.model = {.features = 2, .latent = 8, .hidden = {128, 128}, .pack = 1};
  o.training.penalty = gan::Penalty::r1;
  o.training.penalty_weight = 0.1;
}

}  // namespace atelier::programs
