/// Decoded images in a file, so that they are decoded once.
#pragma once

#include <optional>

#include "atelier/io/safetensors.hpp"
#include "data/decode_images.hpp"

namespace atelier::inline v0::data {

/// The cache file of one source and one way to decode it. None of its functions throws when the file cannot be used;
/// note() says why.
class ImageCache {
 public:
  ImageCache(const ImageSource& source, Crop crop, const ImageOptions& options, Sizes sizes);

  /// What the file holds, when it is whole and about these images.
  std::optional<DecodedImages> read();
  void write(const DecodedImages& decoded);
  /// What became of the file, in words; empty when no cache is asked for.
  const std::string& note() const { return note_; }

 private:
  DecodedImages read_file() const;

  std::filesystem::path path_;  // empty: no cache
  io::Metadata key_;            // what must be the same for the file to be of use
  Index found_, channels_, size_;
  std::string note_;
};

}  // namespace atelier::inline v0::data
