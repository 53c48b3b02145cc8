/// Characters and bytes as tokens.
#include "atelier/data/tokenizer/character.hpp"

#include <gtest/gtest.h>

#include "atelier/data/text/read.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"

namespace {
using namespace atelier;
using namespace atelier::data;
using Tokens = std::vector<std::string>;

TEST(Character, NumbersInOrderOfCodePoints) {
  const auto chars = CharacterTokenizer::train("ba\xe5\xad\x97 \xc3\xa9\n");
  EXPECT_EQ(chars.vocabulary().tokens(), (Tokens{"\n", " ", "a", "b", "\xc3\xa9", "\xe5\xad\x97"}));
  EXPECT_EQ(chars.encode("\xe5\xad\x97 b"), (TokenIds{5, 1, 3}));
  EXPECT_EQ(chars.decode(TokenIds{5, 4, 0}), "\xe5\xad\x97\xc3\xa9\n");
}
TEST(Character, UnknownOnesAreAnErrorOrAToken) {
  const auto strict = CharacterTokenizer::train("ab\xc3\xa9");
  expect_error<Error>([&] { strict.encode("abc"); }, {"byte 2", "U+0063"});
  expect_error<Error>([&] { strict.encode("a\xe5\xad\x97"); }, {"byte 1", "U+5B57"});
  expect_error<Error>([&] { strict.encode("a\xe9"); }, {"byte 1", "the byte 0xe9"});
  const auto lenient = CharacterTokenizer::train("ab\xc3\xa9", {.unknown = "<unk>"});
  EXPECT_EQ(lenient.unknown(), 3);
  EXPECT_EQ(lenient.encode("ac\xe9\xe5\xad\x97"), (TokenIds{0, 3, 3, 3}));
  const auto shown = CharacterTokenizer::train("ab", {.unknown = "\xef\xbf\xbd"});  // the replacement character
  EXPECT_EQ(shown.encode("\xef\xbf\xbd"), TokenIds{2});
}
TEST(Character, SpecialTokens) {
  const auto chars = CharacterTokenizer::train("ab<>", {.unknown = "<unk>", .special = {"<a>"}});
  EXPECT_EQ(chars.encode("<a>"), (TokenIds{0, 2, 1}));
  EXPECT_EQ(chars.encode("b<a>b", SpecialTokens::recognised), (TokenIds{3, 5, 3}));
  EXPECT_EQ(chars.decode(TokenIds{3, 5, 4}, DecodeSpecial::drop), "b");
}
TEST(Character, RefusesWhatIsNoCharacter) {
  expect_error<Error>([] { CharacterTokenizer({"a", "bc"}); }, {"token 1", "one code point"});
  expect_error<Error>([] { CharacterTokenizer({"\xff"}); }, {"token 0", "one code point"});
  expect_error<Error>([] { CharacterTokenizer({"a", "a"}); }, {"token 1", "every token once"});
  expect_error<Error>([] { CharacterTokenizer::train(""); }, {"an empty one"});
  expect_error<Error>([] { CharacterTokenizer::train("ab\x80"); }, {"valid UTF-8", "offset 2"});
}
TEST(Character, TinyShakespeare) {
  const auto folder = data_folder("tinyshakespeare");
  if (folder.empty()) GTEST_SKIP() << "ATELIER_DATA has no tinyshakespeare";
  const auto text = read_text(folder / "input.txt").bytes;
  const auto chars = CharacterTokenizer::train(text);
  EXPECT_EQ(chars.size(), 65);
  const auto ids = chars.encode(text);
  EXPECT_EQ(ids.size(), 1'115'394u);
  EXPECT_EQ(chars.decode(ids), text);
}
TEST(Byte, EveryByteIsItself) {
  const ByteTokenizer plain, more({"<|endoftext|>"});
  EXPECT_EQ(plain.size(), 256);
  EXPECT_EQ(more.size(), 257);
  std::string all;
  for (int b = 0; b < 256; ++b) all += static_cast<char>(b);
  const auto ids = plain.encode(all);
  for (int b = 0; b < 256; ++b) EXPECT_EQ(ids[static_cast<std::size_t>(b)], b);
  EXPECT_EQ(plain.decode(ids), all);
  EXPECT_EQ(more.encode("a<|endoftext|>", SpecialTokens::recognised), (TokenIds{'a', 256}));
  expect_error<Error>([] { ByteTokenizer({"a"}); }, {"token 256", "'a'"});
  expect_error<Error>([] { ByteTokenizer({"\xff\xff"}); }, {"token 256", "valid UTF-8"});
}

}  // namespace
