/// The chunks of a PNG file that hold text (ISO/IEC 15948, 11.3.4).
#pragma once

#include <string>
#include <string_view>

#include "atelier/io/png.hpp"

namespace atelier::inline v0::io {

inline constexpr std::string_view png_signature("\x89PNG\r\n\x1a\n", 8);
/// Signature and IHDR chunk, which every PNG file begins with.
inline constexpr std::size_t png_start_bytes = 8 + 12 + 13;

/// All texts as chunks: length, type, data, CRC. Throws Error as write_png says.
std::string text_chunks(const PngText& text);

}  // namespace atelier::inline v0::io
