/// Any folder of images, or zip archive of one.
#pragma once

#include "atelier/data/load_images.hpp"
#include "atelier/data/split.hpp"

namespace atelier::inline v0::data {

struct ImageFolderOptions {
  Crop crop = Crop::square;
  ImageOptions images = {};
  bool labels = false;     // the first subfolder, behind those that all images share, is the image's class
  Index holdout = 0;       // images for testing, drawn at random
  std::uint64_t seed = 1;  // of the drawing
};

struct ImageFolder {
  ImageSet images = {};  // with labels when they are asked for
  std::vector<std::string> names = {};
  std::vector<std::string> classes = {};  // names of the labels 0, 1, ..., in ascending order
  Split split = {};
  ImageReport report = {};
  std::string protocol = {};  // images, crop, resizing and split in one line, for results
};

/// Reads the images as load_images does, in order of their names. With labels, there may be 2 to 256 classes, and no
/// image outside of their subfolders; classes are those of all images found, damaged ones included. Throws InputError
/// otherwise, and what load_images throws.
ImageFolder load_image_folder(const std::filesystem::path& folder, const ImageFolderOptions& options = {});

}  // namespace atelier::inline v0::data
