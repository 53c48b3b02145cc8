/// Sentence pairs and how they are divided.
#include "atelier/data/text/pairs.hpp"

#include <gtest/gtest.h>

#include <set>

#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"

namespace {
using namespace atelier;
using namespace atelier::data;

TEST(Pairs, ReadsColumns) {
  TempFolder folder;
  const auto file = read_pairs(folder.write("a", "Go.\tVa !\r\nHi.\t Salut. \tCC-BY 2.0\nHi.\tSalut !"));
  EXPECT_EQ(file.pairs, (std::vector<SentencePair>{{"Go.", "Va !"}, {"Hi.", "Salut."}, {"Hi.", "Salut !"}}));
  EXPECT_TRUE(file.skipped.empty());
  EXPECT_EQ(file.sha256.size(), 64u);
  EXPECT_EQ(read_pairs(folder / "a", {.swap = true}).pairs[0], (SentencePair{"Va !", "Go."}));
  EXPECT_EQ(read_pairs(folder / "a", {.limit = 2}).pairs.size(), 2u);
}
TEST(Pairs, BadLinesAreNamedByNumber) {
  TempFolder folder;
  const auto path = folder.write("a", "a\tb\n\nno tab\n\tx\nx\t \na\tb\tc\td\n\xff\tb\nc\td\n");
  expect_error<InputError>(
      [&] { read_pairs(path); },
      {"a: expected lines SOURCE<tab>TARGET", "line 2: blank", "line 3: no tab", "line 4: an empty first sentence",
       "line 5: an empty second sentence", "line 6: 4 columns and 1 more"});
  const auto file = read_pairs(path, {.bad_lines = BadLines::skip});
  EXPECT_EQ(file.pairs, (std::vector<SentencePair>{{"a", "b"}, {"c", "d"}}));
  std::vector<std::int64_t> numbers;
  for (const auto& line : file.skipped) numbers.push_back(line.number);
  EXPECT_EQ(numbers, (std::vector<std::int64_t>{2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(file.skipped.back().reason, "no UTF-8 at byte 0");
}
TEST(Pairs, FilesWithoutPairs) {
  TempFolder folder;
  expect_error<InputError>([&] { read_pairs(folder.write("a", "")); }, {"a: expected lines", "an empty file"});
  expect_error<InputError>([&] { read_pairs(folder.write("a", "x\n"), {.bad_lines = BadLines::skip}); },
                           {"a: expected lines", "no such line"});
  expect_error<InputError>([&] { read_pairs(folder / "none"); }, {"none: expected a file"});
}
TEST(Pairs, AllTargetsOfASourceAreReferences) {
  const auto groups = group_references({{"a", "x"}, {"b", "y"}, {"a", "z"}, {"a", "x"}});
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].source, "a");
  EXPECT_EQ(groups[0].references, (std::vector<std::string>{"x", "z"}));
}

/// No sentence of one part stands in the other, and nothing is lost.
void expect_apart(const PairSplit& split, std::size_t pairs) {
  std::set<std::string> train;
  for (const auto& pair : split.train) train.insert(pair.source), train.insert(pair.target);
  for (const auto& group : split.validation) {
    EXPECT_FALSE(train.contains(group.source)) << group.source;
    for (const auto& reference : group.references) EXPECT_FALSE(train.contains(reference)) << reference;
  }
  EXPECT_EQ(split.train.size() + static_cast<std::size_t>(split.validation_pairs), pairs);
}
/// Pairs of which many share a source or a target.
std::vector<SentencePair> tangled(int n) {
  std::vector<SentencePair> pairs;
  Rng rng(1);
  for (int i = 0; i < n; ++i)
    pairs.push_back({"s" + std::to_string(rng.index(2 * n)), "t" + std::to_string(rng.index(2 * n))});
  return pairs;
}
TEST(Pairs, SplitSharesNoSentence) {
  const auto pairs = tangled(2000);
  const auto split = split_pairs(pairs, 0.1, Rng(3));
  expect_apart(split, 2000);
  EXPECT_LE(split.validation_pairs, 200);
  EXPECT_GE(split.validation_pairs, 190);
  expect_apart(split_pairs({{"a", "x"}, {"x", "b"}, {"c", "d"}}, 0.4, Rng(1)), 3);  // x joins across the sides
}
TEST(Pairs, SplitIsAFunctionOfTheSeed) {
  const auto pairs = tangled(500);
  EXPECT_EQ(split_pairs(pairs, 0.2, Rng(3)).train, split_pairs(pairs, 0.2, Rng(3)).train);
  EXPECT_NE(split_pairs(pairs, 0.2, Rng(3)).train, split_pairs(pairs, 0.2, Rng(4)).train);
}
TEST(Pairs, SplitsThatCannotBe) {
  expect_error<ConfigError>([] { split_pairs({{"a", "b"}}, 0, Rng(1)); }, {"above 0 and below 1"});
  expect_error<InputError>([] { split_pairs({}, 0.5, Rng(1)); }, {"0 pairs"});
  expect_error<InputError>([] { split_pairs({{"a", "b"}}, 0.5, Rng(1)); }, {"1 pairs"});
  expect_error<InputError>([] { split_pairs({{"a", "x"}, {"a", "y"}, {"b", "y"}}, 0.5, Rng(1)); }, {"3 pairs"});
}
TEST(Pairs, RealSentences) {
  const auto folder = data_folder("seq2seq");
  if (folder.empty()) GTEST_SKIP() << "ATELIER_DATA has no seq2seq";
  const auto file = read_pairs(folder / "eng-fra.first30k.tsv");
  EXPECT_EQ(file.pairs.size(), 30'000u);
  const auto split = split_pairs(file.pairs, 0.1, Rng(0));
  expect_apart(split, 30'000);
  EXPECT_GE(split.validation_pairs, 2'990);
}

}  // namespace
