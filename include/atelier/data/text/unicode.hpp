/// UTF-8 and the categories of characters that tokenizers need. Bytes that are no UTF-8 are never an error here: each
/// is a symbol of its own, so that any bytes can be tokenized and come back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace atelier::inline v0::data {

/// One character of a text, or one byte that belongs to none.
struct CodePoint {
  char32_t value = 0;  // the byte itself when it is not valid
  std::uint8_t bytes = 1;
  bool valid = true;
};

/// What stands at byte `at` of `text`, which must lie inside. A sequence is valid as RFC 3629 has it: shortest form, no
/// surrogates, at most U+10FFFF. Of anything else one byte is taken (as Python's "surrogateescape" does).
CodePoint code_point(std::string_view text, std::size_t at);
/// Appends the UTF-8 of a code point up to U+10FFFF.
void append_utf8(std::string& text, char32_t point);
/// Offset of the first byte that is no valid UTF-8, or npos.
std::size_t invalid_utf8(std::string_view text);
/// Number of characters; every invalid byte counts as one.
std::size_t count_characters(std::string_view text);

/// The classes of GPT-2's pattern: \p{L}, \p{N}, the property White_Space (\s), and all the rest, which includes
/// unassigned code points and invalid bytes. Letters and numbers as in Unicode 18.0 (src/data/text/unicode_table.hpp).
enum class CharClass : std::uint8_t { letter, number, space, other };
CharClass char_class(char32_t point);
CharClass char_class(const CodePoint& c);

}  // namespace atelier::inline v0::data
