/// Images in memory, all of one size.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "atelier/core/shape.hpp"

namespace atelier::inline v0::data {

/// Grey or colour images, with labels or without.
struct ImageSet {
  std::vector<std::uint8_t> pixels = {};  // [count, channels, height, width], 0 to 255
  std::vector<std::uint8_t> labels = {};  // [count], or empty
  Index count = 0, height = 0, width = 0;
  Index channels = 1;  // 1: grey; 3: red, green, blue
  std::string pixels_sha256 = {},
              labels_sha256 = {};  // as read: of IDX files with their headers, else of the bytes above

  /// Bytes of one image.
  Index image_size() const { return channels * height * width; }
};

}  // namespace atelier::inline v0::data
