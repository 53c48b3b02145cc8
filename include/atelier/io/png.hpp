/// Pictures as PNG files (ISO/IEC 15948), with texts in them that say how they came about.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "atelier/io/image.hpp"

namespace atelier::inline v0::io {

/// Texts by keyword, such as seed, step, config.
using PngText = std::map<std::string, std::string>;

/// Writes a grey or RGB picture, durably (write_durable), with its texts right behind the header: ASCII as tEXt, other
/// UTF-8 as iTXt. The bytes depend on the arguments alone.
/// Throws Error for a picture without pixels, one whose pixels do not fill it, other than 1 or 3 channels, more than
/// max_image_bytes; for a keyword that is not 1 to 79 printable ASCII characters with single spaces inside; for a text
/// with a zero byte or that is not UTF-8. Throws IoError when the system refuses.
void write_png(const std::filesystem::path& path, const Image& image, const PngText& text = {});

/// The texts of a PNG file, by whatever program: tEXt, and iTXt that is not compressed, in UTF-8; of a keyword that
/// stands twice the first. The pixels are not looked at. Throws InputError naming file and byte for a file that is
/// missing, cut short, no PNG, or whose texts are damaged; IoError when the system refuses.
PngText read_png_text(const std::filesystem::path& path);

}  // namespace atelier::inline v0::io
