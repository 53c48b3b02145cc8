/// CelebA: aligned faces with attributes and identities, as its authors hand it out or as Kaggle does.
///                                                                     Liu, Luo, Wang & Tang 2015, "Deep Learning Face
///                                                                     Attributes in the Wild"
#pragma once

#include "atelier/data/attributes.hpp"
#include "atelier/data/load_images.hpp"
#include "atelier/data/split.hpp"

namespace atelier::inline v0::data {

/// `partition`: the official one, training, validation and test (list_eval_partition.txt). `identity`: no person in two
/// parts (identity_CelebA.txt). `count`: images at random.
enum class SplitBy { partition, identity, count };
/// Throws ConfigError for anything but "partition", "identity" and "count".
SplitBy split_by_from(std::string_view name);

struct CelebaOptions {
  Crop crop = Crop::c148;
  ImageOptions images = {};
  SplitBy split = SplitBy::partition;
  Index holdout = 0;       // images for testing, at least, of a split by identity; exactly, of one by count
  std::uint64_t seed = 1;  // of the split by identity or by count
  std::vector<std::string> labels = {};  // attributes, at most 8, whose combinations become the images' labels
};

struct Celeba {
  ImageSet images = {};  // label: a bit for each of the options' attributes, the first one's the highest
  std::vector<std::string> names = {};
  Attributes attributes = {};                 // of every image; no names without the file
  std::vector<std::string> classes = {};      // what the labels 0, 1, ... mean: none, Smiling, Male, Male+Smiling
  std::vector<std::int32_t> identities = {};  // of every image; empty without the file
  Split split = {};                           // numbers of images; parts of the official partition may be empty
  ImageReport report = {};
  std::string protocol = {};  // images, crop, resizing and split in one line, for results
};

/// Reads from `folder`: images from img_align_celeba/ (with its subfolders) or, when there are none, from
/// img_align_celeba.zip; attributes from list_attr_celeba.txt or .csv, identities from identity_CelebA.txt, the
/// partition from list_eval_partition.txt or .csv. The tables may say more than there are images. Images must have one
/// size, 178 x 218 or that frame scaled unless the crop is `whole` or `square`; an image of another size counts as
/// damaged. Pixels: [N, C, size, size].
///
/// Throws InputError for missing images, a missing table that the split or the labels need, tables that are damaged or
/// lack an image, and whatever load_images refuses; ConfigError for options out of range and for attributes that there
/// are not; IoError when the system refuses.
Celeba load_celeba(const std::filesystem::path& folder, const CelebaOptions& options = {});

/// Whether a folder has images or tables where load_celeba() looks for them, or is itself the one of the images. Such a
/// folder should not be read as just any images: persons would be in both parts.
bool looks_like_celeba(const std::filesystem::path& path);

}  // namespace atelier::inline v0::data
