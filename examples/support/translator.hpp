/// Sentences in, translations out: what everything that uses a translator has in common.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "atelier/data/tokenizer/tokenizer.hpp"
#include "atelier/models/transformer/generate.hpp"

namespace atelier::programs {

/// Special tokens of a side: what fills up, what opens and what closes a sentence.
inline const std::vector<std::string> sentence_marks = {"<pad>", "<bos>", "<eos>"};

/// One language of a translator.
struct Side {
  std::shared_ptr<const data::Tokenizer> tokenizer;
  std::int32_t pad = 0, begin = 0, end = 0;
};
struct Sides {
  Side source, target;
};
/// Of a tokenizer with the marks.
Side side_of(std::shared_ptr<const data::Tokenizer> tokenizer);
/// source.json and target.json that a trainer left beside a model, or in the folder above, as checkpoints have it.
/// Throws InputError when there are none, or when they are damaged.
Sides load_sides(const std::filesystem::path& model);

/// The tokens of one sentence. Throws ConfigError, naming the place it comes from, for one without any or with more
/// than `longest` - 1.
data::TokenIds sentence_tokens(const Side& side, const std::string& text, Index longest, const std::string& place);

/// Sources as the encoder reads them: tokens, end, padding.
struct SourceBatch {
  IndexTensor ids, lengths;  // [B, S], [B]
  SourceBatch(std::span<const data::TokenIds> sources, const Side& side);
};

/// So many sentences are translated side by side.
inline constexpr Index translated_together = 32;
struct TranslationOptions {
  Index beams = 4;            // 1: greedy
  double length_penalty = 1;  // power of the length that the log-probability is over
  Index tokens = 0;           // most of a translation; 0: as many as the model holds
};
/// Translations of sentences, all side by side.
std::vector<std::string> translations(const transformer::Seq2Seq& model, const Sides& sides,
                                      std::span<const data::TokenIds> sources, const TranslationOptions& o);

}  // namespace atelier::programs
