/// Generator and discriminator of fully connected layers, for data that are vectors.               Goodfellow et al.
/// 2014
#pragma once

#include "atelier/models/gan/append.hpp"
#include "atelier/models/gan/config.hpp"
#include "atelier/models/gan/labels.hpp"
#include "atelier/models/gan/logits.hpp"
#include "atelier/models/gan/packing.hpp"
#include "atelier/models/gan/stddev.hpp"
#include "atelier/nn/linear.hpp"
#include "atelier/nn/mode.hpp"

namespace atelier::inline v0::gan {

namespace detail {
template <class T> std::vector<nn::BasicLinear<T>> layers(Index in, const std::vector<Index>& widths) {
  std::vector<nn::BasicLinear<T>> made;
  for (Index out : widths) made.push_back({std::exchange(in, out), out});
  return made;
}
}  // namespace detail

/// z [B, latent] -> examples [B, features]: ReLU layers, no squashing at the end. A conditional one sees beside z a
/// trained vector of its label, of z's width.                                                Mirza & Osindero 2014
template <class T> struct BasicMlpGenerator {
  Config config;
  std::optional<BasicLabelVectors<T>> embedding;
  std::vector<nn::BasicLinear<T>> hidden;
  nn::BasicLinear<T> output;

  /// Parameters are zeros until nn::init(). Throws ConfigError for sizes that make no model.
  explicit BasicMlpGenerator(const Config& c = {})
      : config(c.check()),
        embedding(detail::label_vectors<T>(c.classes, c.latent)),
        hidden(detail::layers<T>(c.classes ? 2 * c.latent : c.latent, c.hidden)),
        output{c.hidden.back(), c.features} {}

  /// labels: [B], for a conditional model. Throws Error when they do not fit.
  BasicTensor<T> operator()(const BasicTensor<T>& z, nn::Mode, const IndexTensor& labels = {}) const {
    detail::require_labels(config.classes, labels, z.size(0));
    auto h = embedding ? append(z, (*embedding)(labels)) : z;
    for (const auto& layer : hidden) h = layer(h, Activation::relu);
    return output(h);
  }
  static void visit(auto& m, auto&& f) {
    f("embedding", m.embedding);
    f("hidden", m.hidden);
    f("output", m.output);
  }
};

/// Examples [B, features] -> logits [B / pack, 1]: leaky ReLU layers (slope 0.2), then what stddev_group adds. A
/// conditional one adds the product of its last hidden layer with a trained vector of the label: a projection
/// discriminator.                                                                                Miyato & Koyama 2018
template <class T> struct BasicMlpDiscriminator {
  Config config;
  std::vector<nn::BasicLinear<T>> hidden;
  nn::BasicLinear<T> output;
  std::optional<BasicLabelVectors<T>> embedding;

  /// Parameters are zeros until nn::init(). Throws ConfigError for sizes that make no model.
  explicit BasicMlpDiscriminator(const Config& c = {})
      : config(c.check()),
        hidden(detail::layers<T>(c.pack * c.features, c.hidden)),
        output{c.hidden.back() + (c.stddev_group ? 1 : 0), 1},
        embedding(detail::label_vectors<T>(c.classes, c.hidden.back())) {}

  /// labels: [B], for a conditional model. Throws Error when they or `pack` do not fit.
  Logits<T> operator()(const BasicTensor<T>& x, nn::Mode, const IndexTensor& labels = {}) const {
    detail::require_labels(config.classes, labels, x.size(0));
    auto h = pack(x, config.pack);
    for (const auto& layer : hidden) h = layer(h, Activation::leaky_relu);
    const auto score = output(config.stddev_group ? minibatch_stddev(h, config.stddev_group) : h);
    return Logits<T>(embedding ? score + sum((*embedding)(labels)*h, {1}, true) : score);
  }
  static void visit(auto& m, auto&& f) {
    f("hidden", m.hidden);
    f("output", m.output);
    f("embedding", m.embedding);
  }
};

using MlpGenerator = BasicMlpGenerator<float>;
using MlpDiscriminator = BasicMlpDiscriminator<float>;

}  // namespace atelier::inline v0::gan
