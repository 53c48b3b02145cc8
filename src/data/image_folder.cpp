#include "atelier/data/image_folder.hpp"

#include <algorithm>
#include <set>

#include "atelier/core/error.hpp"
#include "data/load_images.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::data {
namespace {

constexpr std::size_t most_classes = 256;  // labels are bytes

/// Length of the folders that all images share, if there are others below them: an archive of photos/cats and
/// photos/dogs begins with photos/. Names are in ascending order.
std::size_t shared_folders(const std::vector<std::string>& names) {
  const auto& first = names.front();
  const auto differs = std::mismatch(first.begin(), first.end(), names.back().begin(), names.back().end()).first;
  const std::size_t length = first.substr(0, static_cast<std::size_t>(differs - first.begin())).rfind('/') + 1;
  const auto has_more = [&](const std::string& name) { return name.find('/', length) != std::string::npos; };
  return std::any_of(names.begin(), names.end(), has_more) ? length : 0;
}

/// The folder behind the first `shared` characters; empty for an image that lies outside of any.
std::string class_of(const std::string& name, std::size_t shared) {
  const auto end = name.find('/', shared);
  return end == std::string::npos ? std::string() : name.substr(shared, end - shared);
}

std::vector<std::string> classes_of(const ImageSource& source, std::size_t shared) {
  std::set<std::string> classes;
  for (const auto& name : source.names()) {
    if (class_of(name, shared).empty())
      throw InputError(source.place() + ": expected images in subfolders, which are their classes, found " +
                       io::in_quotes(name) + " outside; move it, or load without labels");
    classes.insert(class_of(name, shared));
  }
  if (classes.size() < 2 || classes.size() > most_classes)
    throw InputError(source.place() + ": expected 2 to 256 subfolders with images, which are their classes, found " +
                     std::to_string(classes.size()) + "; check the path, or load without labels");
  return {classes.begin(), classes.end()};
}

std::uint8_t label_of(const std::string& class_name, const std::vector<std::string>& classes) {
  const auto at = std::lower_bound(classes.begin(), classes.end(), class_name);
  return static_cast<std::uint8_t>(at - classes.begin());
}

std::string protocol_of(const ImageFolder& folder, const ImageFolderOptions& options) {
  return describe(folder.report, options.crop, options.images) + "; split by count, seed " +
         std::to_string(options.seed) + ": " + std::to_string(folder.split.train.size()) + " training, " +
         std::to_string(folder.split.test.size()) + " test";
}

}  // namespace

ImageFolder load_image_folder(const std::filesystem::path& path, const ImageFolderOptions& options) {
  check(options.images);
  const auto source = open_images(path);
  ImageFolder folder;
  require_images(*source);
  const std::size_t shared = shared_folders(source->names());
  if (options.labels) folder.classes = classes_of(*source, shared);
  check_holdout(static_cast<Index>(source->names().size()), options.holdout);
  NamedImages images = load_images(*source, options.crop, options.images, Sizes::any);
  folder.images = std::move(images.set);
  folder.names = std::move(images.names);
  folder.report = std::move(images.report);
  if (options.labels)
    for (const auto& name : folder.names)
      folder.images.labels.push_back(label_of(class_of(name, shared), folder.classes));
  folder.split = split_by_count(folder.images.count, options.holdout, Rng(options.seed).fork("split"));
  folder.protocol = protocol_of(folder, options);
  return folder;
}

}  // namespace atelier::inline v0::data
