/// The texts of a language model, cut into tokens: what it is trained on, and what it is measured on.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "atelier/data/text/wikitext.hpp"
#include "atelier/data/tokenizer/word.hpp"
#include "atelier/metrics/likelihood.hpp"

namespace atelier::programs {

struct TextPart {
  data::TokenIds tokens = {};  // the first is context only: what stands before the text
  Index words = 0, characters = 0, bytes = 0;

  bool empty() const { return tokens.empty(); }
  /// The figures for the first `tokens` of its tokens, whose -log p is `nats`; a part of a text has no other counts.
  metrics::TextLikelihood likelihood(double nats, Index targets) const;
};

struct Corpus {
  std::shared_ptr<const data::Tokenizer> tokenizer;
  bool by_frequency = false;  // tokens are numbered by falling frequency
  TextPart train = {}, validation = {}, test = {};
  std::string protocol = {}, checksums = {};

  /// How often each token stands in the training part.
  std::vector<Index> counts() const;
};

/// WikiText-2 as words: those of the training part, numbered by frequency, and one <eos> for every line; from .raw
/// files words that occur at least three times; or those of a tokenizer that there is. Every part is read after an
/// <eos>, so that all of its tokens count. Throws InputError for other files than WikiText-2's, unless any are allowed.
Corpus load_wikitext_corpus(const std::filesystem::path& folder, data::WikiTextSet set, std::int32_t limit,
                            std::shared_ptr<const data::WordTokenizer> tokenizer = {});

enum class Cut { characters, bytes, bpe };
/// Throws ConfigError for an unknown name.
Cut cut_from(const std::string& text);

struct TextCorpusOptions {
  Cut cut = Cut::characters;
  std::int32_t vocabulary = 4096;                         // of BPE, learned from the training part
  double train = 0.9;                                     // share of the text, from its beginning
  std::shared_ptr<const data::Tokenizer> tokenizer = {};  // one that there is, instead of one made for the text
};
/// A text file or folder of texts: its first part for training, all the rest for validation. Throws InputError for
/// texts that are empty or too short to split, ConfigError for a share that is none.
Corpus load_text_corpus(const std::filesystem::path& path, const TextCorpusOptions& o);

/// `given`, where it is not empty; or tiny Shakespeare below ATELIER_DATA; or else a text that every Debian system has.
std::filesystem::path text_path(const std::filesystem::path& given);

}  // namespace atelier::programs
