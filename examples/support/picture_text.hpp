/// What the pictures of a run say of themselves.
#pragma once

#include "atelier/io/png.hpp"
#include "atelier/train/task.hpp"

namespace atelier::programs {

/// Texts of a picture that a model with this configuration drew at a step.
inline io::PngText picture_text(Index step, std::uint64_t seed, const train::Record& model) {
  return {{"Software", "atelier"},
          {"step", std::to_string(step)},
          {"seed", std::to_string(seed)},
          {"config", model.json()}};
}

}  // namespace atelier::programs
