/// Applies the rules of a byte-pair encoding to words, and remembers words that it has seen.
#pragma once

#include <array>
#include <string_view>
#include <unordered_map>

#include "atelier/data/tokenizer/bpe.hpp"
#include "data/tokenizer/pair_table.hpp"

namespace atelier::inline v0::data::detail {

/// For one thread. The texts of the words must outlive it.
class WordMerger {
 public:
  WordMerger(const PairTable& rules, const std::array<std::int32_t, 256>& byte_ids)
      : rules_(rules), byte_ids_(byte_ids) {}

  /// Appends the tokens of a word. Throws Error for one of 2^31 bytes or more.
  void operator()(std::string_view word, TokenIds& ids);

 private:
  /// A list of what the word consists of, linked by places; `next` is `none` at its end.
  struct Symbol {
    std::int32_t id;  // -1 when it was merged into the one before
    std::int32_t before, next;
  };
  struct Known {
    std::size_t begin, end;  // in what operator() has appended so far
  };
  static constexpr std::int32_t none = -1;

  void merge(std::string_view word, TokenIds& ids);
  void push_rule(std::int32_t left);
  void apply(std::int32_t left, std::int32_t result);
  const PairTable::Rule* rule_at(std::int32_t left) const;

  const PairTable& rules_;
  const std::array<std::int32_t, 256>& byte_ids_;
  std::unordered_map<std::string_view, Known> seen_;
  std::vector<Symbol> symbols_;
  std::vector<std::uint64_t> heap_;  // rank << 32 | place of the left symbol, smallest first
};

}  // namespace atelier::inline v0::data::detail
