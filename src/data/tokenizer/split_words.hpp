/// Words between white space.
#pragma once

#include <string_view>

#include "atelier/data/text/unicode.hpp"

namespace atelier::inline v0::data::detail {

/// Calls word(w) for what stands between white space, and line_feed() for every line feed, in the order of the text.
template <class W, class L> void split_words(std::string_view text, const W& word, const L& line_feed) {
  std::size_t begin = 0;
  const auto end_word = [&](std::size_t end) {
    if (end > begin) word(text.substr(begin, end - begin));
  };
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = code_point(text, at);
    const std::size_t next = at + c.bytes;
    if (char_class(c) == CharClass::space) {
      end_word(at);
      if (c.value == '\n') line_feed();
      begin = next;
    }
    at = next;
  }
  end_word(text.size());
}

}  // namespace atelier::inline v0::data::detail
