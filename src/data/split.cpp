#include "atelier/data/split.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "atelier/core/error.hpp"

namespace atelier::inline v0::data {
namespace {

template <class InTest> Split divide(Index count, const InTest& in_test) {
  Split split;
  for (Index i = 0; i < count; ++i)
    (in_test(static_cast<std::size_t>(i)) ? split.test : split.train).push_back(static_cast<std::int32_t>(i));
  return split;
}

}  // namespace

void check_holdout(Index count, Index holdout) {
  if (holdout < 0 || holdout >= count)
    throw ConfigError("holdout: expected 0 to " + std::to_string(count - 1) + " images of " + std::to_string(count) +
                      ", found " + std::to_string(holdout));
}

Split split_by_count(Index count, Index holdout, const Rng& rng) {
  check_holdout(count, holdout);
  const auto order = Rng(rng).permutation(count);
  std::vector<bool> held(static_cast<std::size_t>(count));
  for (auto i : std::span(order).first(static_cast<std::size_t>(holdout))) held[static_cast<std::size_t>(i)] = true;
  return divide(count, [&](std::size_t i) { return held[i]; });
}

Split split_by_identity(std::span<const std::int32_t> identities, Index holdout, const Rng& rng) {
  const auto count = static_cast<Index>(identities.size());
  check_holdout(count, holdout);
  std::unordered_map<std::int32_t, Index> images;
  for (auto person : identities) ++images[person];
  std::vector<std::int32_t> persons;
  for (const auto& [person, n] : images) persons.push_back(person);
  std::sort(persons.begin(), persons.end());
  std::unordered_set<std::int32_t> held;
  Index in_test = 0;
  for (auto i : Rng(rng).permutation(static_cast<Index>(persons.size()))) {
    if (in_test >= holdout) break;
    const auto person = persons[static_cast<std::size_t>(i)];
    held.insert(person);
    in_test += images[person];
  }
  if (in_test == count)
    throw ConfigError("holdout: expected to leave somebody to train on, found that " + std::to_string(holdout) +
                      " images take all " + std::to_string(persons.size()) + " persons; hold out fewer");
  return divide(count, [&](std::size_t i) { return held.contains(identities[i]); });
}

std::vector<std::int32_t> pick(std::span<const std::int32_t> part, std::span<const std::int32_t> positions) {
  std::vector<std::int32_t> numbers;
  for (auto i : positions) {
    if (i < 0 || static_cast<std::size_t>(i) >= part.size())
      throw Error("pick: expected positions below " + std::to_string(part.size()) + ", found " + std::to_string(i));
    numbers.push_back(part[static_cast<std::size_t>(i)]);
  }
  return numbers;
}

}  // namespace atelier::inline v0::data
