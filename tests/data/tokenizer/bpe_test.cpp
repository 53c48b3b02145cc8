/// Byte-level BPE: merges by hand, and learned ones against the tokenizers package.
#include "atelier/data/tokenizer/bpe.hpp"

#include <gtest/gtest.h>

#include <random>

#include "atelier/parallel/team.hpp"
#include "data/tokenizer/golden.hpp"
#include "support/expect_error.hpp"

namespace {
using namespace atelier;
using namespace atelier::data;

std::vector<std::string> bytes() {
  std::vector<std::string> tokens;
  for (int b = 0; b < 256; ++b) tokens.emplace_back(1, static_cast<char>(b));
  return tokens;
}
/// Bytes by value, then the tokens that the pairs make, then <end>.
BpeTokenizer small(const std::vector<std::pair<std::string, std::string>>& pairs) {
  auto tokens = bytes();
  std::vector<Merge> merges;
  const auto id = [&](const std::string& t) {
    return static_cast<std::int32_t>(std::find(tokens.begin(), tokens.end(), t) - tokens.begin());
  };
  for (const auto& [left, right] : pairs) {
    merges.push_back({id(left), id(right)});
    tokens.push_back(left + right);
  }
  tokens.push_back("<end>");
  return BpeTokenizer(tokens, merges, {"<end>"});
}

TEST(Bpe, EarliestRuleFirstThenFromTheLeft) {
  const auto bpe = small({{"b", "c"}, {"a", "b"}, {"a", "bc"}});
  EXPECT_EQ(bpe.encode("abc"), TokenIds{258});
  EXPECT_EQ(bpe.encode("abab"), (TokenIds{257, 257}));
  EXPECT_EQ(bpe.encode("babcab"), (TokenIds{'b', 258, 257}));
  const auto same = small({{"a", "a"}, {"aa", "aa"}});
  EXPECT_EQ(same.encode("aaaaaaa"), (TokenIds{257, 256, 'a'}));
  EXPECT_EQ(same.encode(""), TokenIds{});
}
TEST(Bpe, RulesDoNotReachAcrossWords) {
  const auto bpe = small({{"a", " "}, {" ", "a"}});
  EXPECT_EQ(bpe.encode("a a"), (TokenIds{'a', 257}));
}
TEST(Bpe, SpecialTokensAreAnOption) {
  const auto bpe = small({{"e", "n"}});
  EXPECT_EQ(bpe.encode("<end>"), (TokenIds{'<', 256, 'd', '>'}));
  EXPECT_EQ(bpe.encode("a<end><end>b", SpecialTokens::recognised), (TokenIds{'a', 257, 257, 'b'}));
  EXPECT_EQ(bpe.special("<end>"), 257);
  expect_error<Error>([&] { bpe.special("<pad>"); }, {"special", "<end>", "'<pad>'"});
  const TokenIds ids{'a', 257, 256};
  EXPECT_EQ(bpe.decode(ids), "a<end>en");
  EXPECT_EQ(bpe.decode(ids, DecodeSpecial::drop), "aen");
}
TEST(Bpe, LongestSpecialTokenWins) {
  auto tokens = bytes();
  for (const char* t : {"<a>", "<a><b>"}) tokens.push_back(t);
  const BpeTokenizer bpe(tokens, {}, {"<a>", "<a><b>"});
  EXPECT_EQ(bpe.encode("<a><b><a>", SpecialTokens::recognised), (TokenIds{257, 256}));
}
TEST(Bpe, IdsOutsideTheVocabulary) {
  const auto bpe = small({{"a", "b"}});
  const TokenIds high{258}, low{-1};
  expect_error<Error>([&] { bpe.decode(high); }, {"0 to 257", "258"});
  expect_error<Error>([&] { bpe.decode(low); }, {"0 to 257", "-1"});
}
TEST(Bpe, RefusesRulesThatDoNotFit) {
  const auto make = [](std::vector<std::string> extra, std::vector<Merge> merges) {
    auto tokens = bytes();
    tokens.insert(tokens.end(), extra.begin(), extra.end());
    return BpeTokenizer(tokens, merges, {});
  };
  expect_error<Error>([&] { make({"ab"}, {}); }, {"token 256", "'ab'", "a merge that makes it"});
  expect_error<Error>([&] { make({"ab"}, {{'a', 'c'}}); }, {"merge 0 ('a', 'c')", "a result that is a token"});
  expect_error<Error>([&] { make({"ab"}, {{'a', 'b'}, {'a', 'b'}}); }, {"merge 1", "every pair once"});
  expect_error<Error>([&] { make({"ab"}, {{'a', 300}}); }, {"merge 0 ('a', 300)", "ordinary tokens"});
  expect_error<Error>([&] { make({"ab"}, {{-1, 'b'}}); }, {"merge 0 (-1, 'b')"});
  expect_error<Error>([&] { make({"ab", "ab"}, {{'a', 'b'}}); }, {"token 257", "every token once", "token 256"});
  expect_error<Error>([&] { make({""}, {}); }, {"token 256", "an empty one"});
  expect_error<Error>([] { BpeTokenizer({"a", "b"}, {}); }, {"each of the 256 bytes", "byte 0"});
  expect_error<Error>([] { BpeTokenizer(bytes(), {}, {"<end>"}); }, {"special tokens of the vocabulary", "'<end>'"});
}

/// Rules applied one at a time over the whole word, as the definition says.
TokenIds naive(const BpeTokenizer& bpe, TokenIds ids) {
  while (true) {
    std::size_t best = bpe.merges().size(), at = 0;
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
      const auto rank = static_cast<std::size_t>(
          std::find(bpe.merges().begin(), bpe.merges().end(), Merge{ids[i], ids[i + 1]}) - bpe.merges().begin());
      if (rank < best) best = rank, at = i;
    }
    if (best == bpe.merges().size()) return ids;
    ids[at] = bpe.vocabulary().find(bpe.token(ids[at]) + bpe.token(ids[at + 1])).value();
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
}
TEST(Bpe, TheHeapDoesWhatTheDefinitionSays) {
  std::mt19937 random(3);
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "abc "[random() % 4];
  const auto bpe = train_bpe(text, {.vocabulary = 300, .special = {}});
  for (int i = 0; i < 300; ++i) {
    std::string word;
    TokenIds ids;
    for (auto n = 1 + random() % 30; n > 0; --n) word += "abc"[random() % 3];
    for (char c : word) ids.push_back(bpe.encode(std::string(1, c)).at(0));
    EXPECT_EQ(bpe.encode(word), naive(bpe, ids)) << word;
  }
}
TEST(Bpe, AnyBytesComeBack) {
  std::mt19937 random(5);
  const auto bpe = train_bpe("some text to learn some merges from, some more text");
  for (int i = 0; i < 200; ++i) {
    std::string text;
    for (auto n = random() % 200; n > 0; --n) text += static_cast<char>(random() % (i % 2 ? 256 : 128));
    EXPECT_EQ(bpe.decode(bpe.encode(text)), text);
  }
}
TEST(Bpe, LongWordsAndLongTexts) {
  const auto bpe = small({{"a", "a"}, {"aa", "aa"}, {"a", "b"}});
  EXPECT_EQ(bpe.encode(std::string(400'000, 'a')), TokenIds(100'000, 257));
  std::string text;
  while (text.size() < 3'000'000) text += " aab aaaa, " + std::to_string(text.size()) + "\n";
  ThreadScope one(1);
  const auto ids = bpe.encode(text);
  EXPECT_EQ(bpe.decode(ids), text);
  for (int n : {2, 3}) {
    ThreadScope several(n);
    EXPECT_EQ(bpe.encode(text), ids);
  }
  TokenIds by_line;  // the words do not depend on where a long text is cut
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find("\n ", at + 1);
    for (auto id : bpe.encode(std::string_view(text).substr(at, end == text.npos ? end : end - at)))
      by_line.push_back(id);
    at = end == text.npos ? text.size() : end;
  }
  EXPECT_EQ(by_line, ids);
}
TEST(Bpe, DocumentsSideBySide) {
  const auto bpe = small({{"a", "b"}});
  const std::vector<std::string> texts{"abab", "", "<end>b", "ab"};
  for (int n : {1, 2, 3}) {
    ThreadScope scope(n);
    const auto ids = encode_all(bpe, texts, SpecialTokens::recognised);
    EXPECT_EQ(ids, (std::vector<TokenIds>{{256, 256}, {}, {257, 'b'}, {256}}));
  }
}
TEST(Bpe, ByteTextIsInvertible) {
  std::string all;
  for (int b = 0; b < 256; ++b) all += static_cast<char>(b);
  EXPECT_EQ(from_byte_text(to_byte_text(all)), all);
  EXPECT_EQ(to_byte_text(" a\n"),
            "\xc4\xa0"
            "a\xc4\x8a");  // U+0120, a, U+010A
  EXPECT_EQ(from_byte_text("a b"), std::nullopt);
  EXPECT_EQ(from_byte_text("\xc5\x84"), std::nullopt);  // U+0144
  EXPECT_EQ(from_byte_text("\xff"), std::nullopt);
}

}  // namespace
