/// The choice of the next token from its logits.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "atelier/core/random.hpp"
#include "atelier/models/transformer/tokens.hpp"
#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0::transformer {

/// Applied in this order; the defaults draw from the model's own distribution.
struct Sampling {
  double repetition_penalty = 1;  ///< logits of tokens that were there: over it where positive, else times it
                                  ///<                                                               Keskar et al. 2019
  double temperature = 1;         ///< logits over it; 0: always the likeliest token
  Index top_k = 0;                ///< only so many of the likeliest tokens; 0: all                     Fan et al. 2018
  double top_p = 1;               ///< of those the fewest that have this probability together    Holtzman et al. 2020
  double min_p = 0;               ///< of those the ones at least so likely, relative to the likeliest
                                  ///<                                                               Nguyen et al. 2024
  Tokens never{};                 ///< tokens that are left out, such as that of unknown words

  /// The options themselves. Throws ConfigError for values out of range.
  const Sampling& check() const;
};

/// How texts go on, whatever model writes them.
struct GenerateOptions {
  Index tokens = 100;   ///< most new ones of a text
  Sampling sampling{};  ///< greedy with {.temperature = 0}
  Tokens stop{};        ///< tokens that end a text; they do not belong to it
  /// Told every new token at once, with its text's number; false ends all texts.
  std::function<bool(Index text, std::int32_t token)> on_token{};
};

/// Chooses tokens; its memory is taken once.
class Sampler {
 public:
  /// Throws ConfigError for options out of range, Error for a token to be left out that there is not.
  Sampler(Index vocabulary, const Sampling& options);

  /// The token that the number u in [0, 1) picks. seen: [V], not 0 for tokens that were there; may be empty.
  std::int32_t operator()(std::span<const float> logits, std::span<const char> seen, double u);

 private:
  struct Candidate {
    float logit;
    std::int32_t id;
    /// Below in a heap; of equals the first is the likeliest.
    bool operator<(const Candidate& o) const { return logit < o.logit || (logit == o.logit && id > o.id); }
  };
  void adjust(std::span<const float> logits, std::span<const char> seen);
  std::int32_t draw_from_all(double u) const;
  std::int32_t draw_from_likeliest(double u);
  double weights_together() const;
  bool pop();

  Sampling options_;
  Tensor logits_;  // [1, V], adjusted
  std::vector<Candidate> heap_, chosen_;
};

}  // namespace atelier::inline v0::transformer
