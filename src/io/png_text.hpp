/// The chunks of a PNG file (ISO/IEC 15948, 5.3), those that hold text (11.3.4), and the file of a picture.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "atelier/io/png.hpp"

namespace atelier::inline v0::io {

inline constexpr std::string_view png_signature("\x89PNG\r\n\x1a\n", 8);
/// Signature and IHDR chunk, which every PNG file begins with.
inline constexpr std::size_t png_start_bytes = 8 + 12 + 13;

/// Four bytes, high byte first, as PNG has its numbers.
std::string big_endian(std::uint32_t n);
/// A chunk of any type: length, type, data, CRC.
std::string png_chunk(const std::string& type, std::string_view data);

/// All texts as chunks: length, type, data, CRC. Throws Error as write_png says.
std::string text_chunks(const PngText& text);

/// A picture as a PNG file in memory: signature, IHDR, one IDAT, IEND. Throws Error as write_png says of pictures.
std::vector<std::byte> encode_png(const Image& image);

}  // namespace atelier::inline v0::io
