/// Training an image GAN.
#pragma once

#include "measures.hpp"
#include "options.hpp"

namespace atelier::programs {

using MakeMeasures = std::unique_ptr<Measures> (*)(const ImageData&, const Rng&);

/// The training that the options describe. Throws ConfigError for options that make no model or no training.
std::unique_ptr<train::Task> make_image_gan(ImageData data, const MakeMeasures& measures, const ImageGanOptions& o,
                                            const train::Options& run);

}  // namespace atelier::programs
