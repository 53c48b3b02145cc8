/// Pairs that share sentences stay together.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>
#include <unordered_map>

#include "atelier/core/error.hpp"
#include "atelier/data/text/pairs.hpp"

namespace atelier::inline v0::data {
namespace {

/// Disjoint sets of pairs; the root of a set is its first pair.                                Galler & Fischer 1964
class Families {
 public:
  explicit Families(std::size_t n) : parent_(n) { std::iota(parent_.begin(), parent_.end(), std::size_t{0}); }
  std::size_t root(std::size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void join(std::size_t a, std::size_t b) {
    const auto [first, second] = std::minmax({root(a), root(b)});
    parent_[second] = first;
  }

 private:
  std::vector<std::size_t> parent_;
};

/// Joins pairs with the same sentence on either side, whichever side that is.
Families families_of(const std::vector<SentencePair>& pairs) {
  Families families(pairs.size());
  std::unordered_map<std::string_view, std::size_t> first_with;
  for (std::size_t i = 0; i < pairs.size(); ++i)
    for (std::string_view sentence : {std::string_view(pairs[i].source), std::string_view(pairs[i].target)})
      families.join(first_with.try_emplace(sentence, i).first->second, i);
  return families;
}

/// Marks the families that are drawn for validation: at most `most` pairs together.
std::vector<bool> draw(const std::vector<std::size_t>& family, std::size_t most, const Rng& rng) {
  std::vector<std::size_t> roots, sizes(family.size());
  for (std::size_t i = 0; i < family.size(); ++i) {
    if (family[i] == i) roots.push_back(i);
    ++sizes[family[i]];
  }
  std::vector<bool> drawn(family.size());
  for (std::int32_t k : rng.fork("split pairs").permutation(static_cast<std::int64_t>(roots.size()))) {
    const std::size_t root = roots[static_cast<std::size_t>(k)];
    if (sizes[root] > most) continue;
    most -= sizes[root];
    drawn[root] = true;
  }
  return drawn;
}

}  // namespace

std::vector<ReferencedSource> group_references(const std::vector<SentencePair>& pairs) {
  std::vector<ReferencedSource> groups;
  std::unordered_map<std::string_view, std::size_t> numbers;
  for (const SentencePair& pair : pairs) {
    const auto [number, is_new] = numbers.try_emplace(pair.source, groups.size());
    if (is_new) groups.push_back({pair.source, {}});
    auto& references = groups[number->second].references;
    if (std::find(references.begin(), references.end(), pair.target) == references.end())
      references.push_back(pair.target);
  }
  return groups;
}

PairSplit split_pairs(const std::vector<SentencePair>& pairs, double fraction, const Rng& rng) {
  if (!(fraction > 0 && fraction < 1))
    throw ConfigError("split: expected a fraction above 0 and below 1, found " + number_text(fraction));
  Families families = families_of(pairs);
  std::vector<std::size_t> family(pairs.size());
  for (std::size_t i = 0; i < pairs.size(); ++i) family[i] = families.root(i);
  const auto most = static_cast<std::size_t>(std::floor(fraction * static_cast<double>(pairs.size())));
  const auto drawn = draw(family, most, rng);
  PairSplit split;
  std::vector<SentencePair> held;
  for (std::size_t i = 0; i < pairs.size(); ++i) (drawn[family[i]] ? held : split.train).push_back(pairs[i]);
  if (held.empty() || split.train.empty())
    throw InputError("split: expected pairs of which " + number_text(fraction) +
                     " can be held out without sharing a sentence with the rest, found " +
                     std::to_string(pairs.size()) + " pairs that do not allow it");
  split.validation_pairs = std::ssize(held);
  split.validation = group_references(held);
  return split;
}

}  // namespace atelier::inline v0::data
