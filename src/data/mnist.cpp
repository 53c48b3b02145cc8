#include "atelier/data/mnist.hpp"

#include <algorithm>

#include "atelier/core/error.hpp"
#include "atelier/data/idx.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::data {
namespace {

namespace fs = std::filesystem;

/// `stem` is such as "train-images"; the same file is found under four names.
fs::path find(const fs::path& folder, const std::string& stem, const std::string& kind) {
  for (const char* dash : {"-", "."})
    for (const char* ending : {"", ".gz"}) {
      const fs::path path = folder / (stem + dash + kind + "-ubyte" + ending);
      std::error_code ignored;
      if (fs::exists(path, ignored)) return path;
    }
  throw InputError(io::printable(folder.string()) + ": expected the file " + stem + "-" + kind + "-ubyte or " + stem +
                   "-" + kind + "-ubyte.gz, found none; scripts/get_data.sh mnist fetches it");
}

void check_labels(const fs::path& path, const std::vector<std::uint8_t>& labels) {
  const auto bad = std::find_if(labels.begin(), labels.end(), [](auto label) { return label >= Mnist::classes; });
  if (bad != labels.end())
    throw InputError(io::printable(path.string()) + ": label " + std::to_string(bad - labels.begin()) +
                     ": expected 0 to 9, found " + std::to_string(*bad) +
                     "; the file is damaged or of another data set");
}

ImageSet load(const fs::path& folder, const std::string& part) {
  const auto image_path = find(folder, part + "-images", "idx3"), label_path = find(folder, part + "-labels", "idx1");
  auto images = read_idx(image_path, 3);
  auto labels = read_idx(label_path, 1);
  if (images.shape[0] != labels.shape[0])
    throw InputError(io::printable(label_path.string()) + ": expected " + std::to_string(images.shape[0]) +
                     " labels, one for each image of " + io::printable(image_path.filename().string()) + ", found " +
                     std::to_string(labels.shape[0]) + "; the files do not belong together");
  check_labels(label_path, labels.values);
  return {.pixels = std::move(images.values),
          .labels = std::move(labels.values),
          .count = images.shape[0],
          .height = images.shape[1],
          .width = images.shape[2],
          .pixels_sha256 = std::move(images.sha256),
          .labels_sha256 = std::move(labels.sha256)};
}

std::string size_text(const ImageSet& set) { return std::to_string(set.height) + " x " + std::to_string(set.width); }

}  // namespace

Mnist load_mnist(const fs::path& folder) {
  Mnist mnist{load(folder, "train"), load(folder, "t10k")};
  if (mnist.train.height != mnist.test.height || mnist.train.width != mnist.test.width)
    throw InputError(io::printable(folder.string()) + ": expected test images of " + size_text(mnist.train) +
                     " pixels like the training images, found " + size_text(mnist.test) +
                     "; the files do not belong together");
  return mnist;
}

}  // namespace atelier::inline v0::data
