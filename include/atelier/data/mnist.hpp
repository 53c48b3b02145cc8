/// The MNIST digits, and data sets in the same four files (Fashion-MNIST, KMNIST).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "atelier/core/shape.hpp"

namespace atelier::inline v0::data {

/// Grey images with labels.
struct ImageSet {
  std::vector<std::uint8_t> pixels = {};  // [count, height, width], 0 to 255
  std::vector<std::uint8_t> labels = {};  // [count], 0 to 9
  Index count = 0, height = 0, width = 0;
  std::string pixels_sha256 = {}, labels_sha256 = {};  // of the decompressed files
};

struct Mnist {
  static constexpr Index classes = 10;
  ImageSet train, test;
};

/// Reads {train,t10k}-{images-idx3,labels-idx1}-ubyte from `folder`, plain or compressed, with or without `.gz` in the
/// name, with `.` or `-` before `idx`. Throws InputError naming the file for whatever read_idx refuses, labels above 9,
/// different numbers of images and labels, or test images of another size than the training images; when a file is
/// missing it names the folder and what to do.
Mnist load_mnist(const std::filesystem::path& folder);

}  // namespace atelier::inline v0::data
