/// The decoders behind read_image.
#pragma once

#include <string>

#include "atelier/io/read_image.hpp"

namespace atelier::inline v0::io {

/// What a decoder is asked for.
struct ImageFile {
  Bytes bytes;
  const std::string& place;
  const ReadImageOptions& options;

  /// Throws InputError near a byte of the file: decoders read ahead.
  [[noreturn]] void damaged(const char* kind, std::size_t byte, const char* reason) const;
  /// Throws InputError unless the sizes are within the limits and so many pixels can stand in the file at all.
  void check_size(Index width, Index height, double most_pixels) const;
};

Image read_jpeg(const ImageFile& file);
Image read_png(const ImageFile& file);

/// A picture of that size, all of its pixels 0.
Image blank_image(Index width, Index height, int channels);

}  // namespace atelier::inline v0::io
