/// Tokenizers from the files that save() makes.
#include <algorithm>

#include "atelier/core/error.hpp"
#include "atelier/data/tokenizer/bpe.hpp"
#include "atelier/data/tokenizer/character.hpp"
#include "atelier/data/tokenizer/word.hpp"
#include "data/tokenizer/document.hpp"
#include "data/tokenizer/merge_text.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::data {
namespace {

using nlohmann::json;
constexpr std::size_t limit = Vocabulary::max_size;

/// The object in a file, and where it came from.
struct Document {
  std::string place;
  json object;

  const json& at(const char* key) const {
    const auto found = object.find(key);
    if (found == object.end()) refuse(place, std::string("the key ") + key, "none");
    return *found;
  }
  std::string text(const char* key) const {
    const json& value = at(key);
    if (!value.is_string()) refuse(place + ": " + key, "a text", describe(value));
    return value.get<std::string>();
  }
  std::string text_or_null(const char* key) const { return at(key).is_null() ? std::string() : text(key); }
  std::vector<std::string> texts(const char* key) const { return texts_of(place + ": " + key, at(key), limit); }
  /// Texts of tokens; there is at least one.
  std::vector<std::string> tokens() const {
    auto list = texts("tokens");
    if (list.empty()) refuse(place + ": tokens", "at least one token", "an empty list");
    return list;
  }
  void only(std::initializer_list<std::string_view> keys) const {
    for (const auto& item : object.items())
      if (std::find(keys.begin(), keys.end(), item.key()) == keys.end())
        refuse(place, "the keys of a tokenizer of this kind", io::in_quotes(item.key()));
  }
};

using Loaded = std::unique_ptr<Tokenizer>;

/// An end of line or unknown token that the file names must be among its tokens.
void check_named(const Document& d, const char* key, const std::vector<std::string>& tokens) {
  const std::string token = d.text_or_null(key);
  if (!token.empty() && std::find(tokens.begin(), tokens.end(), token) == tokens.end())
    refuse(d.place + ": " + key, "one of the tokens", io::in_quotes(token));
}

Loaded load_word(const Document& d) {
  d.only({"format", "version", "kind", "end_of_line", "unknown", "tokens"});
  auto tokens = d.tokens();
  check_named(d, "end_of_line", tokens);
  check_named(d, "unknown", tokens);
  const WordOptions options{.end_of_line = d.text_or_null("end_of_line"), .unknown = d.text_or_null("unknown")};
  return std::make_unique<WordTokenizer>(std::move(tokens), options);
}

Loaded load_character(const Document& d) {
  d.only({"format", "version", "kind", "unknown", "special", "tokens"});
  auto tokens = d.tokens();
  check_named(d, "unknown", tokens);
  const auto special = d.texts("special");
  for (const std::string& token : special)
    if (std::find(tokens.begin(), tokens.end(), token) == tokens.end())
      refuse(d.place + ": special", "tokens of the vocabulary", io::in_quotes(token));
  return std::make_unique<CharacterTokenizer>(
      std::move(tokens), CharacterOptions{.unknown = d.text_or_null("unknown"), .special = special});
}

Loaded load_byte(const Document& d) {
  d.only({"format", "version", "kind", "special"});
  return std::make_unique<ByteTokenizer>(d.texts("special"));
}

Loaded load_bpe(const Document& d) {
  d.only({"format", "version", "kind", "special", "tokens", "merges"});
  auto tokens = d.tokens();
  for (std::size_t i = 0; i < tokens.size(); ++i)
    tokens[i] = detail::bytes_of_token(d.place + ": tokens: " + std::to_string(i), tokens[i]);
  const Vocabulary vocabulary(tokens);
  std::vector<Merge> merges;
  for (const std::string& text : d.texts("merges")) {
    const std::string place = d.place + ": merges: " + std::to_string(merges.size());
    merges.push_back(detail::merge_of(place, vocabulary, text));
  }
  return std::make_unique<BpeTokenizer>(std::move(tokens), std::move(merges), d.texts("special"));
}

Loaded load_kind(const Document& d, const std::string& kind) {
  if (kind == "word") return load_word(d);
  if (kind == "character") return load_character(d);
  if (kind == "byte") return load_byte(d);
  if (kind == "bpe") return load_bpe(d);
  refuse(d.place + ": kind", "word, character, byte or bpe", io::in_quotes(kind));
}

Document read(const std::filesystem::path& path) {
  Document d{io::printable(path.string()), {}};
  d.object = parse_document(d.place, read_document(path));
  if (!d.object.is_object()) refuse(d.place, "an object", describe(d.object));
  const auto format = d.object.find("format");
  if (format == d.object.end() || *format != "atelier.tokenizer")
    refuse(d.place, "\"format\": \"atelier.tokenizer\"",
           format == d.object.end() ? "no such key; vocab.json and merges.txt of GPT-2 are read by load_gpt2"
                                    : describe(*format));
  if (d.at("version") != 1) refuse(d.place + ": version", "1", describe(d.at("version")));
  return d;
}

}  // namespace

Loaded load_tokenizer(const std::filesystem::path& path, std::string_view kind) {
  const Document d = read(path);
  const std::string found = d.text("kind");
  if (!kind.empty() && found != kind)
    refuse(d.place + ": kind", io::in_quotes(std::string(kind)), io::in_quotes(found));
  try {
    return load_kind(d, found);
  } catch (const InputError&) {
    throw;
  } catch (const Error& error) {
    throw InputError(d.place + ": " + error.what());
  }
}

}  // namespace atelier::inline v0::data
