/// Text from a model: token by token, or the best of several that are searched side by side.
#pragma once

#include "atelier/models/transformer/decoder.hpp"
#include "atelier/models/transformer/sampling.hpp"

namespace atelier::inline v0::transformer {

/// Goes on with each prompt, on the decoder's first rows; the new tokens alone. Text i draws from rng.fork("text", i):
/// same seed, same text, whatever stands beside it (of up to 16). A text that fills the decoder is read again from its
/// second half and goes on, unless the decoder can't slide; of a longer prompt the end is read.
/// Throws Error for an empty prompt, tokens outside the vocabulary or more prompts than rows; ConfigError for options.
std::vector<Tokens> generate(Decoder& decoder, std::span<const Tokens> prompts, const GenerateOptions& o = {},
                             const Rng& rng = Rng(0));
/// The same with a decoder of its own, as large as needed.
std::vector<Tokens> generate(const Gpt& gpt, std::span<const Tokens> prompts, const GenerateOptions& o = {},
                             const Rng& rng = Rng(0));

struct BeamOptions {
  Index beams = 4;            ///< texts that are kept side by side
  Index tokens = 100;         ///< most new ones of a text
  double length_penalty = 1;  ///< log-probability over length^this is what is maximised, the end counted; 0: plain
  std::int32_t end = -1;      ///< token that ends a text; it does not belong to it
};
struct Hypothesis {
  Tokens tokens;
  double score = 0;
};

/// The best text found after each prompt: a decoder of prompts times beams rows. The search ends when as many texts
/// have ended as there are beams and no beam is better than the worst of those. Texts end where the decoder is full.
/// Throws Error as generate() does, ConfigError for options.
std::vector<Hypothesis> beam_search(Decoder& decoder, std::span<const Tokens> prompts, const BeamOptions& o = {});
std::vector<Hypothesis> beam_search(const Gpt& gpt, std::span<const Tokens> prompts, const BeamOptions& o = {});

/// Translations of sentences [B, S] of which lengths [B] tokens count, by beam search from the token `begin`.
std::vector<Hypothesis> translate(const Seq2Seq& model, const IndexTensor& source, const IndexTensor& lengths,
                                  std::int32_t begin, const BeamOptions& o = {});

}  // namespace atelier::inline v0::transformer
