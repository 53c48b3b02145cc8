/// Words and characters as tokens.
#include "atelier/data/tokenizer/word.hpp"

#include <gtest/gtest.h>

#include "atelier/data/text/read.hpp"
#include "atelier/data/text/wikitext.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"

namespace {
using namespace atelier;
using namespace atelier::data;
using Tokens = std::vector<std::string>;

TEST(Word, NumbersInOrderOfFirstAppearance) {
  const auto words = WordTokenizer::train(" \n the cat\tsat \n\nthe <unk>\xc2\xa0mat \n");
  EXPECT_EQ(words.vocabulary().tokens(), (Tokens{"<eos>", "the", "cat", "sat", "<unk>", "mat"}));
  EXPECT_EQ(words.end_of_line(), 0);
  EXPECT_EQ(words.unknown(), 4);
  EXPECT_EQ(words.encode(" \n the dog \n\n sat"), (TokenIds{0, 1, 4, 0, 0, 3}));
  EXPECT_EQ(words.decode(TokenIds{0, 1, 4, 0, 0, 3}), "\nthe <unk>\n\nsat");
  EXPECT_EQ(words.decode(TokenIds{1, 4, 2, 0, 3}, DecodeSpecial::drop), "the cat\nsat");
}
TEST(Word, NumbersByFallingFrequencyIfAskedTo) {
  const auto words = WordTokenizer::train("b a b\nc a b <unk>\n", {.by_frequency = true}).vocabulary().tokens();
  EXPECT_EQ(words, (std::vector<std::string>{"b", "a", "<eos>", "c", "<unk>"}));
}
TEST(Word, TokensForLinesAndUnknownWords) {
  const auto own = WordTokenizer::train("a b\nc", {.end_of_line = "</s>", .unknown = "?"});
  EXPECT_EQ(own.vocabulary().tokens(), (Tokens{"a", "b", "</s>", "c", "?"}));
  EXPECT_EQ(own.encode("x\n"), (TokenIds{4, 2}));
  const auto none = WordTokenizer::train("a b\nc", {.end_of_line = "", .unknown = ""});
  EXPECT_EQ(none.encode("b\nc\n"), (TokenIds{1, 2}));
  EXPECT_EQ(none.end_of_line(), -1);
  expect_error<Error>([&] { none.encode("a d"); }, {"words of the vocabulary", "'d'"});
}
TEST(Word, RareWordsStayOut) {
  const std::string text = "a b b c c d d d e\n";
  EXPECT_EQ(WordTokenizer::train(text, {.min_count = 2}).vocabulary().tokens(),
            (Tokens{"b", "c", "d", "<eos>", "<unk>"}));
  EXPECT_EQ(WordTokenizer::train(text, {.limit = 4}).vocabulary().tokens(), (Tokens{"b", "d", "<eos>", "<unk>"}));
  EXPECT_EQ(WordTokenizer::train(text, {.limit = 100}).size(), 7);
  expect_error<Error>([&] { WordTokenizer::train(text, {.limit = 2}); }, {"at least 3 tokens", "2"});
}
TEST(Word, AVocabularyFromAFile) {
  TempFolder folder;
  const auto list = read_word_list(folder.write("vocab", "<unk>\r\nthe\r\n\xc3\xa9t\xc3\xa9"));
  EXPECT_EQ(list, (Tokens{"<unk>", "the", "\xc3\xa9t\xc3\xa9"}));
  const WordTokenizer words(list);
  EXPECT_EQ(words.size(), 4);
  EXPECT_EQ(words.encode("the \xc3\xa9t\xc3\xa9 is\n"), (TokenIds{1, 2, 0, 3}));
  expect_error<InputError>([&] { read_word_list(folder.write("bad", "a\n\nb\n")); }, {"bad: line 2", "a blank line"});
  expect_error<InputError>([&] { read_word_list(folder.write("bad", "")); }, {"bad: expected a text", "empty"});
  expect_error<InputError>([&] { read_word_list(folder / "none"); }, {"none: expected a file"});
}
TEST(Word, RefusesWhatIsNoWord) {
  expect_error<Error>([] { WordTokenizer({"a", "b c"}); }, {"token 1", "without white space", "'b c'"});
  expect_error<Error>([] { WordTokenizer({"a", " b"}); }, {"token 1", "' b'"});
  expect_error<Error>([] { WordTokenizer({"a", ""}); }, {"token 1"});
  expect_error<Error>([] { WordTokenizer({"a\xff"}); }, {"token 0", "valid UTF-8"});
  expect_error<Error>([] { WordTokenizer({"a", "b", "a"}); }, {"token 2", "every token once", "token 0"});
  expect_error<Error>([] { WordTokenizer::train(" \t "); }, {"a text with words"});
  expect_error<Error>([] { WordTokenizer::train("abc\xff"); }, {"valid UTF-8", "offset 3"});
}
TEST(Word, WikiText2) {
  const auto folder = data_folder("wikitext-2");
  if (folder.empty()) GTEST_SKIP() << "ATELIER_DATA has no wikitext-2";
  const auto wiki = load_wikitext(folder);
  const auto words = WordTokenizer::train(wiki.train.text);
  EXPECT_EQ(words.size(), 33'278);
  EXPECT_EQ(words.token(0), "<eos>");
  EXPECT_EQ(words.encode(wiki.train.text).size(), 2'088'628u);
  EXPECT_EQ(words.encode(wiki.valid.text).size(), 217'646u);
  EXPECT_EQ(words.encode(wiki.test.text).size(), 245'569u);
}

}  // namespace
