/// The MNIST digits, and data sets in the same four files (Fashion-MNIST, KMNIST).
#pragma once

#include <filesystem>

#include "atelier/data/image_set.hpp"

namespace atelier::inline v0::data {

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
