/// Texts from a recurrent language model.
#pragma once

#include "atelier/models/lstm_lm/model.hpp"
#include "atelier/models/transformer/sampling.hpp"

namespace atelier::inline v0::lstm_lm {

/// Goes on with each prompt; the new tokens alone. Text i draws from rng.fork("text", i): same seed, same text,
/// whatever stands beside it. Throws Error for an empty prompt or tokens outside the vocabulary, ConfigError for
/// options.
std::vector<transformer::Tokens> generate(const LstmLm& model, std::span<const transformer::Tokens> prompts,
                                          const transformer::GenerateOptions& o = {}, const Rng& rng = Rng(0));

}  // namespace atelier::inline v0::lstm_lm
