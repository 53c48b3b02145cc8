/// Pairs of sentences for a translator: read or made up, split, cut into tokens.
#pragma once

#include "atelier/data/text/pair_batches.hpp"
#include "atelier/data/text/pairs.hpp"
#include "translator.hpp"

namespace atelier::programs {

/// Sentences from a file, or strings of symbols that are to be copied or reversed.
enum class PairJob { pairs, copy, reverse };
/// Throws ConfigError for an unknown name.
PairJob pair_job_from(const std::string& text);

struct PairCorpusOptions {
  PairJob job = PairJob::pairs;
  std::int32_t vocabulary = 4096;  // of each side's byte-pair encoding, learned from the training part
  double validation = 0.05;        // share of the pairs that is held out
  Index pairs = 0;                 // that are read or made up; 0: all, or 20,000
  bool swap = false;               // translate the second column into the first
  data::BadLines bad_lines = data::BadLines::refuse;
  Sides sides = {};  // tokenizers that there are, instead of learned ones
};

struct Sentences {
  data::ReferencedSource text;
  data::TokenPair tokens;  // the source, and the first of its references
};
struct PairCorpus {
  Sides sides;
  std::vector<data::TokenPair> train;
  std::vector<Sentences> validation;
  std::string protocol, checksums;
};

/// The only file that ends in .tsv when `path` is a folder, else `path` itself. Pairs with more than `longest` tokens
/// on a side (marks included) are left out, and counted in the protocol. Strings of symbols are functions of the
/// generator: 50 symbols, lengths 10 to 20, none of the validation part in the training part. Throws InputError for a
/// file without pairs or a part without any, ConfigError for options.
PairCorpus load_pair_corpus(const std::filesystem::path& path, const PairCorpusOptions& o, Index longest,
                            const Rng& rng);

}  // namespace atelier::programs
