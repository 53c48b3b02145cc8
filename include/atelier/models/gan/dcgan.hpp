/// Generator and discriminator of convolutions, stride 2, padding 1.                               Radford et al. 2016
#pragma once

#include "atelier/models/gan/append.hpp"
#include "atelier/models/gan/image_config.hpp"
#include "atelier/models/gan/judging_conv.hpp"
#include "atelier/models/gan/labels.hpp"
#include "atelier/models/gan/logits.hpp"
#include "atelier/models/gan/stddev.hpp"
#include "atelier/nn/batch_norm.hpp"
#include "atelier/nn/dropout.hpp"
#include "atelier/nn/linear.hpp"

namespace atelier::inline v0::gan {

namespace detail {
inline constexpr double dcgan_deviation = 0.02;  // of all initial weights

/// N(0, 0.02) for convolutions and dense layers, N(1, 0.02) for the weights of normalisations, biases 0.
template <class Layer> void init_layer(Layer& layer, Rng& rng) {
  nn::fill_normal(layer.w, 0, dcgan_deviation, rng);
  if (layer.bias) nn::fill_constant(layer.b, 0);
}
template <class T> void init_norm(nn::BasicBatchNorm2d<T>& norm, Rng& rng) {
  norm.init(rng);
  nn::fill_normal(norm.w, 1, dcgan_deviation, rng);
}
/// Kernels of the convolutions by stride 2 that take each map but the smallest to the next one, and back: 4 wide, from
/// an odd side 3.
inline std::vector<Index> kernel_sizes(const ImageConfig& c) {
  auto sizes = c.sides();
  sizes.pop_back();
  for (Index& k : sizes) k = k % 2 ? 3 : 4;
  return sizes;
}
inline std::string layer_name(std::size_t number) { return "main." + std::to_string(number); }
}  // namespace detail

/// z [B, latent] -> images [B, size, size, channels] in [-1, 1]. A conditional one sees beside z a trained vector of
/// its label, of z's width. Parts are named as in PyTorch's DCGAN example: main.0, main.1, main.3, ...
template <class T> struct BasicDcganGenerator {
  ImageConfig config;
  std::optional<BasicLabelVectors<T>> embedding;
  std::optional<nn::BasicLinear<T>> dense;
  std::vector<nn::BasicConvTranspose2d<T>> layers;  // from the smallest map to the image
  std::vector<nn::BasicBatchNorm2d<T>> norms;       // one for each inner map

  /// Parameters are zeros until nn::init(). Throws ConfigError for sizes that make no model.
  explicit BasicDcganGenerator(const ImageConfig& c = {})
      : config(c.check()), embedding(detail::label_vectors<T>(c.classes, c.latent)) {
    constexpr Index base = ImageConfig::smallest;
    const Index in = c.classes ? 2 * c.latent : c.latent, first = c.channels_at(c.halvings(), c.width);
    if (c.first == First::dense)
      dense.emplace(nn::BasicLinear<T>{.in = in, .out = base * base * first, .bias = false});
    else
      layers.push_back({.in = in, .out = first, .kernel = base, .bias = false});
    const auto kernels = detail::kernel_sizes(c);
    for (Index k = c.halvings(); k > 0; --k) {
      const Index from = c.channels_at(k, c.width), kernel = kernels[static_cast<std::size_t>(k - 1)];
      norms.push_back({.channels = from});
      layers.push_back({.in = from,
                        .out = c.channels_at(k - 1, c.width),
                        .kernel = kernel,
                        .stride = 2,
                        .padding = 1,
                        .bias = false});
    }
  }

  /// labels: [B], for a conditional model. Throws Error when they do not fit.
  BasicTensor<T> operator()(const BasicTensor<T>& z, nn::Mode mode, const IndexTensor& labels = {}) const {
    detail::require_labels(config.classes, labels, z.size(0));
    const auto activation = dense ? Activation::leaky_relu : Activation::relu;
    const auto in = embedding ? append(z, (*embedding)(labels)) : z;
    auto h = start(in);
    for (std::size_t i = 0; i < norms.size(); ++i) {
      const auto& up = layers[i + (dense ? 0 : 1)];
      h = up(norms[i](h, mode, activation), i + 1 < norms.size() ? Activation::none : Activation::tanh);
    }
    return h;
  }
  void init(Rng& rng) {
    if (embedding) embedding->init(rng);
    if (dense) detail::init_layer(*dense, rng);
    for (auto& layer : layers) detail::init_layer(layer, rng);
    for (auto& norm : norms) detail::init_norm(norm, rng);
  }
  static void visit(auto& m, auto&& f) {
    f("embedding", m.embedding);
    if (m.dense) f("main.0", *m.dense);
    const std::size_t shift = m.dense ? 1 : 0;
    for (std::size_t i = 0; i <= m.norms.size(); ++i) {
      if (i >= shift) f(detail::layer_name(3 * i).c_str(), m.layers[i - shift]);
      if (i < m.norms.size()) f(detail::layer_name(3 * i + 1).c_str(), m.norms[i]);
    }
  }

 private:
  BasicTensor<T> start(const BasicTensor<T>& z) const {
    constexpr Index base = ImageConfig::smallest;
    if (dense) return reshape((*dense)(z), Shape{z.size(0), base, base, norms[0].channels});
    return layers[0](reshape(z, Shape{z.size(0), 1, 1, z.size(1)}));
  }
};

/// Images [B, size, size, channels] -> logits [B, 1]: leaky ReLU layers (slope 0.2), then what stddev_group adds. A
/// conditional one adds the product of its last map, summed over places, with a trained vector of the label: a
/// projection discriminator (Miyato & Koyama 2018). Parts are named as in PyTorch's DCGAN example: main.0, main.2, ...
template <class T> struct BasicDcganDiscriminator {
  ImageConfig config;
  std::vector<BasicJudgingConv<T>> layers;     // from the image to the smallest map
  std::vector<nn::BasicBatchNorm2d<T>> norms;  // of all layers but the first; none unless Norm::batch
  BasicJudgingConv<T> output;
  std::optional<BasicLabelVectors<T>> embedding;
  mutable Rng draws{0};  // where dropout draws from: to be set before each step, so that a step depends on its number

  /// Parameters are zeros until nn::init(). Throws ConfigError for sizes that make no model.
  explicit BasicDcganDiscriminator(const ImageConfig& c = {})
      : config(c.check()),
        output(
            {.in = deepest(c) + (c.stddev_group ? 1 : 0), .out = 1, .kernel = ImageConfig::smallest, .bias = biased(c)},
            c.norm == Norm::spectral),
        embedding(detail::label_vectors<T>(c.classes, deepest(c))) {
    Index k = 0;
    for (const Index kernel : detail::kernel_sizes(c)) {
      const Index in = c.channels_at(k, c.judge_width()), out = c.channels_at(++k, c.judge_width());
      layers.push_back({{.in = in, .out = out, .kernel = kernel, .stride = 2, .padding = 1, .bias = biased(c)},
                        c.norm == Norm::spectral});
      if (c.norm == Norm::batch && k > 1) norms.push_back({.channels = out});
    }
  }

  /// labels: [B], for a conditional model. Throws Error when they or the stddev_group do not fit.
  Logits<T> operator()(const BasicTensor<T>& x, nn::Mode mode, const IndexTensor& labels = {}) const {
    detail::require_labels(config.classes, labels, x.size(0));
    const nn::Dropout drop{config.dropout};
    auto h = x;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const bool normalised = i > 0 && !norms.empty();
      h = layers[i](h, mode, normalised ? Activation::none : Activation::leaky_relu);
      if (normalised) h = norms[i - 1](h, mode, Activation::leaky_relu);
      h = drop(h, mode == nn::Mode::train ? &draws : nullptr);
    }
    const auto seen = config.stddev_group ? minibatch_stddev(h, config.stddev_group) : h;
    const auto score = reshape(output(seen, mode), Shape{x.size(0), 1});
    return Logits<T>(embedding ? score + sum((*embedding)(labels)*sum(h, {1, 2}), {1}, true) : score);
  }
  void init(Rng& rng) {
    for (auto& layer : layers) layer.init(rng, detail::dcgan_deviation);
    output.init(rng, detail::dcgan_deviation);
    for (auto& norm : norms) detail::init_norm(norm, rng);
    if (embedding) nn::fill_normal(embedding->w, 0, detail::dcgan_deviation, rng);
  }
  static void visit(auto& m, auto&& f) {
    for (std::size_t i = 0; i < m.layers.size(); ++i) {
      f(detail::layer_name(i ? 3 * i - 1 : 0).c_str(), m.layers[i]);
      if (i && !m.norms.empty()) f(detail::layer_name(3 * i).c_str(), m.norms[i - 1]);
    }
    f(detail::layer_name(3 * m.layers.size() - 1).c_str(), m.output);
    f("embedding", m.embedding);
  }

 private:
  static Index deepest(const ImageConfig& c) { return c.channels_at(c.halvings(), c.judge_width()); }
  static bool biased(const ImageConfig& c) { return c.norm != Norm::batch; }
};

using DcganGenerator = BasicDcganGenerator<float>;
using DcganDiscriminator = BasicDcganDiscriminator<float>;

}  // namespace atelier::inline v0::gan
