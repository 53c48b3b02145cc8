/// Networks from images, or from noise, to images; discriminators of patches or of all.
///                                                                       Ronneberger et al. 2015; Isola et al. 2017
#pragma once

#include "atelier/models/gan/dcgan.hpp"
#include "atelier/ops/upsample.hpp"

namespace atelier::inline v0::gan {

/// Sizes of a U-Net and of the discriminator that goes with it: of patches, or of the whole image if that is drawn from
/// noise.
struct UnetConfig {
  static constexpr Index noise_channels = 16;  // of the map that noise is laid out in

  Index size = 64;          // pixels of both sides, of what goes in and comes out
  Index in = 3, out = 3;    // channels of an input image, and of the output
  Index width = 64;         // channels of the largest inner map; doubled at each halving, up to 8 times
  Index depth = 4;          // halvings
  bool keep_known = false;  // the input is an image and a mask of the known pixels, which stay as they are
  Index patch_layers = 3;   // halvings of the discriminator
  bool told = false;        // the discriminator sees the generator's input too
  Index latent = 0;         // > 0: dimensions of the noise that goes in instead of an image

  /// Channels of what the first convolution sees.
  Index seen() const { return latent ? noise_channels : in; }
  /// Numbers of an input.
  Index numbers() const { return latent ? latent : size * size * in; }
  Index channels_at(Index level) const { return width * std::min<Index>(8, Index{1} << level); }
  /// The configuration itself. Throws ConfigError for sizes that make no model.
  const UnetConfig& check() const {
    if (in < 1 || out < 1 || width < 1 || (keep_known && in != out + 1))
      throw ConfigError("unet: expected positive channels and width, and a mask beside an image to be kept, found " +
                        std::to_string(in) + " to " + std::to_string(out) + ", " + std::to_string(width));
    if (latent < 0 || (latent > 0 && (told || keep_known)))
      throw ConfigError("unet: expected noise alone, or images alone, found " + std::to_string(latent) +
                        " dimensions of noise beside images");
    const auto halves = [&](Index n) { return n >= 1 && n <= 10 && size % (Index{1} << n) == 0; };
    const Index left = latent ? 1 : 3;
    if (size < 8 || size > 1024 || !halves(depth) || !halves(patch_layers) || size >> patch_layers < left)
      throw ConfigError("unet: expected a size from 8 to 1024 that can be halved " + std::to_string(depth) + " and " +
                        std::to_string(patch_layers) + " times, the second leaving " + std::to_string(left) +
                        " pixels, found " + std::to_string(size));
    return *this;
  }
};

/// [B, size, size, in], or the same numbers as [B, size * size * in], -> images [B, size, size, out] in [-1, 1]. Halves
/// `depth` times (leaky ReLU), doubles as often (ReLU); every doubled map stands beside the one of its size from the
/// way down, so that places need not be told through the smallest map.
///
/// From noise [B, latent]: a dense layer makes it a small map, which is enlarged and goes in. A few halvings see a part
/// of the image only: with noise of its own in every place, no two parts could agree on a picture.
template <class T> struct BasicUnet {
  UnetConfig config;
  std::optional<nn::BasicLinear<T>> dense;  // noise to the smallest map's places
  std::vector<nn::BasicConv2d<T>> down;
  std::vector<nn::BasicBatchNorm2d<T>> down_norms;  // of all but the first and the last
  std::vector<nn::BasicConvTranspose2d<T>> up;      // from the smallest map to the image
  std::vector<nn::BasicBatchNorm2d<T>> up_norms;    // of all but the last

  /// Parameters are zeros until nn::init(). Throws ConfigError for sizes that make no model.
  explicit BasicUnet(const UnetConfig& c = {}) : config(c.check()) {
    const Index base = c.size >> c.depth;
    if (c.latent) dense.emplace(nn::BasicLinear<T>{.in = c.latent, .out = base * base * c.seen()});
    for (Index i = 0; i < c.depth; ++i) {
      const bool plain = i == 0 || i + 1 == c.depth;
      down.push_back({.in = i ? c.channels_at(i - 1) : c.seen(),
                      .out = c.channels_at(i),
                      .kernel = 4,
                      .stride = 2,
                      .padding = 1,
                      .bias = plain});
      if (!plain) down_norms.push_back({.channels = c.channels_at(i)});
    }
    for (Index i = c.depth - 1; i >= 0; --i) {
      const Index in = c.channels_at(i) * (i + 1 < c.depth ? 2 : 1), out = i ? c.channels_at(i - 1) : c.out;
      up.push_back({.in = in, .out = out, .kernel = 4, .stride = 2, .padding = 1, .bias = i == 0});
      if (i) up_norms.push_back({.channels = out});
    }
  }

  /// A last argument, which discriminators that are told take, is not needed. Throws Error for other sizes.
  BasicTensor<T> operator()(const BasicTensor<T>& input, nn::Mode mode, const BasicTensor<T>& = {}) const {
    const auto x = map_of(input);
    return rise(x, descend(x, mode), mode);
  }
  /// As a DCGAN's; the map of noise begins with a variance of 1 over noise, and of 1 over places.
  void init(Rng& rng) {
    if (dense) {
      nn::fill_normal(dense->w, 0, 1 / std::sqrt(static_cast<double>(config.latent)), rng);
      nn::fill_normal(dense->b, 0, 1, rng);
    }
    for (auto& l : down) detail::init_layer(l, rng);
    for (auto& l : up) detail::init_layer(l, rng);
    for (auto* norms : {&down_norms, &up_norms})
      for (auto& n : *norms) detail::init_norm(n, rng);
  }
  static void visit(auto& m, auto&& f) {
    f("dense", m.dense);
    f("down", m.down), f("down_norms", m.down_norms);
    f("up", m.up), f("up_norms", m.up_norms);
  }

 private:
  static constexpr std::size_t most_levels = 10;
  using Maps = std::array<BasicTensor<T>, most_levels>;

  /// What the first convolution sees: [B, size, size, in].
  BasicTensor<T> map_of(const BasicTensor<T>& input) const {
    const Index b = input.size(0), side = config.size, base = side >> config.depth, scale = side / base;
    if (dense) return upsample_bilinear(reshape((*dense)(input), Shape{b, base, base, config.seen()}), {scale, scale});
    return input.rank() == 2 ? reshape(input, Shape{b, side, side, config.in}) : input;
  }

  /// The maps on the way down, the largest first.
  Maps descend(const BasicTensor<T>& x, nn::Mode mode) const {
    Maps maps;
    for (std::size_t i = 0; i < down.size(); ++i) {
      const bool plain = i == 0 || i + 1 == down.size();
      const auto& from = i ? maps[i - 1] : x;
      maps[i] = plain ? down[i](from, Activation::leaky_relu)
                      : down_norms[i - 1](down[i](from), mode, Activation::leaky_relu);
    }
    return maps;
  }
  BasicTensor<T> rise(const BasicTensor<T>& x, const Maps& maps, nn::Mode mode) const {
    const std::size_t levels = down.size();
    auto h = maps[levels - 1];
    for (std::size_t i = 0; i + 1 < levels; ++i)
      h = append(up_norms[i](up[i](h), mode, Activation::relu), maps[levels - 2 - i]);
    const auto y = up[levels - 1](h, Activation::tanh);
    if (!config.keep_known) return y;
    const auto known = slice(x, -1, config.out, config.out + 1);
    return y + known * (slice(x, -1, 0, config.out) - y);
  }
};

/// Images [B, size, size, out] -> logits of patches [B, h, h, 1], h = size / 2^patch_layers - 1; one that is told sees
/// the generator's input beside them. Of images from noise: [B, 1, 1, 1], of each as a whole. Isola et al. 2017, 3.2.2
template <class T> struct BasicPatchDiscriminator {
  UnetConfig config;
  std::vector<nn::BasicConv2d<T>> layers;
  std::vector<nn::BasicBatchNorm2d<T>> norms;  // of all layers but the first
  nn::BasicConv2d<T> output;

  /// Parameters are zeros until nn::init(). Throws ConfigError for sizes that make no model.
  explicit BasicPatchDiscriminator(const UnetConfig& c = {})
      : config(c.check()),
        output{.in = c.channels_at(c.patch_layers - 1),
               .out = 1,
               .kernel = c.latent ? c.size >> c.patch_layers : 4,
               .stride = 1,
               .padding = c.latent ? 0 : 1} {
    for (Index i = 0; i < c.patch_layers; ++i) {
      layers.push_back({.in = i ? c.channels_at(i - 1) : c.out + (c.told ? c.in : 0),
                        .out = c.channels_at(i),
                        .kernel = 4,
                        .stride = 2,
                        .padding = 1,
                        .bias = i == 0});
      if (i) norms.push_back({.channels = c.channels_at(i)});
    }
  }

  /// input: what the generator was given, [B, size, size, in], for one that is told. Throws Error when it does not fit.
  Logits<T> operator()(const BasicTensor<T>& x, nn::Mode mode, const BasicTensor<T>& input = {}) const {
    if (bool(input) != config.told)
      throw Error(config.told ? "gan: this discriminator needs the generator's input"
                              : "gan: this discriminator takes images alone");
    auto h = layers[0](input ? append(x, input) : x, Activation::leaky_relu);
    for (std::size_t i = 1; i < layers.size(); ++i) h = norms[i - 1](layers[i](h), mode, Activation::leaky_relu);
    return Logits<T>(output(h));
  }
  void init(Rng& rng) {
    for (auto& l : layers) detail::init_layer(l, rng);
    detail::init_layer(output, rng);
    for (auto& n : norms) detail::init_norm(n, rng);
  }
  static void visit(auto& m, auto&& f) { f("layers", m.layers), f("norms", m.norms), f("output", m.output); }
};

using Unet = BasicUnet<float>;
using PatchDiscriminator = BasicPatchDiscriminator<float>;

}  // namespace atelier::inline v0::gan
