/// The variational autoencoder: fully connected encoder and decoder of any depth.           Kingma & Welling 2014
#pragma once

#include <algorithm>

#include "atelier/models/vae/config.hpp"
#include "atelier/nn/linear.hpp"
#include "atelier/ops/index.hpp"
#include "atelier/ops/random.hpp"

namespace atelier::inline v0::vae {

/// mean + exp(logvar / 2) * noise: a differentiable draw from N(mean, exp(logvar)), for standard normal noise.
template <class T>
BasicTensor<T> reparameterise(const BasicTensor<T>& mean, const BasicTensor<T>& logvar, const BasicTensor<T>& noise) {
  return map(
      "reparameterise", [](auto m, auto v, auto e) ATELIER_LAMBDA { return m + exp(0.5 * v) * e; }, mean, logvar,
      noise);
}
ATELIER_KERNEL(reparameterise)

/// A diagonal Gaussian for each example: mean and log variance, [B, Z].
template <class T> struct Gaussian {
  BasicTensor<T> mean, logvar;

  /// A differentiable draw, for standard normal noise of the same shape.
  BasicTensor<T> sample(const BasicTensor<T>& noise) const { return reparameterise(mean, logvar, noise); }
};

/// What losses, evaluation and pictures need of a model: its configuration, q(z | x) and the parameters of p(x | z).
template <class V>
concept Model = requires(const V& v, const BasicTensor<typename V::scalar>& x) {
  { v.config } -> std::convertible_to<Config>;
  { v.encode(x, x) } -> std::same_as<Gaussian<typename V::scalar>>;
  { v.decode(x, x) } -> std::same_as<BasicTensor<typename V::scalar>>;
};

template <class T> struct BasicVae {
  using scalar = T;
  Config config;
  std::vector<nn::BasicLinear<T>> encoder;
  nn::BasicLinear<T> posterior;  // mean, then log variance
  std::vector<nn::BasicLinear<T>> decoder;
  nn::BasicLinear<T> output;

  /// Parameters are zeros until nn::init(). Throws ConfigError for sizes that make no model.
  explicit BasicVae(const Config& c = {})
      : config(c.check()),
        encoder(widths(c.pixels + c.classes, c.hidden)),
        posterior{c.hidden.back(), 2 * c.latent},
        decoder(widths(c.latent + c.classes, reversed(c.hidden))),
        output{c.hidden.front(), c.pixels * c.outputs_per_pixel()} {}

  /// q(z | x): x [B, pixels] -> mean and log variance [B, Z]. A conditional model needs the labels, one hot [B,
  /// classes].
  Gaussian<T> encode(const BasicTensor<T>& x, const BasicTensor<T>& labels = {}) const {
    auto h = with_labels(x, labels);
    for (const auto& layer : encoder) h = layer(h, Activation::relu);
    h = posterior(h);
    return {slice(h, 1, 0, config.latent), slice(h, 1, config.latent, 2 * config.latent)};
  }
  /// Parameters of p(x | z), before any squashing: z [B, Z] -> [B, pixels * outputs_per_pixel].
  BasicTensor<T> decode(const BasicTensor<T>& z, const BasicTensor<T>& labels = {}) const {
    auto h = with_labels(z, labels);
    for (const auto& layer : decoder) h = layer(h, Activation::relu);
    return output(h);
  }

  static void visit(auto& m, auto&& f) {
    f("encoder", m.encoder);
    f("posterior", m.posterior);
    f("decoder", m.decoder);
    f("output", m.output);
  }

 private:
  static std::vector<nn::BasicLinear<T>> widths(Index in, const std::vector<Index>& hidden) {
    std::vector<nn::BasicLinear<T>> layers;
    for (Index out : hidden) layers.push_back({std::exchange(in, out), out});
    return layers;
  }
  static std::vector<Index> reversed(std::vector<Index> v) {
    std::reverse(v.begin(), v.end());
    return v;
  }
  BasicTensor<T> with_labels(const BasicTensor<T>& x, const BasicTensor<T>& labels) const {
    if (bool(labels) != (config.classes > 0))
      throw Error(config.classes > 0 ? "vae: a conditional model needs labels" : "vae: this model takes no labels");
    return labels ? concat(std::vector<BasicTensor<T>>{x, labels}, 1) : x;
  }
};

using Vae = BasicVae<float>;

}  // namespace atelier::inline v0::vae
