#include "corpus.hpp"

#include <algorithm>
#include <cstdlib>

#include "atelier/data/text/read.hpp"
#include "atelier/data/text/unicode.hpp"
#include "atelier/data/tokenizer/bpe.hpp"
#include "atelier/data/tokenizer/character.hpp"

namespace atelier::programs {

namespace {
constexpr std::int64_t rare_in_raw = 3;

TextPart part_of(const std::string_view text, std::int32_t before, const data::TokenIds& tokens) {
  TextPart part{.tokens = {before},
                .characters = static_cast<Index>(data::count_characters(text)),
                .bytes = static_cast<Index>(text.size())};
  part.tokens.insert(part.tokens.end(), tokens.begin(), tokens.end());
  return part;
}

TextPart words_of(const data::WordTokenizer& tokenizer, const data::WikiTextPart& text) {
  auto part = part_of(text.text, tokenizer.end_of_line(), tokenizer.encode(text.text, data::SpecialTokens::recognised));
  part.words = text.tokens;
  return part;
}

std::string share_unknown(const data::WordTokenizer& tokenizer, const TextPart& part) {
  const auto n = std::count(part.tokens.begin() + 1, part.tokens.end(), tokenizer.unknown());
  return std::to_string(n) + " of them unknown words";
}

std::shared_ptr<const data::Tokenizer> tokenizer_for(std::string_view whole, std::string_view train,
                                                     const TextCorpusOptions& o) {
  if (o.tokenizer) return o.tokenizer;
  if (o.cut == Cut::bytes) return std::make_shared<data::ByteTokenizer>();
  if (o.cut == Cut::bpe)
    return std::make_shared<data::BpeTokenizer>(data::train_bpe(train, {.vocabulary = o.vocabulary, .special = {}}));
  return std::make_shared<data::CharacterTokenizer>(data::CharacterTokenizer::train(whole));
}

/// A tokenizer of another text may not know all characters of this one: then the file is to blame.
data::TokenIds encoded(const data::Tokenizer& tokenizer, std::string_view text, const std::filesystem::path& file) try {
  return tokenizer.encode(text);
} catch (const Error& error) {
  throw InputError(file.string() + ": " + error.what());
}
}  // namespace

metrics::TextLikelihood TextPart::likelihood(double nats, Index targets) const {
  metrics::TextLikelihood l{.nats = nats, .tokens = targets};
  if (targets + 1 == static_cast<Index>(tokens.size())) l.words = words, l.characters = characters, l.bytes = bytes;
  return l;
}

std::vector<Index> Corpus::counts() const {
  std::vector<Index> n(static_cast<std::size_t>(tokenizer->size()), 0);
  for (const auto id : train.tokens) ++n[static_cast<std::size_t>(id)];
  return n;
}

Corpus load_wikitext_corpus(const std::filesystem::path& folder, data::WikiTextSet set, std::int32_t limit,
                            std::shared_ptr<const data::WordTokenizer> tokenizer) {
  const auto wiki = data::load_wikitext(folder, set);
  if (!tokenizer)
    tokenizer = std::make_shared<data::WordTokenizer>(data::WordTokenizer::train(
        wiki.train.text, {.min_count = wiki.raw ? rare_in_raw : 1, .limit = limit, .by_frequency = true}));
  Corpus c{.tokenizer = tokenizer, .by_frequency = true};
  c.train = words_of(*tokenizer, wiki.train);
  c.validation = words_of(*tokenizer, wiki.valid);
  c.test = words_of(*tokenizer, wiki.test);
  c.checksums = wiki.train.sha256 + " " + wiki.valid.sha256 + " " + wiki.test.sha256;
  c.protocol = std::string("words of wiki.{train,valid,test}.") + (wiki.raw ? "raw" : "tokens") + ", " +
               std::to_string(wiki.train.tokens) + "/" + std::to_string(wiki.valid.tokens) + "/" +
               std::to_string(wiki.test.tokens) + " tokens with one <eos> a line, each part read after an <eos>; " +
               "vocabulary " + std::to_string(tokenizer->size()) + "; of the test tokens " +
               share_unknown(*tokenizer, c.test);
  return c;
}

Cut cut_from(const std::string& text) {
  constexpr const char* names[] = {"character", "byte", "bpe"};
  for (int i = 0; i < 3; ++i)
    if (text == names[i]) return static_cast<Cut>(i);
  throw ConfigError("--tokenizer: expected character, byte or bpe, found '" + text + "'");
}

Corpus load_text_corpus(const std::filesystem::path& path, const TextCorpusOptions& o) {
  const auto text = data::read_text(path, {.any_bytes = o.cut == Cut::bytes});
  const auto unit = o.cut == Cut::bytes ? data::SplitUnit::bytes : data::SplitUnit::characters;
  const auto split = data::split_text(text.bytes, o.train, unit);
  Corpus c{.tokenizer = tokenizer_for(text.bytes, split.train, o)};
  const auto train = encoded(*c.tokenizer, split.train, path);
  const auto validation = encoded(*c.tokenizer, split.validation, path);
  c.train = part_of(split.train, train.front(), {train.begin() + 1, train.end()});
  c.validation = part_of(split.validation, train.back(), validation);
  c.checksums = text.sha256;
  c.protocol = std::to_string(text.bytes.size()) + " bytes as " + std::string(c.tokenizer->kind()) +
               " tokens, vocabulary " + std::to_string(c.tokenizer->size()) + "; validation: the last " +
               std::to_string(c.validation.characters) + " characters, all of them, of which training saw none";
  return c;
}

std::filesystem::path text_path(const std::filesystem::path& given) {
  const std::filesystem::path usual = "/usr/share/common-licenses/GPL-3";
  if (!given.empty()) return given;
  const char* root = std::getenv("ATELIER_DATA");
  if (!root || !*root) return usual;
  const auto set = std::filesystem::path(root) / "tinyshakespeare";
  return std::filesystem::exists(set) ? set : usual;
}

}  // namespace atelier::programs
