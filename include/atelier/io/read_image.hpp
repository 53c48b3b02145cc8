/// Pictures from JPEG and PNG files, or from their bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "atelier/io/durable_file.hpp"
#include "atelier/io/image.hpp"

namespace atelier::inline v0::io {

struct ReadImageOptions {
  Index max_side = 16'384;            // pixels of a row or column
  Index max_pixels = Index{1} << 26;  // width * height
  std::uint64_t max_file_bytes = std::uint64_t{1} << 28;
  std::uint8_t background = 255;  // grey level that shows through transparent pixels
};

/// A picture of 1 channel (grey) or 3 (red, green, blue), whichever the file has; the kind of file is told by its
/// content, not by its name.
///
/// JPEG (ISO/IEC 10918, baseline, progressive, arithmetic): CMYK is read as Adobe writes it, inverted, and becomes RGB.
/// PNG (ISO/IEC 15948): 16 bits a channel are scaled to 8, palettes and fewer bits are expanded, and transparency is
/// composited, round((a * x + (255 - a) * background) / 255). Colour profiles, gamma and orientation tags are left
/// alone: values are those of the file.
///
/// Sizes are checked before memory is taken, against the limits and against what so many bytes can hold. Any damage is
/// an error, also such as lets libjpeg go on with a warning. Throws InputError that begins with `place` and names what
/// was found (a saved web page as such) or the byte where decoding failed.
Image read_image(Bytes file, const std::string& place, const ReadImageOptions& options = {});
/// The same for a file; throws IoError too, when the system refuses.
Image read_image(const std::filesystem::path& path, const ReadImageOptions& options = {});

/// Luma of ITU-R BT.601 as `1` channel: (19595 R + 38470 G + 7471 B) / 65536, rounded. Grey pictures stay as they are.
Image to_grey(const Image& image);
/// 3 equal channels of a grey picture. Colour pictures stay as they are.
Image to_colour(const Image& image);

}  // namespace atelier::inline v0::io
