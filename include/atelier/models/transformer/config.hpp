/// What a Transformer is made of.
#pragma once

#include <string>

#include "atelier/core/error.hpp"
#include "atelier/core/shape.hpp"

namespace atelier::inline v0::transformer {

/// How a token's place is told. learned: a vector for each place, added (GPT-2). sinusoidal: sines, added to embeddings
/// times sqrt(width) (Vaswani et al. 2017). rotary: queries and keys turned by angles (Su et al. 2021).
enum class Positions { learned, sinusoidal, rotary };
/// layer: mean and variance (Ba et al. 2016). rms: the root mean square only (Zhang & Sennrich 2019).
enum class Normalisation { layer, rms };
/// Between the two layers of the feed-forward network. gelu: exact. gelu_tanh: GPT-2's form. swiglu: a gated unit with
/// a third layer (Shazeer 2020).
enum class Unit { gelu, gelu_tanh, swiglu };

const char* name(Positions p);
const char* name(Normalisation n);
const char* name(Unit u);
/// From their names. Throws ConfigError for an unknown one.
Positions positions_from(const std::string& text);
Normalisation normalisation_from(const std::string& text);
Unit unit_from(const std::string& text);

/// Probabilities, in training only.
struct Dropouts {
  double embedding = 0;  ///< of each number of the embedded input
  double attention = 0;  ///< of each attention weight
  double residual = 0;   ///< of each number that a block adds
  double words = 0;      ///< of each word of the vocabulary, wherever it stands                  Gal & Ghahramani 2016

  /// The same everywhere but for whole words.
  static Dropouts all(double p) { return {p, p, p, 0}; }
};

/// The defaults are GPT-2's smallest model.                                                    Radford et al. 2019
struct Config {
  Index vocabulary = 50257;
  Index context = 1024;  // most tokens that the model sees at once
  Index width = 768;
  Index layers = 12;
  Index heads = 12;
  Index inner = 0;  // width of the feed-forward network; 0: 4 width, of swiglu 8/3 width, up to a multiple of 16
  Positions positions = Positions::learned;
  Normalisation norm = Normalisation::layer;
  bool pre_norm = true;  // normalise what a block reads; otherwise what it has added to (Xiong et al. 2020)
  Unit unit = Unit::gelu_tanh;
  bool tied = true;  // the embedding's table is the output layer's weight                          Press & Wolf 2017
  bool bias = true;  // of linear layers
  double norm_eps = 1e-5;
  double deviation = 0.02;  // of initial weights; layers that write to the residual sum: over sqrt(2 layers)
  Dropouts dropout{};

  /// The configuration itself. Throws ConfigError for sizes that make no model.
  const Config& check() const;
  Index inner_width() const;
  Index head_size() const { return width / heads; }
};

}  // namespace atelier::inline v0::transformer
