/// UTF-8 and classes of characters.
#include "atelier/data/text/unicode.hpp"

#include <gtest/gtest.h>

namespace {
using namespace atelier::data;

TEST(Unicode, EveryCodePointThereAndBack) {
  for (char32_t p = 0; p <= 0x10ffff; ++p) {
    std::string text;
    append_utf8(text, p);
    const auto c = code_point(text, 0);
    const bool surrogate = p >= 0xd800 && p <= 0xdfff;
    ASSERT_EQ(c.valid, !surrogate) << std::hex << static_cast<unsigned>(p);
    if (!surrogate) {
      ASSERT_EQ(c.value, p);
      ASSERT_EQ(c.bytes, text.size());
    }
  }
}
TEST(Unicode, InvalidBytesStandAlone) {
  EXPECT_EQ(invalid_utf8("a\xc3\xa9"), std::string::npos);
  for (const char* bad : {"ab\xff", "ab\x80", "ab\xc3", "ab\xc3(", "ab\xe2\x82", "ab\xc0\xaf", "ab\xe0\x80\xaf",
                          "ab\xed\xa0\x80", "ab\xf4\x90\x80\x80", "ab\xf8\x88\x80\x80\x80", "ab\xf0\x9f\x98"})
    EXPECT_EQ(invalid_utf8(bad), 2u) << bad;
  EXPECT_EQ(count_characters("a\xc3\xa9\xe2\x82z"), 5u);
  EXPECT_EQ(char_class(code_point("\xe9", 0)), CharClass::other);  // though U+00E9 is a letter
}
TEST(Unicode, Classes) {
  for (char32_t p : {U'a', U'Z', U'\u00aa', U'\u00e9', U'\u0416', U'\u4e2d', U'\U00020000', U'\u0e01', U'\u02b0'})
    EXPECT_EQ(char_class(p), CharClass::letter) << static_cast<unsigned>(p);
  for (char32_t p : {U'0', U'9', U'\u00b2', U'\u00bd', U'\u2167', U'\u0663', U'\U0001d7d8'})
    EXPECT_EQ(char_class(p), CharClass::number) << static_cast<unsigned>(p);
  for (char32_t p : {U' ', U'\n', U'\v', U'\u0085', U'\u00a0', U'\u2003', U'\u2028', U'\u202f', U'\u3000'})
    EXPECT_EQ(char_class(p), CharClass::space) << static_cast<unsigned>(p);
  for (char32_t p : {U'_', U'\'', U'\x1c', U'\u0301', U'\u200b', U'\u200d', U'\u20ac', U'\U0001f600', U'\u0378'})
    EXPECT_EQ(char_class(p), CharClass::other) << static_cast<unsigned>(p);
}
TEST(Unicode, ClassesHaveTheirSizes) {  // as many as Python's regex module finds with Unicode 18.0
  int counts[4] = {};
  for (char32_t p = 0; p <= 0x10ffff; ++p) ++counts[static_cast<int>(char_class(p))];
  EXPECT_EQ(counts[static_cast<int>(CharClass::letter)], 158172);
  EXPECT_EQ(counts[static_cast<int>(CharClass::number)], 2247);
  EXPECT_EQ(counts[static_cast<int>(CharClass::space)], 25);
}

}  // namespace
