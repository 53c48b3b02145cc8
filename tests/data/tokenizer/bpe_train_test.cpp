/// Learning merges.
#include <gtest/gtest.h>

#include <algorithm>

#include "atelier/data/tokenizer/bpe.hpp"
#include "data/tokenizer/golden.hpp"
#include "support/expect_error.hpp"

namespace {
using namespace atelier;
using namespace atelier::data;

std::vector<std::string> merge_texts(const BpeTokenizer& bpe) {
  std::vector<std::string> texts;
  for (const Merge& m : bpe.merges())
    texts.push_back(to_byte_text(bpe.token(m.left)) + " " + to_byte_text(bpe.token(m.right)));
  return texts;
}

TEST(BpeTraining, LearnsWhatTheTokenizersPackageLearns) {
  const auto golden = golden_bpe();
  const auto corpus = golden.at("corpus").get<std::string>();
  for (const auto& run : golden.at("training")) {
    const auto bpe = train_bpe(
        corpus, {.vocabulary = run.at("vocabulary"), .min_frequency = run.at("min_frequency"), .special = {}});
    EXPECT_EQ(bpe.size(), run.at("size"));
    EXPECT_EQ(merge_texts(bpe), run.at("merges").get<std::vector<std::string>>());
    for (const auto& item : run.at("encodings"))
      EXPECT_EQ(bpe.encode(from_hex(item[0])), item[1].get<TokenIds>()) << item[0];
  }
}
TEST(BpeTraining, ByHand) {
  const auto bpe = train_bpe("hug hug hug pug pug pun", {.vocabulary = 262, .special = {"<|endoftext|>"}});
  // u g occurs 5 times; of the pairs that occur 3 times " p" comes after "h ug" only because its ids are larger
  EXPECT_EQ(bpe.size(), 262);
  EXPECT_EQ(merge_texts(bpe).at(0), "u g");
  EXPECT_EQ(bpe.token(0), "!");
  EXPECT_EQ(bpe.token(256), "ug");
  EXPECT_EQ(bpe.token(261), "<|endoftext|>");
  EXPECT_EQ(bpe.special("<|endoftext|>"), 261);
}
TEST(BpeTraining, OptionsChangeTheResult) {
  const std::string text = "aa aa ab ab ab xyz xyz xyz xyz cd";
  EXPECT_EQ(train_bpe(text, {.vocabulary = 258}).merges().size(), 1u);
  EXPECT_LT(train_bpe(text, {.min_frequency = 4}).merges().size(), train_bpe(text).merges().size());
  EXPECT_TRUE(train_bpe(text, {.min_frequency = 100}).merges().empty());
  const auto learned = [](const BpeTokenizer& bpe) {  // tokens of several letters, one of them x
    return std::count_if(bpe.vocabulary().tokens().begin(), bpe.vocabulary().tokens().end(),
                         [](const auto& token) { return token.size() > 1 && token.find('x') != token.npos; });
  };
  EXPECT_GT(learned(train_bpe(text, {.special = {}})), 1);
  EXPECT_EQ(learned(train_bpe(text, {.special = {"xyz"}})), 1);  // itself
}
TEST(BpeTraining, EmptyTextHasTheBytes) { EXPECT_EQ(train_bpe("").size(), 257); }
TEST(BpeTraining, RefusesVocabulariesThatCannotBe) {
  expect_error<Error>([] { train_bpe("a", {.vocabulary = 256}); }, {"257", "1048576", "found 256"});
  expect_error<Error>([] { train_bpe("a", {.vocabulary = 2'000'000}); }, {"found 2000000"});
  expect_error<Error>([] { train_bpe("a", {.special = {"a"}}); }, {"every token once", "'a'"});
}

}  // namespace
