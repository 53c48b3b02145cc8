/// Words between white space, as in word-level language models (WikiText-2, Penn Treebank).
#pragma once

#include "atelier/data/tokenizer/tokenizer.hpp"

namespace atelier::inline v0::data {

struct WordOptions {
  std::string end_of_line = "<eos>";  // token for every line feed, of blank lines too; empty: a blank like others
  std::string unknown = "<unk>";      // token for words outside the vocabulary; empty: such a word is an error
  std::int64_t min_count = 1;         // rarer words stay out of a vocabulary that is made from a text
  std::int32_t limit = 0;             // most tokens of such a vocabulary, these two included; 0: Vocabulary::max_size
  bool by_frequency = false;          // it is numbered by falling frequency, as an adaptive softmax needs it
};

/// Splits at white space (the Unicode property White_Space). decode() puts a blank between words and line feeds for the
/// ends of lines, so white space comes back in this form only.
class WordTokenizer : public Tokenizer {
 public:
  /// A vocabulary as it is; end_of_line and unknown are added at its end where they are missing. Throws Error for what
  /// Vocabulary refuses, and for words that hold white space or are no valid UTF-8.
  explicit WordTokenizer(std::vector<std::string> words, const WordOptions& options = {});
  /// The words of a text, numbered in order of first appearance or, if asked for, of falling frequency; with a limit the most frequent ones, of equally
  /// frequent ones the earlier. Throws Error for a text without words or with bytes that are no UTF-8 (by offset), or
  /// for a limit below 3.
  static WordTokenizer train(std::string_view text, const WordOptions& options = {});

  std::string_view kind() const override { return "word"; }
  std::string json() const override;
  /// -1 when there is none.
  std::int32_t end_of_line() const { return end_of_line_; }
  std::int32_t unknown() const { return unknown_; }

 private:
  void encode_text(std::string_view text, TokenIds& ids) const override;
  void decode_token(std::int32_t id, std::string& text) const override;
  bool droppable(std::int32_t id) const override { return id != end_of_line_ && vocabulary().is_special(id); }
  std::int32_t id_of(std::string_view word) const;

  std::int32_t end_of_line_ = -1, unknown_ = -1;
};

/// Reads a vocabulary of one token a line (LF or CRLF; blank lines are refused), in order, for the constructor above.
/// Throws InputError naming the file and line, IoError when the system refuses.
std::vector<std::string> read_word_list(const std::filesystem::path& path);

}  // namespace atelier::inline v0::data
