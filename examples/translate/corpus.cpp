#include "corpus.hpp"

#include <algorithm>
#include <set>

#include "atelier/core/error.hpp"
#include "atelier/data/tokenizer/bpe.hpp"
#include "atelier/data/tokenizer/word.hpp"

namespace atelier::programs {

namespace {
namespace fs = std::filesystem;
constexpr Index symbols = 50, shortest = 10, longest_string = 20, usual_strings = 20'000;

Side learned(const std::vector<data::SentencePair>& pairs, bool target, std::int32_t vocabulary) {
  std::string text;
  for (const auto& pair : pairs) text += (target ? pair.target : pair.source) + "\n";
  return side_of(std::make_shared<data::BpeTokenizer>(
      data::train_bpe(text, {.vocabulary = vocabulary, .min_frequency = 2, .special = sentence_marks})));
}

std::vector<std::string> symbol_words() {
  auto words = sentence_marks;
  for (Index i = 0; i < symbols; ++i) words.push_back("s" + std::to_string(i));
  return words;
}

Sides sides_for(const std::vector<data::SentencePair>& pairs, const PairCorpusOptions& o) {
  if (o.job == PairJob::pairs) return {learned(pairs, false, o.vocabulary), learned(pairs, true, o.vocabulary)};
  const Side symbols_of_both = side_of(
      std::make_shared<data::WordTokenizer>(symbol_words(), data::WordOptions{.end_of_line = "", .unknown = ""}));
  return {symbols_of_both, symbols_of_both};
}

std::string symbol_string(Rng& rng) {
  std::string text;
  for (Index n = shortest + rng.index(longest_string - shortest + 1); n > 0; --n)
    text += (text.empty() ? "s" : " s") + std::to_string(rng.index(symbols));
  return text;
}

std::string reversed(const std::string& text) {
  std::string back;
  for (std::size_t end = text.size(), begin = end; begin > 0; end = begin - 1) {
    const auto blank = text.rfind(' ', end - 1);
    begin = blank == text.npos ? 0 : blank + 1;
    back += (back.empty() ? "" : " ") + text.substr(begin, end - begin);
  }
  return back;
}

std::vector<data::SentencePair> made_up(const PairCorpusOptions& o, const Rng& rng) {
  Rng draws = rng.fork("strings");
  std::set<std::string> seen;
  std::vector<data::SentencePair> pairs;
  const Index n = o.pairs > 0 ? o.pairs : usual_strings;
  while (static_cast<Index>(pairs.size()) < n) {
    const auto text = symbol_string(draws);
    if (seen.insert(text).second) pairs.push_back({text, o.job == PairJob::copy ? text : reversed(text)});
  }
  return pairs;
}

fs::path pair_file(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return path;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path))
    if (entry.path().extension() == ".tsv") files.push_back(entry.path());
  if (files.size() != 1)
    throw InputError(path.string() + ": expected one file that ends in .tsv, found " + std::to_string(files.size()) +
                     "; give the file itself as --data");
  return files.front();
}

data::PairFile pairs_of(const fs::path& path, const PairCorpusOptions& o, const Rng& rng) {
  if (o.job != PairJob::pairs) return {.pairs = made_up(o, rng), .skipped = {}, .sha256 = "made up"};
  data::PairOptions read{.bad_lines = o.bad_lines, .swap = o.swap};
  if (o.pairs > 0) read.limit = o.pairs;
  return data::read_pairs(pair_file(path), read);
}

/// Cuts sentences of both parts into tokens.
class Cutter {
 public:
  Cutter(PairCorpus& corpus, Index longest) : corpus_(corpus), longest_(longest) {}

  void add(const data::SentencePair& pair) {
    if (const auto tokens = cut(pair.source, pair.target)) corpus_.train.push_back(*tokens);
  }
  void add(const data::ReferencedSource& text) {
    if (const auto tokens = cut(text.source, text.references.front())) corpus_.validation.push_back({text, *tokens});
  }
  Index left_out() const { return left_out_; }

 private:
  std::optional<data::TokenPair> cut(const std::string& source, const std::string& target) {
    data::TokenPair pair{corpus_.sides.source.tokenizer->encode(source),
                         corpus_.sides.target.tokenizer->encode(target)};
    const auto most = static_cast<std::size_t>(longest_ - 1);
    if (std::max(pair.source.size(), pair.target.size()) <= most) return pair;
    ++left_out_;
    return std::nullopt;
  }

  PairCorpus& corpus_;
  Index longest_, left_out_ = 0;
};
}  // namespace

PairJob pair_job_from(const std::string& text) {
  constexpr const char* names[] = {"pairs", "copy", "reverse"};
  for (int i = 0; i < 3; ++i)
    if (text == names[i]) return static_cast<PairJob>(i);
  throw ConfigError("--task: expected pairs, copy or reverse, found '" + text + "'");
}

PairCorpus load_pair_corpus(const fs::path& path, const PairCorpusOptions& o, Index longest, const Rng& rng) {
  const auto file = pairs_of(path, o, rng);
  const auto split = data::split_pairs(file.pairs, o.validation, rng.fork("split"));
  PairCorpus c;
  c.sides = o.sides.source.tokenizer ? o.sides : sides_for(split.train, o);
  Cutter cutter(c, longest);
  for (const auto& pair : split.train) cutter.add(pair);
  for (const auto& source : split.validation) cutter.add(source);
  if (c.train.empty() || c.validation.empty())
    throw InputError(path.string() + ": expected pairs of at most " + std::to_string(longest - 1) +
                     " tokens a side in both parts, found " + std::to_string(c.train.size()) + " and " +
                     std::to_string(c.validation.size()));
  c.checksums = file.sha256;
  c.protocol = std::to_string(c.train.size()) + " pairs for training, " + std::to_string(c.validation.size()) +
               " sources held out with all their targets as references; no sentence of either side stands in both " +
               "parts; left out: " + std::to_string(cutter.left_out()) + " pairs of more than " +
               std::to_string(longest - 1) + " tokens, " + std::to_string(file.skipped.size()) + " bad lines";
  return c;
}

}  // namespace atelier::programs
