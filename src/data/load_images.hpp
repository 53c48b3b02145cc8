/// load_images for readers that have opened the source already.
#pragma once

#include "atelier/data/load_images.hpp"
#include "data/decode_images.hpp"
#include "data/image_source.hpp"

namespace atelier::inline v0::data {

NamedImages load_images(const ImageSource& source, Crop crop, const ImageOptions& options, Sizes sizes);

/// Throws InputError for a source without images.
void require_images(const ImageSource& source);
/// Throws ConfigError for options out of range.
void check(const ImageOptions& options);

/// Such as "9998 of 10000 images of 89 x 109, crop c148 ..., 3 channels".
std::string describe(const ImageReport& report, Crop crop, const ImageOptions& options);

}  // namespace atelier::inline v0::data
