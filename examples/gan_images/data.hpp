/// The images of a run: what is trained on, what is held out.
#pragma once

#include "atelier/data/batches.hpp"
#include "atelier/data/celeba.hpp"
#include "atelier/data/image_batch.hpp"

namespace atelier::programs {

struct ImageData {
  data::ImageSet images;
  std::vector<std::int32_t> train, held_out;  // numbers of images
  std::vector<std::string> classes;           // what the labels 0, 1, ... mean; empty without labels
  std::string protocol;                       // which images, and how they were made
  std::string checksums;

  Index class_count() const { return static_cast<Index>(classes.size()); }
  /// Images by number, [N, C, H, W] in [0, 1].
  Tensor unit(std::span<const std::int32_t> numbers) const { return data::image_batch(images, numbers); }
  /// `n` of a part, chosen at random, as numbers; all of it, in order, when it has no more.
  std::vector<std::int32_t> some(const std::vector<std::int32_t>& part, Index n, const Rng& rng) const;
};

/// MNIST or a set in its format, as training and test images of 28 x 28, or 32 x 32 with a black frame of two pixels.
/// Throws ConfigError for other sizes.
ImageData digit_data(data::Mnist images, Index size);

/// CelebA's faces, labelled by the options' attributes; or other images, split by count, labelled by their subfolders
/// if `labels` says so. The training part, and the test part, which must have 4 images.
ImageData face_data(const std::filesystem::path& path, const data::CelebaOptions& options, bool labels);

}  // namespace atelier::programs
