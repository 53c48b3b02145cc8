/// Text to numbers and back. Kinds: WordTokenizer, CharacterTokenizer, ByteTokenizer, BpeTokenizer; their files are
/// described in docs/tokenizers.md.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "atelier/data/tokenizer/vocabulary.hpp"

namespace atelier::inline v0::data {

using TokenIds = std::vector<std::int32_t>;

/// What encode() makes of the texts of special tokens that stand in its input: text like any other, which is what
/// input from strangers is, or the special tokens (the longest where several begin).
enum class SpecialTokens { as_text, recognised };
/// What decode() makes of special tokens: their texts, or nothing. A token that stands for a line's end is text.
enum class DecodeSpecial { keep, drop };

/// Immutable, so that any number of threads may use it.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  /// "word", "character", "byte" or "bpe".
  virtual std::string_view kind() const = 0;

  /// Numbers of a text (any bytes). Long texts are encoded by several threads, to the same numbers.
  TokenIds encode(std::string_view text, SpecialTokens specials = SpecialTokens::as_text) const;
  /// Bytes of numbers. Throws Error for an id outside [0, size()).
  std::string decode(std::span<const std::int32_t> ids, DecodeSpecial specials = DecodeSpecial::keep) const;

  const Vocabulary& vocabulary() const { return vocabulary_; }
  /// Size of the vocabulary, special tokens included.
  std::int32_t size() const { return vocabulary_.size(); }
  /// Bytes of one token. Throws Error for an id outside [0, size()).
  const std::string& token(std::int32_t id) const { return vocabulary_.token(id); }
  /// Number of a special token by its text. Throws Error naming the special tokens there are.
  std::int32_t special(std::string_view text) const;

  /// The tokenizer as a file: a function of what it is, byte for byte.
  virtual std::string json() const = 0;
  /// Writes json() durably (io::write_durable).
  void save(const std::filesystem::path& path) const;

 protected:
  explicit Tokenizer(Vocabulary vocabulary);
  Tokenizer(const Tokenizer&) = default;
  Tokenizer(Tokenizer&&) = default;
  Tokenizer& operator=(const Tokenizer&) = default;
  Tokenizer& operator=(Tokenizer&&) = default;

 private:
  /// Appends the numbers of a text in which nothing is special.
  virtual void encode_text(std::string_view text, TokenIds& ids) const = 0;
  /// Appends the text of a token that is not dropped.
  virtual void decode_token(std::int32_t id, std::string& text) const;
  /// Whether DecodeSpecial::drop leaves the token out.
  virtual bool droppable(std::int32_t id) const { return vocabulary_.is_special(id); }

  Vocabulary vocabulary_;
  std::vector<std::int32_t> longest_first_;  // special tokens in the order they are looked for
};

/// Encodes documents side by side: [i] is encode(texts[i], specials), whatever the number of threads.
std::vector<TokenIds> encode_all(const Tokenizer& tokenizer, std::span<const std::string> texts,
                                 SpecialTokens specials = SpecialTokens::as_text);

/// Reads a tokenizer of any kind, or of `kind` only, from the file that save() made. Throws InputError naming the file,
/// the place in it, what was expected and what was found; IoError when the system refuses.
std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& path, std::string_view kind = "");

}  // namespace atelier::inline v0::data
