/// All images of a source as bytes of one size.
#pragma once

#include "atelier/data/load_images.hpp"
#include "data/image_source.hpp"

namespace atelier::inline v0::data {

struct DecodedImages {
  std::vector<std::uint8_t> pixels = {};   // [kept, channels, size, size]
  std::vector<std::int32_t> kept = {};     // numbers of the source's images, ascending
  std::vector<std::int32_t> damaged = {};  // the others, ascending
  std::vector<std::string> reasons = {};   // why, for each of them
  Index width = 0, height = 0;             // of the kept images; 0: several sizes
  Index made_colour = 0, made_grey = 0;
  std::string sha256 = {};  // of the pixels
};

/// The images must have one size, that of most of them; others count as damaged.
enum class Sizes { any, one };

/// Damaged images are left out, whatever options.on_damage says. The result does not depend on the number of threads.
DecodedImages decode_images(const ImageSource& source, Crop crop, const ImageOptions& options, Sizes sizes);

}  // namespace atelier::inline v0::data
