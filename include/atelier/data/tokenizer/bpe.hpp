/// Byte-level byte-pair encoding, as in GPT-2.  Gage 1994; Sennrich, Haddow & Birch 2016; Radford et al. 2019
#pragma once

#include <array>

#include "atelier/data/tokenizer/tokenizer.hpp"

namespace atelier::inline v0::data {

namespace detail {
class PairTable;
}

/// One rule: two neighbours become the token that their bytes make together.
struct Merge {
  std::int32_t left, right;
  friend bool operator==(const Merge&, const Merge&) = default;
};

/// A text falls into words (pretokenize.hpp), a word into bytes; of neighbours with a rule those with the earliest rule
/// are merged first, the leftmost of equal ones, until no rule is left. Every byte is a token, so any text, valid UTF-8
/// or not, comes back from decode() as it was.
class BpeTokenizer : public Tokenizer {
 public:
  /// Throws Error for what Vocabulary refuses; unless all 256 bytes are tokens; for a rule whose ids lie outside the
  /// vocabulary, are special or have a rule already; for one whose result is no ordinary token; and for a token that is
  /// neither a byte nor special nor a result.
  BpeTokenizer(std::vector<std::string> tokens, std::vector<Merge> merges,
               const std::vector<std::string>& special = {});

  std::string_view kind() const override { return "bpe"; }
  std::string json() const override;
  /// The rules, earliest first.
  const std::vector<Merge>& merges() const { return merges_; }

 private:
  void encode_text(std::string_view text, TokenIds& ids) const override;

  std::vector<Merge> merges_;
  std::shared_ptr<const detail::PairTable> table_;  // never changes; copies share it
  std::array<std::int32_t, 256> byte_ids_{};
};

struct BpeTraining {
  std::int32_t vocabulary = 8192;                        // size aimed at: 256 bytes, merges, special tokens
  std::int64_t min_frequency = 2;                        // pairs that occur less often are not merged
  std::vector<std::string> special = {"<|endoftext|>"};  // last ids; their texts are not learned from
};

/// Learns the merges of a text: again and again the pair of neighbours that occurs most often inside words, of equally
/// frequent ones the pair with the smallest ids; one whose result is a token already is passed over. Tokens are the
/// bytes in GPT-2's order, then the results in order, then the special tokens; fewer than asked for when no pair is
/// left that occurs min_frequency times. Throws Error for a vocabulary that is too small or above Vocabulary::max_size.
BpeTokenizer train_bpe(std::string_view text, const BpeTraining& training = {});

/// GPT-2's own two files: vocab.json, an object of tokens with their ids, and merges.txt, a rule a line behind a line
/// that begins with "#version". Special tokens are looked up in the vocabulary; those that are missing there are
/// refused. Throws InputError naming the file, the line or token, what was expected and what was found.
BpeTokenizer load_gpt2(const std::filesystem::path& vocabulary, const std::filesystem::path& merges,
                       const std::vector<std::string>& special = {"<|endoftext|>"});
/// Writes vocab.json and merges.txt into `folder`, durably. Throws Error for a special token that is spelled like the
/// bytes of another, IoError when the system refuses.
void save_gpt2(const BpeTokenizer& tokenizer, const std::filesystem::path& folder);

/// The bytes of a token in printable characters, as GPT-2's files spell them: visible bytes of Latin-1 stand for
/// themselves, the other 68 for U+0100 to U+0143 in order (a blank is U+0120).
std::string to_byte_text(std::string_view bytes);
/// The inverse; nothing for a text with other characters.
std::optional<std::string> from_byte_text(std::string_view text);

}  // namespace atelier::inline v0::data
