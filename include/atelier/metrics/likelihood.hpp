/// What a language model's summed negative log-likelihood says: three different numbers, made from the same nats.
#pragma once

#include <cmath>
#include <cstdio>
#include <numbers>
#include <string>

#include "atelier/core/shape.hpp"

namespace atelier::inline v0::metrics {

/// -log p of a whole text, and what the text consists of. A count that is not known stays 0; what needs it then throws
/// Error, as does a sum of nats that is not a number.
struct TextLikelihood {
  double nats = 0;       ///< -log p(text), summed over every token that was predicted
  Index tokens = 0;      ///< predicted ones, of the model's own vocabulary
  Index words = 0;       ///< of the text as the data set splits it, end-of-line marks included where it counts them
  Index characters = 0;  ///< code points of the text
  Index bytes = 0;       ///< of the text in UTF-8

  double nats_per_token() const { return nats_per(tokens, "tokens"); }
  double nats_per_character() const { return nats_per(characters, "characters"); }
  /// exp(nats / tokens). Comparable between models of the same vocabulary only.
  double token_perplexity() const { return std::exp(nats_per_token()); }
  /// exp(nats / words). Comparable between models of any tokens, on the same text.
  double word_perplexity() const { return std::exp(nats_per(words, "words")); }
  /// nats / (bytes log 2). Comparable between models of any tokens; the compressed size of the text, in bits a byte.
  double bits_per_byte() const { return nats_per(bytes, "bytes") / std::numbers::ln2; }

  /// The numbers that papers compare, in one line; those of unknown counts are left out.
  std::string line() const {
    char text[160];
    std::string all;
    const auto add = [&](Index count, const char* format, double x) {
      if (count < 1) return;
      std::snprintf(text, sizeof text, format, x);
      all += (all.empty() ? "" : ", ") + std::string(text);
    };
    add(words, "word perplexity %.2f", words ? word_perplexity() : 0);
    add(tokens, "token perplexity %.4g", tokens ? token_perplexity() : 0);
    add(characters, "%.4f nats per character", characters ? nats_per_character() : 0);
    add(bytes, "%.4f bits per byte", bytes ? bits_per_byte() : 0);
    return all;
  }

  /// The counts behind the numbers, in one line.
  std::string protocol() const {
    return "summed nats over " + std::to_string(tokens) + " tokens, " + std::to_string(words) + " words, " +
           std::to_string(characters) + " characters, " + std::to_string(bytes) + " bytes (0: not counted)";
  }

  /// The likelihood of two texts one after the other.
  TextLikelihood& operator+=(const TextLikelihood& o) {
    nats += o.nats;
    tokens += o.tokens;
    words += o.words;
    characters += o.characters;
    bytes += o.bytes;
    return *this;
  }

 private:
  double nats_per(Index count, const char* what) const {
    if (count < 1)
      throw Error(std::string("likelihood: expected at least one of the ") + what + ", found " + std::to_string(count));
    if (std::isnan(nats)) throw Error("likelihood: expected a number of nats, found NaN");
    return nats / static_cast<double>(count);
  }
};

}  // namespace atelier::inline v0::metrics
