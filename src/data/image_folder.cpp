#include "atelier/data/image_folder.hpp"

#include <algorithm>
#include <set>

#include "atelier/core/error.hpp"
#include "data/load_images.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::data {
namespace {

constexpr std::size_t most_classes = 256;  // labels are bytes

std::string class_of(const std::string& name) { return name.substr(0, name.find('/')); }

std::vector<std::string> classes_of(const ImageSource& source) {
  std::set<std::string> classes;
  for (const auto& name : source.names()) {
    if (name.find('/') == std::string::npos)
      throw InputError(source.place() + ": expected images in subfolders, which are their classes, found " +
                       io::in_quotes(name) + " outside; move it, or load without labels");
    classes.insert(class_of(name));
  }
  if (classes.size() < 2 || classes.size() > most_classes)
    throw InputError(source.place() + ": expected 2 to 256 subfolders with images, which are their classes, found " +
                     std::to_string(classes.size()) + "; check the path, or load without labels");
  return {classes.begin(), classes.end()};
}

std::uint8_t label_of(const std::string& name, const std::vector<std::string>& classes) {
  const auto at = std::lower_bound(classes.begin(), classes.end(), class_of(name));
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
  if (options.labels && !source->names().empty()) folder.classes = classes_of(*source);
  if (!source->names().empty()) check_holdout(static_cast<Index>(source->names().size()), options.holdout);
  NamedImages images = load_images(*source, options.crop, options.images, Sizes::any);
  folder.images = std::move(images.set);
  folder.names = std::move(images.names);
  folder.report = std::move(images.report);
  if (options.labels)
    for (const auto& name : folder.names) folder.images.labels.push_back(label_of(name, folder.classes));
  folder.split = split_by_count(folder.images.count, options.holdout, Rng(options.seed).fork("split"));
  folder.protocol = protocol_of(folder, options);
  return folder;
}

}  // namespace atelier::inline v0::data
