#include "atelier/data/tokenizer/character.hpp"

#include <algorithm>
#include <cstdio>
#include <set>

#include "atelier/core/error.hpp"
#include "atelier/data/text/unicode.hpp"
#include "data/tokenizer/document.hpp"

namespace atelier::inline v0::data {
namespace {

std::vector<std::string> special_of(const CharacterOptions& options) {
  auto special = options.special;
  if (!options.unknown.empty()) special.insert(special.begin(), options.unknown);
  return special;
}

std::vector<std::string> with_special(std::vector<std::string> tokens, const std::vector<std::string>& special) {
  for (const std::string& token : special)
    if (std::find(tokens.begin(), tokens.end(), token) == tokens.end()) tokens.push_back(token);
  return tokens;
}

std::string describe_character(const CodePoint& c) {
  char text[24];
  std::snprintf(text, sizeof text, c.valid ? "U+%04X" : "the byte 0x%02x", static_cast<unsigned>(c.value));
  return text;
}

std::vector<std::string> all_bytes(const std::vector<std::string>& special) {
  std::vector<std::string> tokens;
  for (int b = 0; b < 256; ++b) tokens.emplace_back(1, static_cast<char>(b));
  tokens.insert(tokens.end(), special.begin(), special.end());
  return tokens;
}

}  // namespace

CharacterTokenizer::CharacterTokenizer(std::vector<std::string> characters, const CharacterOptions& options)
    : Tokenizer(Vocabulary(with_special(std::move(characters), special_of(options)), special_of(options))) {
  ascii_.fill(-1);
  for (std::int32_t id = 0; id < size(); ++id) {
    const CodePoint c = code_point(token(id), 0);
    const bool single = c.valid && c.bytes == token(id).size();
    if (!single && vocabulary().is_special(id)) continue;
    if (!single)
      throw Error("characters: token " + std::to_string(id) + ": expected one code point in UTF-8, found " +
                  std::to_string(token(id).size()) + " bytes that are not");
    if (c.value < 128)
      ascii_[c.value] = id;
    else
      others_.emplace(c.value, id);
  }
  if (!options.unknown.empty()) unknown_ = vocabulary().find(options.unknown).value();
}

CharacterTokenizer CharacterTokenizer::train(std::string_view text, const CharacterOptions& options) {
  if (text.empty()) throw Error("train: expected a text, found an empty one");
  std::set<char32_t> found;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = code_point(text, at);
    if (!c.valid) throw Error("train: expected valid UTF-8, found another byte at offset " + std::to_string(at));
    found.insert(c.value);
    at += c.bytes;
  }
  std::vector<std::string> tokens;
  for (char32_t point : found) append_utf8(tokens.emplace_back(), point);
  return CharacterTokenizer(std::move(tokens), options);
}

void CharacterTokenizer::encode_text(std::string_view text, TokenIds& ids) const {
  ids.reserve(ids.size() + text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = code_point(text, at);
    std::int32_t id = -1;
    if (c.valid && c.value < 128) {
      id = ascii_[c.value];
    } else if (const auto other = others_.find(c.value); c.valid && other != others_.end()) {
      id = other->second;
    }
    if (id < 0) id = unknown_;
    if (id < 0)
      throw Error("encode: byte " + std::to_string(at) + ": expected a character of the vocabulary, found " +
                  describe_character(c) + "; give the tokenizer a token for unknown characters");
    ids.push_back(id);
    at += c.bytes;
  }
}

std::string CharacterTokenizer::json() const {
  auto special = special_texts(*this);
  if (unknown_ >= 0) special.erase(special.begin());
  return tokenizer_document("character",
                            {{"unknown", unknown_ < 0 ? nlohmann::json() : nlohmann::json(token(unknown_))},
                             {"special", special},
                             {"tokens", vocabulary().tokens()}});
}

ByteTokenizer::ByteTokenizer(const std::vector<std::string>& special)
    : Tokenizer(Vocabulary(all_bytes(special), special)) {}

void ByteTokenizer::encode_text(std::string_view text, TokenIds& ids) const {
  ids.reserve(ids.size() + text.size());
  for (char c : text) ids.push_back(static_cast<unsigned char>(c));
}

std::string ByteTokenizer::json() const { return tokenizer_document("byte", {{"special", special_texts(*this)}}); }

}  // namespace atelier::inline v0::data
