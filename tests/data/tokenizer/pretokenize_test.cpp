/// Words of GPT-2's pattern, against Python's regex module.
#include "atelier/data/tokenizer/pretokenize.hpp"

#include <gtest/gtest.h>

#include "data/tokenizer/golden.hpp"

namespace {
using namespace atelier;

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> found;
  data::for_each_word(text, [&](std::string_view word) { found.emplace_back(word); });
  return found;
}
using Words = std::vector<std::string>;

TEST(Pretokenize, SplitsAsPythonsRegexDoes) {
  const auto golden = golden_bpe();
  for (const auto& item : golden.at("words")) {
    const auto text = from_hex(item[0]);
    std::vector<std::size_t> sizes;
    for (const auto& word : words(text)) sizes.push_back(word.size());
    EXPECT_EQ(sizes, item[1].get<std::vector<std::size_t>>()) << item[0];
  }
}
TEST(Pretokenize, ByHand) {
  EXPECT_EQ(words("I've  got\n\n 3x!"), (Words{"I", "'ve", " ", " got", "\n\n", " 3", "x", "!"}));
  EXPECT_EQ(words("a   "), (Words{"a", "   "}));
  EXPECT_EQ(words("a\xff\xfe b"), (Words{"a", "\xff\xfe", " b"}));  // invalid bytes are symbols
  EXPECT_EQ(words(""), Words{});
}
TEST(Pretokenize, CutsChangeNoWord) {
  const std::string text = "It's  a\ttext, with\n\n 12 caf\xc3\xa9s \xff\xff  and \xe3\x80\x80 blanks   \n";
  const auto whole = words(text);
  for (std::size_t near = 0; near <= text.size(); ++near) {
    const auto cut = data::cut_between_words(text, near);
    EXPECT_GE(cut, near);
    auto parts = words(text.substr(0, cut));
    for (const auto& word : words(text.substr(cut))) parts.push_back(word);
    EXPECT_EQ(parts, whole) << "cut at " << cut;
  }
}

}  // namespace
