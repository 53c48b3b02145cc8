/// What a variational autoencoder is made of.
#pragma once

#include <string>
#include <vector>

#include "atelier/core/error.hpp"
#include "atelier/core/shape.hpp"

namespace atelier::inline v0::vae {

/// p(x | z). bernoulli: independent pixels in [0, 1] from logits. gaussian: N(y, sigma^2), reported without its
/// constant as 1/2 ||x - y||^2 / sigma^2 + pixels log(sigma). gaussian_learned: N(y, exp(v)) with a variance for each
/// pixel. categorical: each pixel one of `levels` grey levels.
enum class Likelihood { bernoulli, gaussian, gaussian_learned, categorical };

inline const char* name(Likelihood l) {
  constexpr const char* names[] = {"bernoulli", "gaussian", "gaussian_learned", "categorical"};
  return names[static_cast<int>(l)];
}
/// Throws ConfigError for an unknown name.
inline Likelihood likelihood_from(const std::string& text) {
  for (int i = 0; i < 4; ++i)
    if (text == name(static_cast<Likelihood>(i))) return static_cast<Likelihood>(i);
  throw ConfigError("likelihood: expected bernoulli, gaussian, gaussian_learned or categorical, found '" + text + "'");
}

struct Config {
  Index pixels = 784;                 // numbers in an image
  std::vector<Index> hidden = {400};  // widths of the encoder's hidden layers; the decoder's, mirrored
  Index latent = 20;                  // dimensions of z
  Likelihood likelihood = Likelihood::bernoulli;
  double sigma = 1;   // gaussian only: deviation of a pixel
  Index levels = 16;  // categorical only: grey levels a pixel is rounded to
  Index classes = 0;  // > 0: conditional on a label, which encoder and decoder both see

  /// The configuration itself. Throws ConfigError for sizes that make no model.
  const Config& check() const {
    if (pixels < 1 || latent < 1 || hidden.empty())
      throw ConfigError("vae: pixels, latent and hidden must be positive");
    for (Index h : hidden)
      if (h < 1) throw ConfigError("vae: hidden widths must be positive, found " + std::to_string(h));
    if (!(sigma > 0 && sigma < 1e6))
      throw ConfigError("sigma: expected a positive deviation, found " + number_text(sigma));
    if (levels < 2 || classes < 0) throw ConfigError("vae: expected levels >= 2 and classes >= 0");
    return *this;
  }
  /// Numbers that the decoder gives for each pixel.
  Index outputs_per_pixel() const {
    return likelihood == Likelihood::gaussian_learned ? 2 : likelihood == Likelihood::categorical ? levels : 1;
  }
};

}  // namespace atelier::inline v0::vae
