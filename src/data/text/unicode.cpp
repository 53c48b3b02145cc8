#include "atelier/data/text/unicode.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "data/text/unicode_table.hpp"

namespace atelier::inline v0::data {
namespace {

constexpr char32_t largest = 0x10ffff;

bool continues(unsigned char byte) { return (byte & 0xc0) == 0x80; }

/// Bytes of a sequence by its first byte; 0 for bytes that begin none.
std::uint8_t sequence_length(unsigned char first) {
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;  // continuation bytes, and leads of what would be shorter in one byte
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 3;
  return first < 0xf5 ? 4 : 0;
}

bool allowed(char32_t point, std::uint8_t bytes) {
  constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  return point >= smallest[bytes] && point <= largest && (point < 0xd800 || point > 0xdfff);
}

template <std::size_t N> bool in_ranges(const CodeRange (&ranges)[N], char32_t point) {
  const auto* behind =
      std::upper_bound(ranges, ranges + N, point, [](char32_t p, const CodeRange& r) { return p < r.first; });
  return behind != ranges && point <= std::prev(behind)->last;
}

constexpr bool is_space(char32_t p) {
  return p == ' ' || (p >= 9 && p <= 13) || p == 0x85 || p == 0xa0 || p == 0x1680 || (p >= 0x2000 && p <= 0x200a) ||
         p == 0x2028 || p == 0x2029 || p == 0x202f || p == 0x205f || p == 0x3000;
}

constexpr CharClass ascii_class(char32_t p) {
  if ((p >= 'a' && p <= 'z') || (p >= 'A' && p <= 'Z')) return CharClass::letter;
  if (p >= '0' && p <= '9') return CharClass::number;
  return is_space(p) ? CharClass::space : CharClass::other;
}

constexpr auto ascii_classes = [] {
  std::array<CharClass, 128> classes{};
  for (char32_t p = 0; p < 128; ++p) classes[p] = ascii_class(p);
  return classes;
}();

}  // namespace

CodePoint code_point(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::uint8_t bytes = sequence_length(first);
  if (bytes == 0 || text.size() - at < bytes) return {first, 1, false};
  char32_t point = first & (0x7fu >> bytes);
  for (std::uint8_t i = 1; i < bytes; ++i) {
    if (!continues(byte(i))) return {first, 1, false};
    point = point << 6 | (byte(i) & 0x3fu);
  }
  if (!allowed(point, bytes)) return {first, 1, false};
  return {point, bytes, true};
}

void append_utf8(std::string& text, char32_t point) {
  const auto tail = [&](int shift) { text += static_cast<char>(0x80 | (point >> shift & 0x3f)); };
  if (point < 0x80) {
    text += static_cast<char>(point);
  } else if (point < 0x800) {
    text += static_cast<char>(0xc0 | point >> 6), tail(0);
  } else if (point < 0x10000) {
    text += static_cast<char>(0xe0 | point >> 12), tail(6), tail(0);
  } else {
    text += static_cast<char>(0xf0 | point >> 18), tail(12), tail(6), tail(0);
  }
}

std::size_t invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = code_point(text, at);
    if (!c.valid) return at;
    at += c.bytes;
  }
  return text.npos;
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); at += code_point(text, at).bytes) ++count;
  return count;
}

CharClass char_class(char32_t point) {
  if (point < 128) return ascii_classes[point];
  if (is_space(point)) return CharClass::space;
  if (in_ranges(letter_ranges, point)) return CharClass::letter;
  return in_ranges(number_ranges, point) ? CharClass::number : CharClass::other;
}

CharClass char_class(const CodePoint& c) { return c.valid ? char_class(c.value) : CharClass::other; }

}  // namespace atelier::inline v0::data
