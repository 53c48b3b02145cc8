/// One token for every character that occurs, or for every byte there is.
#pragma once

#include <array>
#include <unordered_map>

#include "atelier/data/tokenizer/tokenizer.hpp"

namespace atelier::inline v0::data {

struct CharacterOptions {
  std::string unknown = {};               // token for other characters and invalid bytes; empty: they are an error
  std::vector<std::string> special = {};  // further special tokens
};

/// Characters are Unicode code points (of UTF-8); for bytes there is ByteTokenizer.
class CharacterTokenizer : public Tokenizer {
 public:
  /// Tokens of one code point each, by id; then or among them the special ones, which are added at the end where they
  /// are missing. Throws Error for what Vocabulary refuses, and for other tokens that are not one code point.
  explicit CharacterTokenizer(std::vector<std::string> characters, const CharacterOptions& options = {});
  /// The characters of a text in the order of their code points, then the special tokens. Throws Error for an empty
  /// text or bytes that are no UTF-8 (by offset).
  static CharacterTokenizer train(std::string_view text, const CharacterOptions& options = {});

  std::string_view kind() const override { return "character"; }
  std::string json() const override;
  /// -1 when there is none.
  std::int32_t unknown() const { return unknown_; }

 private:
  void encode_text(std::string_view text, TokenIds& ids) const override;

  std::array<std::int32_t, 128> ascii_{};  // -1: none
  std::unordered_map<char32_t, std::int32_t> others_;
  std::int32_t unknown_ = -1;
};

/// Byte b is token b; special tokens follow from 256.
class ByteTokenizer : public Tokenizer {
 public:
  explicit ByteTokenizer(const std::vector<std::string>& special = {});
  std::string_view kind() const override { return "byte"; }
  std::string json() const override;

 private:
  void encode_text(std::string_view text, TokenIds& ids) const override;
};

}  // namespace atelier::inline v0::data
