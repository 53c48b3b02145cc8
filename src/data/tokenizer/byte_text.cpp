#include <array>

#include "atelier/data/text/unicode.hpp"
#include "atelier/data/tokenizer/bpe.hpp"
#include "data/tokenizer/byte_order.hpp"

namespace atelier::inline v0::data {
namespace {

constexpr char32_t shifted = 0x100, behind_shifted = 0x100 + 68;  // for the bytes that cannot be seen

/// The byte that each of those characters stands for.
constexpr auto shifted_bytes = [] {
  std::array<unsigned char, behind_shifted - shifted> bytes{};
  std::size_t count = 0;
  for (int b = 0; b < 256; ++b)
    if (!detail::visible_in_latin1(b)) bytes[count++] = static_cast<unsigned char>(b);
  return bytes;
}();

constexpr auto characters = [] {
  std::array<char32_t, 256> points{};
  char32_t next = shifted;
  for (int b = 0; b < 256; ++b)
    points[static_cast<std::size_t>(b)] = detail::visible_in_latin1(b) ? static_cast<char32_t>(b) : next++;
  return points;
}();

}  // namespace

std::string to_byte_text(std::string_view bytes) {
  std::string text;
  for (char c : bytes) append_utf8(text, characters[static_cast<unsigned char>(c)]);
  return text;
}

std::optional<std::string> from_byte_text(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = code_point(text, at);
    if (!c.valid || c.value >= behind_shifted) return std::nullopt;
    if (c.value < shifted && !detail::visible_in_latin1(static_cast<int>(c.value))) return std::nullopt;
    bytes += static_cast<char>(c.value < shifted ? c.value : shifted_bytes[c.value - shifted]);
    at += c.bytes;
  }
  return bytes;
}

}  // namespace atelier::inline v0::data
