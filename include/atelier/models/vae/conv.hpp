/// A variational autoencoder of strided convolutions.
#pragma once

#include "atelier/models/vae/model.hpp"
#include "atelier/nn/conv.hpp"
#include "atelier/nn/group_norm.hpp"
#include "atelier/ops/image_layout.hpp"

namespace atelier::inline v0::vae {

/// Sizes of a convolutional VAE, beside Config's.
struct ConvConfig {
  Index size = 64;     // pixels of both sides: a power of two from 16
  Index channels = 3;  // of an image
  Index width = 32;    // channels of the largest inner map; doubled at each halving, up to 8 times, down to 4 x 4
  Index latent = 128;
  Likelihood likelihood = Likelihood::gaussian;
  double sigma = 0.5;  // with less, images are nearer to their originals, and samples of the prior no longer alike

  /// Throws ConfigError for sizes that make no model.
  const ConvConfig& check() const {
    if (size < 16 || size > 1024 || (size & (size - 1)))
      throw ConfigError("size: expected a power of two from 16 to 1024, found " + std::to_string(size));
    if (channels < 1 || width < 1)
      throw ConfigError("vae: expected positive channels and width, found " + std::to_string(channels) + ", " +
                        std::to_string(width));
    if (likelihood == Likelihood::categorical) throw ConfigError("vae: expected no categorical likelihood, found it");
    return *this;
  }
  Index channels_at(Index side) const { return width * std::min<Index>(8, size / 2 / side); }
  /// What the losses go by.
  Config flat() const {
    return Config{
        .pixels = channels * size * size, .hidden = {width}, .latent = latent, .likelihood = likelihood, .sigma = sigma}
        .check();
  }
};

/// Images as rows [B, channels * size * size], channels first as data sets have them, in [0, 1]. Kernel 4, stride 2,
/// padding 1; group normalisation and leaky ReLU; dense layers at both ends of the latent space.
template <class T> struct BasicConvVae {
  using scalar = T;
  ConvConfig conv;
  Config config;
  std::vector<nn::BasicConv2d<T>> down;
  std::vector<nn::BasicGroupNorm<T>> down_norms;
  nn::BasicLinear<T> posterior, start;  // to mean and log variance; from z to the smallest map
  std::vector<nn::BasicGroupNorm<T>> up_norms;
  std::vector<nn::BasicConvTranspose2d<T>> up;

  /// Parameters are zeros until nn::init(). Throws ConfigError for sizes that make no model.
  explicit BasicConvVae(const ConvConfig& c = {})
      : conv(c.check()),
        config(c.flat()),
        posterior{smallest * smallest * c.channels_at(smallest), 2 * c.latent},
        start{c.latent, smallest * smallest * c.channels_at(smallest)} {
    for (Index side = c.size / 2; side >= smallest; side /= 2) {
      const Index out = c.channels_at(side), in = 2 * side < c.size ? c.channels_at(2 * side) : c.channels;
      down.push_back({.in = in, .out = out, .kernel = 4, .stride = 2, .padding = 1});
      down_norms.push_back({.groups = groups(out), .channels = out});
    }
    for (Index side = smallest; side < c.size; side *= 2) {
      const Index in = c.channels_at(side);
      const Index out = 2 * side < c.size ? c.channels_at(2 * side) : c.channels * config.outputs_per_pixel();
      up_norms.push_back({.groups = groups(in), .channels = in});
      up.push_back({.in = in, .out = out, .kernel = 4, .stride = 2, .padding = 1});
    }
  }

  /// q(z | x): x [B, pixels] -> mean and log variance [B, Z]. Takes no labels.
  Gaussian<T> encode(const BasicTensor<T>& x, const BasicTensor<T>& labels = {}) const {
    refuse(labels);
    auto h = channels_last(reshape(x, Shape{x.size(0), conv.channels, conv.size, conv.size}));
    for (std::size_t i = 0; i < down.size(); ++i) h = down_norms[i](down[i](h), Activation::leaky_relu);
    h = posterior(reshape(h, Shape{h.size(0), posterior.in}));
    return {slice(h, 1, 0, config.latent), slice(h, 1, config.latent, 2 * config.latent)};
  }
  /// Parameters of p(x | z), before any squashing: z [B, Z] -> [B, pixels * outputs_per_pixel], all means first.
  BasicTensor<T> decode(const BasicTensor<T>& z, const BasicTensor<T>& labels = {}) const {
    refuse(labels);
    auto h = reshape(start(z), Shape{z.size(0), smallest, smallest, up[0].in});
    for (std::size_t i = 0; i < up.size(); ++i) h = up[i](up_norms[i](h, Activation::leaky_relu));
    return reshape(channels_first(h), Shape{z.size(0), config.pixels * config.outputs_per_pixel()});
  }

  static void visit(auto& m, auto&& f) {
    f("down", m.down), f("down_norms", m.down_norms);
    f("posterior", m.posterior), f("start", m.start);
    f("up_norms", m.up_norms), f("up", m.up);
  }

 private:
  static constexpr Index smallest = 4;
  /// Of at least 4 channels each, 8 at most.
  static Index groups(Index channels) {
    for (Index g = 8; g > 1; --g)
      if (channels % g == 0 && channels / g >= 4) return g;
    return 1;
  }
  static void refuse(const BasicTensor<T>& labels) {
    if (labels) throw Error("vae: this model takes no labels");
  }
};

using ConvVae = BasicConvVae<float>;

}  // namespace atelier::inline v0::vae
