/// What a file is, by its first bytes: to say what was found instead of what was expected.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace atelier::inline v0::io {

/// Bytes from the start that describe_kind() looks at.
inline constexpr std::size_t kind_bytes = 512;

bool looks_like_a_web_page(std::string_view head);
/// Such as "what looks like a web page", "a zip archive", "a file of 2 bytes"; with an article.
std::string describe_kind(std::string_view head);
/// What to do about a file of that description.
std::string kind_advice(const std::string& description);

/// Bytes as characters.
inline std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace atelier::inline v0::io
