/// Pairs of sentences for models that turn one into the other.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "atelier/core/random.hpp"

namespace atelier::inline v0::data {

struct SentencePair {
  std::string source, target;
  friend bool operator==(const SentencePair&, const SentencePair&) = default;
};

/// What to do with lines that are no pair.
enum class BadLines { refuse, skip };
struct PairOptions {
  BadLines bad_lines = BadLines::refuse;
  std::int64_t limit = std::numeric_limits<std::int64_t>::max();  // pairs that are read, from the front
  bool swap = false;                                              // the second column is the source
};
struct BadLine {
  std::int64_t number;  // counted from 1
  std::string reason;
};
struct PairFile {
  std::vector<SentencePair> pairs;
  std::vector<BadLine> skipped;
  std::string sha256;  // of the file
};

/// Reads SOURCE<tab>TARGET lines in UTF-8, ended by LF or CRLF; a third column (the attribution of Tatoeba's files) is
/// left aside, as are blanks around a sentence. Blank lines and lines with an empty sentence, with fewer than two or
/// more than three columns or with bytes that are no UTF-8 are bad. Throws InputError naming the file and the bad lines
/// (unless they are to be skipped), or that there is no pair at all; IoError when the system refuses.
PairFile read_pairs(const std::filesystem::path& path, const PairOptions& options = {});

/// A source with all its targets.
struct ReferencedSource {
  std::string source;
  std::vector<std::string> references;  // different ones, in order of appearance
};
/// Groups pairs by source, in order of first appearance.
std::vector<ReferencedSource> group_references(const std::vector<SentencePair>& pairs);

struct PairSplit {
  std::vector<SentencePair> train;
  std::vector<ReferencedSource> validation;
  std::int64_t validation_pairs = 0;  // in how many pairs of the file the validation part consists
};
/// Divides pairs so that no sentence, source or target, stands in both parts. Pairs that share one, directly or through
/// others, belong together; such families are drawn in random order for validation as long as they fit into
/// floor(fraction * n) pairs. Both parts keep the order of the file. A function of the pairs, the fraction and the
/// generator. Throws ConfigError unless 0 < fraction < 1, and InputError when a part would be empty.
PairSplit split_pairs(const std::vector<SentencePair>& pairs, double fraction, const Rng& rng);

}  // namespace atelier::inline v0::data
