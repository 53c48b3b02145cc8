#include "presets.hpp"

namespace atelier::programs {

data::Mixture toy_mixture(const std::string& preset) {
  return preset == "grid" ? data::grid_mixture() : data::ring_mixture();
}

// What the settings are for, found by trying each on both distributions:
//   latent 2         as many dimensions as the data have. Noise between two modes has to go somewhere, and the fewer
//                    directions lead out of a mode, the fewer samples lie on the way.
//   r1               keeps the discriminator from jumping between modes, which loses some. Its gamma goes with the
//                    square of the distance between modes: 0.02 for 0.77 (ring), 0.3 for 2 (grid).
//   three layers     make the ways between modes short: two of the same width leave twice as many samples outside.
//   batch            larger for the ring, whose narrow modes (a hundredth of its radius) take more exact gradients;
//                    of the grid's, more updates are worth more.
//   linear schedule  and an average of the generator's weights narrow the samples to the modes' width at the end.
void apply_preset(const std::string& preset, Flags& flags, ToyOptions& o) {
  const bool grid = preset == "grid";
  flags.options.preset = preset;
  flags.options.batch = grid ? 128 : 256;
  flags.options.lr = 2e-3;
  flags.schedule = "linear";
  flags.usual_length = {.steps = grid ? 12000 : 10000};
  const Index width = grid ? 128 : 64;
  o.model = {.features = 2, .latent = 2, .hidden = {width, width, width}};
  o.gan.training.penalty = gan::Penalty::r1;
  o.gan.training.penalty_weight = grid ? 0.3 : 0.02;
}

}  // namespace atelier::programs
