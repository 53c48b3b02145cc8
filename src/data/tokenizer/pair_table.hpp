/// The rules of a byte-pair encoding by their pairs.
#pragma once

#include <cstdint>
#include <vector>

namespace atelier::inline v0::data::detail {

constexpr std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
  return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 | static_cast<std::uint32_t>(right);
}

/// A hash table with open addressing, at most half full.
class PairTable {
 public:
  struct Rule {
    std::uint32_t rank;  // 0 is the earliest
    std::int32_t result;
  };

  explicit PairTable(std::size_t rules) {
    while (std::size_t{1} << bits_ < 2 * rules) ++bits_;
    slots_.resize(std::size_t{1} << bits_);
  }
  /// False when the pair has a rule already.
  bool insert(std::uint64_t pair, Rule rule) {
    Slot& slot = slots_[place(pair)];
    if (slot.pair != nothing) return false;
    slot = {pair, rule};
    return true;
  }
  const Rule* find(std::uint64_t pair) const {
    const Slot& slot = slots_[place(pair)];
    return slot.pair == pair ? &slot.rule : nullptr;
  }

 private:
  static constexpr std::uint64_t nothing = ~std::uint64_t{0};  // the pair of -1 and -1
  struct Slot {
    std::uint64_t pair = nothing;
    Rule rule{};
  };
  /// Where the pair is, or would be. The upper bits of a product with an odd number near 2^64 / golden ratio are mixed.
  std::size_t place(std::uint64_t pair) const {
    std::size_t at = (pair * 0x9e3779b97f4a7c15 ^ pair >> 32) * 0x9e3779b97f4a7c15 >> (64 - bits_);
    while (slots_[at].pair != nothing && slots_[at].pair != pair) at = (at + 1) & (slots_.size() - 1);
    return at;
  }

  int bits_ = 4;
  std::vector<Slot> slots_;
};

}  // namespace atelier::inline v0::data::detail
