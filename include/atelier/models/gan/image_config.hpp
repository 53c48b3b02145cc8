/// What generative adversarial networks of convolutions are made of.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

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

/// Sizes of a DCGAN. The sides of its maps are the image's, halved and rounded up until they are 4: 64, 32, 16, 8, 4,
/// or 28, 14, 7, 4.
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

  static constexpr Index smallest = 4;
  /// Sides of all maps: the image's, after one halving, ..., `smallest`.
  std::vector<Index> sides() const {
    std::vector<Index> all{size};
    while (all.back() > smallest) all.push_back((all.back() + 1) / 2);
    return all;
  }
  Index halvings() const { return static_cast<Index>(sides().size()) - 1; }
  /// Channels of the map after k halvings in a network of width w; the image's for k = 0.
  Index channels_at(Index k, Index w) const { return k ? w << std::min<Index>(3, k - 1) : channels; }
  Index judge_width() const { return discriminator_width ? discriminator_width : width; }

  /// The configuration itself. Throws ConfigError for sizes that make no model.
  const ImageConfig& check() const {
    if (size < 16 || size > 1024 || sides().back() != smallest)
      throw ConfigError("size: expected 16 to 1024, and 4 after some halvings that round up, found " +
                        std::to_string(size));
    if (channels < 1 || latent < 1 || width < 1 || discriminator_width < 0)
      throw ConfigError("gan: expected positive channels, latent and width, found " + std::to_string(channels) + ", " +
                        std::to_string(latent) + ", " + std::to_string(width));
    if (!(dropout >= 0 && dropout < 1))
      throw ConfigError("dropout: expected a probability below 1, found " + number_text(dropout));
    if (classes < 0 || stddev_group < 0 || stddev_group == 1)
      throw ConfigError("gan: expected classes >= 0 and a stddev_group of 0 or from 2, found " +
                        std::to_string(classes) + ", " + std::to_string(stddev_group));
    return *this;
  }
};

}  // namespace atelier::inline v0::gan
