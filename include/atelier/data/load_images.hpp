/// How many images become one set: size, what to do about damage, and a report of what was met.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "atelier/data/crop.hpp"
#include "atelier/data/image_set.hpp"
#include "atelier/io/read_image.hpp"

namespace atelier::inline v0::data {

/// Damaged images end the loading with an error, or are left out and reported.
enum class OnDamage { refuse, skip };
/// Throws ConfigError for anything but "refuse" and "skip".
OnDamage on_damage_from(std::string_view name);

struct ImageOptions {
  Index size = 64;   // pixels of both sides after resizing, 1 to 4096
  int channels = 3;  // 3: grey images become colour; 1: colour images become grey
  OnDamage on_damage = OnDamage::refuse;
  /// Folder of the cache file, made when it is missing; empty: no cache. A folder that cannot be written is no error.
  std::filesystem::path cache = {};
  io::ReadImageOptions read = {};
  /// Told now and then, on the caller's thread, while images are decoded. What it throws ends the loading.
  std::function<void(Index done, Index all)> progress = {};
};

struct DamagedImage {
  std::string name;
  std::string reason;  // one line
};

struct ImageReport {
  Index found = 0, kept = 0;
  std::vector<DamagedImage> damaged = {};  // in order of names
  Index width = 0, height = 0;             // of the images as they are stored; 0: several sizes
  Index made_colour = 0, made_grey = 0;    // images of the other kind that were converted
  bool from_cache = false;
  std::string cache = {};  // what became of the cache file; empty when none was asked for

  /// Lines for people: counts, conversions, the cache, the first damaged images by name.
  std::vector<std::string> lines() const;
};

/// Images in order of their names.
struct NamedImages {
  ImageSet set = {};
  std::vector<std::string> names = {};  // as in the folder or archive, with `/` between parts
  ImageReport report = {};
};

/// Decodes the images (.jpg, .jpeg, .png, in any case; hidden files and __MACOSX are passed over) of a folder, with its
/// subfolders, or of a zip archive, on all threads. Every image is cropped and resized to size x size.
///
/// The result is kept in `options.cache` as images-CROP-SIZExSIZExCHANNELS.safetensors and taken from there the next
/// time, provided that its checksums, its version, the crop, size, channels and background, and the fingerprint of the
/// source are right: names, sizes, and times of change (folder) or checksums (archive). Otherwise it is made again.
///
/// Throws InputError for a source without images, an archive that is none, names in it that stand twice or lead out of
/// it, damaged images under OnDamage::refuse (the first by name, and how many), and when all are damaged; ConfigError
/// for options out of range; IoError when the system refuses.
NamedImages load_images(const std::filesystem::path& source, Crop crop = Crop::square,
                        const ImageOptions& options = {});

}  // namespace atelier::inline v0::data
