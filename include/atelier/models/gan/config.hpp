/// What a generative adversarial network of fully connected layers is made of.
#pragma once

#include <string>
#include <vector>

#include "atelier/core/error.hpp"
#include "atelier/core/shape.hpp"

namespace atelier::inline v0::gan {

/// Sizes of both networks, for data that are vectors.
struct Config {
  Index features = 2;                      // numbers in an example
  Index latent = 16;                       // dimensions of z
  std::vector<Index> hidden = {128, 128};  // widths of the hidden layers, of each network
  Index classes = 0;                       // > 0: conditional on a label, which both networks see
  Index pack = 1;                          // examples that the discriminator judges together (packing.hpp)
  Index stddev_group = 0;                  // > 0: minibatch standard deviation over groups of so many (stddev.hpp)

  /// The configuration itself. Throws ConfigError for sizes that make no model.
  const Config& check() const {
    if (features < 1 || latent < 1 || hidden.empty())
      throw ConfigError("gan: expected positive features, latent and hidden, found others");
    for (Index h : hidden)
      if (h < 1) throw ConfigError("gan: expected positive hidden widths, found " + std::to_string(h));
    if (classes < 0 || pack < 1 || stddev_group < 0 || stddev_group == 1)
      throw ConfigError("gan: expected classes >= 0, pack >= 1 and a stddev_group of 0 or from 2, found " +
                        std::to_string(classes) + ", " + std::to_string(pack) + ", " + std::to_string(stddev_group));
    if (classes > 0 && pack > 1)
      throw ConfigError("gan: expected pack 1 for a conditional model, found " + std::to_string(pack));
    return *this;
  }
};

}  // namespace atelier::inline v0::gan
