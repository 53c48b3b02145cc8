/// Bytes as GPT-2 orders them.
#pragma once

#include <string>
#include <vector>

namespace atelier::inline v0::data::detail {

/// Bytes that Latin-1 shows as characters: GPT-2's files spell them as they are, and its vocabulary begins with them.
constexpr bool visible_in_latin1(int b) {
  return (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || (b >= 0xae && b <= 0xff);
}

/// All bytes: the visible ones first, then the others.
inline std::vector<std::string> bytes_in_order() {
  std::vector<std::string> tokens;
  for (bool visible : {true, false})
    for (int b = 0; b < 256; ++b)
      if (visible_in_latin1(b) == visible) tokens.emplace_back(1, static_cast<char>(b));
  return tokens;
}

}  // namespace atelier::inline v0::data::detail
