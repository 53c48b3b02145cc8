/// What generative adversarial networks of convolutions are made of.
#pragma once

#include <algorithm>
#include <string>

#include "atelier/core/error.hpp"
#include "atelier/core/shape.hpp"

namespace atelier::inline v0::gan {

/// How z becomes the first map. convolution: a transposed convolution from 1 x 1, then ReLU everywhere (Radford et al.
/// 2016). dense: a fully connected layer, then leaky ReLU everywhere.
enum class First { convolution, dense };
/// What keeps a discriminator's inner layers in range. batch: batch normalisation. spectral: weights over their largest
/// singular value (Miyato et al. 2018). none: for penalties on single examples, which a batch must not tie together.
enum class Norm { batch, none, spectral };

inline const char* name(First f) { return f == First::dense ? "dense" : "convolution"; }
inline const char* name(Norm n) {
  constexpr const char* names[] = {"batch", "none", "spectral"};
  return names[static_cast<int>(n)];
}
/// Throws ConfigError for an unknown name.
inline Norm norm_from(const std::string& text) {
  for (int i = 0; i < 3; ++i)
    if (text == name(static_cast<Norm>(i))) return static_cast<Norm>(i);
  throw ConfigError("norm: expected batch, none or spectral, found '" + text + "'");
}

/// Sizes of a DCGAN. Sides double from 4 x 4 (16, 32, 64, ...) or from 7 x 7 (28, 56, ...) up to the image's.
struct ImageConfig {
  Index size = 64;     // pixels of both sides
  Index channels = 3;  // of an image
  Index latent = 100;  // dimensions of z
  Index width = 64;    // channels of the generator's largest inner map; doubled at each halving, up to 8 times
  Index discriminator_width = 0;  // of the discriminator's largest inner map; 0: as the generator's
  First first = First::convolution;
  Norm norm = Norm::batch;  // of the discriminator; the generator has batch normalisation
  double dropout = 0;       // behind the discriminator's layers, of the largest map too
  Index stddev_group = 0;   // > 0: minibatch standard deviation over groups of so many (stddev.hpp)
  Index classes = 0;        // > 0: conditional on a label, which both networks see

  /// Side of the smallest map: 4 or 7; 0 for sizes that do not come from doubling one.
  Index base() const {
    for (const Index b : {Index{4}, Index{7}})
      for (Index s = b; s <= size && s <= 4096; s *= 2)
        if (s == size && s > b) return b;
    return 0;
  }
  /// Channels of an inner map of side `side`, from a network of width w.
  Index channels_at(Index side, Index w) const { return w * std::min<Index>(8, size / 2 / side); }
  Index judge_width() const { return discriminator_width ? discriminator_width : width; }

  /// The configuration itself. Throws ConfigError for sizes that make no model.
  const ImageConfig& check() const {
    if (base() == 0 || size < 16 || size > 1024)
      throw ConfigError("size: expected a power of two from 16 to 1024, or 7 times one from 28, found " +
                        std::to_string(size));
    if (channels < 1 || latent < 1 || width < 1 || discriminator_width < 0)
      throw ConfigError("gan: expected positive channels, latent and width, found " + std::to_string(channels) + ", " +
                        std::to_string(latent) + ", " + std::to_string(width));
    if (!(dropout >= 0 && dropout < 1))
      throw ConfigError("dropout: expected a probability below 1, found " + std::to_string(dropout));
    if (classes < 0 || stddev_group < 0 || stddev_group == 1)
      throw ConfigError("gan: expected classes >= 0 and a stddev_group of 0 or from 2, found " +
                        std::to_string(classes) + ", " + std::to_string(stddev_group));
    return *this;
  }
};

}  // namespace atelier::inline v0::gan
