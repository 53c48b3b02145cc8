/// What a recurrent language model is made of.
#pragma once

#include <string>
#include <vector>

#include "atelier/core/error.hpp"
#include "atelier/core/shape.hpp"

namespace atelier::inline v0::lstm_lm {

/// The layer that gives the next token's probability: the table of embeddings again (tied; Press & Wolf 2017), a table
/// of its own, or an adaptive softmax over tokens sorted by falling frequency (Grave et al. 2017).
enum class Output { tied, linear, adaptive };

inline const char* name(Output o) {
  constexpr const char* names[] = {"tied", "linear", "adaptive"};
  return names[static_cast<int>(o)];
}
/// Throws ConfigError for an unknown name.
inline Output output_from(const std::string& text) {
  for (int i = 0; i < 3; ++i)
    if (text == name(static_cast<Output>(i))) return static_cast<Output>(i);
  throw ConfigError("output: expected tied, linear or adaptive, found '" + text + "'");
}

/// Probabilities, with the names and places of AWD-LSTM.                                     Merity et al. 2018
struct Dropouts {
  double words = 0;    ///< that a word's vector is left out wherever the word stands
  double input = 0;    ///< of the embeddings, one mask for all times
  double between = 0;  ///< of each layer's outputs but the last's, one mask for all times
  double output = 0;   ///< of the last layer's outputs, one mask for all times
  double weights = 0;  ///< of the recurrent weights, one mask for all times
};

struct Config {
  Index vocabulary = 0;
  Index embedding = 400;  ///< width of a token's vector
  Index hidden = 400;     ///< width of each layer; a linear layer leads back to `embedding` where they differ
  Index layers = 2;
  Output output = Output::tied;
  std::vector<Index> cutoffs = {};  ///< of the adaptive softmax
  Dropouts dropout = {};

  /// The configuration itself. Throws ConfigError for sizes that make no model, and probabilities outside [0, 1).
  const Config& check() const {
    for (const Index n : {vocabulary, embedding, hidden, layers})
      if (n < 1)
        throw ConfigError("lstm: expected sizes of at least 1, found vocabulary " + std::to_string(vocabulary) +
                          ", embedding " + std::to_string(embedding) + ", hidden " + std::to_string(hidden) +
                          ", layers " + std::to_string(layers));
    for (const double p : {dropout.words, dropout.input, dropout.between, dropout.output, dropout.weights})
      if (!(p >= 0 && p < 1))
        throw ConfigError("dropout: expected probabilities from 0 to below 1, found " + number_text(p));
    if (output == Output::adaptive && cutoffs.empty())
      throw ConfigError("lstm: expected cutoffs for the adaptive softmax, found none");
    return *this;
  }
};

}  // namespace atelier::inline v0::lstm_lm
