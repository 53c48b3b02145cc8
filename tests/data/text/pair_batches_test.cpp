/// Padded batches of pairs.
#include "atelier/data/text/pair_batches.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "support/expect_error.hpp"

namespace {
using namespace atelier;
using namespace atelier::data;
using Ids = std::vector<std::int32_t>;

/// Pair i has a source of (7 i) % 23 tokens and a target of one more.
std::vector<TokenPair> some_pairs(int n) {
  std::vector<TokenPair> pairs;
  for (int i = 0; i < n; ++i) {
    const auto length = static_cast<std::size_t>(7 * i % 23);
    pairs.push_back({Ids(length, 10 + i), Ids(length + 1, 20 + i)});
  }
  return pairs;
}

TEST(PairBatches, PadsAndMarks) {
  const std::vector<TokenPair> pairs{{{5, 6}, {7}}, {{5}, {7, 8, 9}}};
  PairBatches batches(pairs, {.batch = 2, .pad = 0, .begin = 1, .end = 2, .shuffle = false}, Rng(1));
  const auto batch = batches(0);
  EXPECT_EQ(batch.numbers, (Ids{1, 0}));  // by length of the source
  EXPECT_EQ(batch.source.shape(), (Shape{2, 3}));
  EXPECT_EQ(batch.source.to_vector(), (Ids{5, 2, 0, 5, 6, 2}));
  EXPECT_EQ(batch.decoder_input.to_vector(), (Ids{1, 7, 8, 9, 1, 7, 0, 0}));
  EXPECT_EQ(batch.decoder_target.to_vector(), (Ids{7, 8, 9, 2, 7, 2, 0, 0}));
  EXPECT_EQ(batch.source_lengths.to_vector(), (Ids{2, 3}));
  EXPECT_EQ(batch.decoder_lengths.to_vector(), (Ids{4, 2}));
}
TEST(PairBatches, EpochsSeeEveryPairOnce) {
  const auto pairs = some_pairs(50);
  PairBatches batches(pairs, {.batch = 8, .pool = 3}, Rng(2));
  EXPECT_EQ(batches.steps_per_epoch(), 7);
  std::vector<Ids> epochs(2);
  for (Index step = 0; step < 14; ++step)
    for (auto i : batches(step).numbers) epochs[static_cast<std::size_t>(step / 7)].push_back(i);
  for (const auto& e : epochs) EXPECT_EQ(std::set(e.begin(), e.end()).size(), 50u);
  EXPECT_EQ(epochs[0].size(), 50u);
  EXPECT_NE(epochs[0], epochs[1]);
}
TEST(PairBatches, AreAFunctionOfTheStep) {
  const auto pairs = some_pairs(50);
  PairBatches all(pairs, {.batch = 8}, Rng(2)), one(pairs, {.batch = 8}, Rng(2)), other(pairs, {.batch = 8}, Rng(3));
  for (Index step = 0; step < 20; ++step) all(step);
  EXPECT_EQ(all(9).numbers, one(9).numbers);
  EXPECT_NE(all(9).numbers, other(9).numbers);
}
TEST(PairBatches, PoolsKeepLengthsTogether) {
  const auto pairs = some_pairs(1000);
  const auto padding = [&](Index pool) {
    PairBatches batches(pairs, {.batch = 10, .pool = pool}, Rng(2));
    Index total = 0;
    for (Index step = 0; step < 100; ++step) {
      const auto batch = batches(step);
      total += batch.source.size();
      for (auto n : batch.source_lengths.values()) total -= n;
    }
    return total;
  };
  EXPECT_LT(4 * padding(100), padding(1));
}
TEST(PairBatches, SortedWithoutShuffling) {
  const auto pairs = some_pairs(30);
  PairBatches batches(pairs, {.batch = 4, .shuffle = false}, Rng(2));
  std::vector<std::size_t> lengths;
  for (Index step = 0; step < 8; ++step)
    for (auto i : batches(step).numbers) lengths.push_back(pairs[static_cast<std::size_t>(i)].source.size());
  EXPECT_TRUE(std::is_sorted(lengths.begin(), lengths.end()));
  EXPECT_EQ(batches(3).numbers, batches(11).numbers);
}
TEST(PairBatches, Refuses) {
  const auto pairs = some_pairs(3);
  expect_error<Error>([&] { PairBatches({}, {}, Rng(1)); }, {"expected pairs, found none"});
  expect_error<Error>([&] { PairBatches(pairs, {.batch = 0}, Rng(1)); }, {"at least 1", "found 0 and 100"});
  expect_error<Error>([&] { PairBatches(pairs, {.pad = -1}, Rng(1)); }, {"at least 0", "-1"});
}

}  // namespace
