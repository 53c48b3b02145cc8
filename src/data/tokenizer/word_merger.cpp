#include "data/tokenizer/word_merger.hpp"

#include <algorithm>
#include <functional>
#include <limits>

#include "atelier/core/error.hpp"

namespace atelier::inline v0::data::detail {

void WordMerger::operator()(std::string_view word, TokenIds& ids) {
  const std::size_t begin = ids.size();
  if (const auto [known, is_new] = seen_.try_emplace(word); is_new) {
    merge(word, ids);
    known->second = {begin, ids.size()};
  } else {
    const Known where = known->second;
    ids.resize(begin + where.end - where.begin);
    std::copy_n(ids.begin() + static_cast<std::ptrdiff_t>(where.begin), where.end - where.begin,
                ids.begin() + static_cast<std::ptrdiff_t>(begin));
  }
}

const PairTable::Rule* WordMerger::rule_at(std::int32_t left) const {
  const Symbol& symbol = symbols_[static_cast<std::size_t>(left)];
  if (symbol.id < 0 || symbol.next == none) return nullptr;
  return rules_.find(pair_key(symbol.id, symbols_[static_cast<std::size_t>(symbol.next)].id));
}

void WordMerger::push_rule(std::int32_t left) {
  const auto* rule = left == none ? nullptr : rule_at(left);
  if (!rule) return;
  heap_.push_back(std::uint64_t{rule->rank} << 32 | static_cast<std::uint32_t>(left));
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
}

void WordMerger::apply(std::int32_t left, std::int32_t result) {
  Symbol& symbol = symbols_[static_cast<std::size_t>(left)];
  Symbol& merged = symbols_[static_cast<std::size_t>(symbol.next)];
  symbol = {result, symbol.before, merged.next};
  if (merged.next != none) symbols_[static_cast<std::size_t>(merged.next)].before = left;
  merged.id = -1;
  push_rule(symbol.before);
  push_rule(left);
}

void WordMerger::merge(std::string_view word, TokenIds& ids) {
  if (word.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
    throw Error("encode: expected words of less than 2^31 bytes, found one of " + std::to_string(word.size()));
  symbols_.clear();
  heap_.clear();
  for (char c : word) {
    const auto at = static_cast<std::int32_t>(symbols_.size());
    symbols_.push_back({byte_ids_[static_cast<unsigned char>(c)], at - 1, at + 1});
  }
  symbols_.back().next = none;
  for (std::size_t at = 0; at + 1 < word.size(); ++at) push_rule(static_cast<std::int32_t>(at));
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    const std::uint64_t best = heap_.back();
    heap_.pop_back();
    const auto left = static_cast<std::int32_t>(best & 0xffffffff);
    const auto* rule = rule_at(left);
    if (rule && rule->rank == best >> 32) apply(left, rule->result);  // or else its symbols are no longer there
  }
  for (std::int32_t at = 0; at != none; at = symbols_[static_cast<std::size_t>(at)].next)
    ids.push_back(symbols_[static_cast<std::size_t>(at)].id);
}

}  // namespace atelier::inline v0::data::detail
