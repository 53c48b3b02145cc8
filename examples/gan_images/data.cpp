#include "data.hpp"

#include <numeric>

#include "atelier/data/image_folder.hpp"
#include "atelier/io/checksum.hpp"

namespace atelier::programs {

namespace {
std::vector<std::int32_t> range(Index begin, Index end) {
  std::vector<std::int32_t> numbers(static_cast<std::size_t>(end - begin));
  std::iota(numbers.begin(), numbers.end(), static_cast<std::int32_t>(begin));
  return numbers;
}

/// What was loaded, a data::Celeba or data::ImageFolder.
ImageData loaded(auto from) {
  if (from.split.test.size() < 4 || from.split.train.empty())
    throw ConfigError("--holdout: expected training images and 4 held-out images at least, found " +
                      std::to_string(from.split.train.size()) + " and " + std::to_string(from.split.test.size()) +
                      "; try another --holdout or --split");
  ImageData d;
  d.train = std::move(from.split.train);
  d.held_out = std::move(from.split.test);
  d.classes = std::move(from.classes);
  d.checksums = from.images.pixels_sha256;
  if (!from.images.labels.empty()) d.checksums += " " + io::sha256(std::as_bytes(std::span(from.images.labels)));
  d.images = std::move(from.images);
  d.protocol = from.protocol;
  return d;
}

/// Every image in the middle of a black square of `size`.
data::ImageSet framed(const data::ImageSet& set, Index size) {
  data::ImageSet wide = set;
  wide.height = wide.width = size;
  wide.pixels.assign(static_cast<std::size_t>(set.count * size * size), 0);
  const Index top = (size - set.height) / 2, left = (size - set.width) / 2;
  for (Index i = 0; i < set.count; ++i)
    for (Index y = 0; y < set.height; ++y)
      std::copy_n(set.pixels.begin() + (i * set.height + y) * set.width, set.width,
                  wide.pixels.begin() + (i * size + top + y) * size + left);
  return wide;
}
}  // namespace

std::vector<std::int32_t> ImageData::some(const std::vector<std::int32_t>& part, Index n, const Rng& rng) const {
  if (n >= static_cast<Index>(part.size())) return part;
  auto order = Rng(rng).permutation(static_cast<std::int64_t>(part.size()));
  order.resize(static_cast<std::size_t>(n));
  return data::pick(part, order);
}

ImageData digit_data(data::Mnist mnist, Index size) {
  if (size != mnist.train.height && size != mnist.train.height + 4)
    throw ConfigError("--size: expected " + std::to_string(mnist.train.height) + ", or " +
                      std::to_string(mnist.train.height + 4) + " for a frame around the digits, found " +
                      std::to_string(size));
  ImageData d;
  d.checksums = mnist.train.pixels_sha256 + " " + mnist.test.pixels_sha256;
  for (Index c = 0; c < data::Mnist::classes; ++c) d.classes.push_back(std::to_string(c));
  d.train = range(0, mnist.train.count);
  d.held_out = range(mnist.train.count, mnist.train.count + mnist.test.count);
  d.images = std::move(mnist.train);
  d.images.count += mnist.test.count;
  d.images.pixels.insert(d.images.pixels.end(), mnist.test.pixels.begin(), mnist.test.pixels.end());
  d.images.labels.insert(d.images.labels.end(), mnist.test.labels.begin(), mnist.test.labels.end());
  const Index side = d.images.height;
  if (size != side) d.images = framed(d.images, size);
  d.protocol = std::to_string(d.train.size()) + " training and " + std::to_string(d.held_out.size()) +
               " test images, " + std::to_string(side) + "x" + std::to_string(side) + ", no crop, " +
               (size == side ? "no resize" : "black frame to " + std::to_string(size));
  return d;
}

ImageData face_data(const std::filesystem::path& path, const data::CelebaOptions& o, bool labels) {
  if (data::looks_like_celeba(path)) return loaded(data::load_celeba(path, o));
  return loaded(data::load_image_folder(
      path, {.crop = o.crop, .images = o.images, .labels = labels, .holdout = o.holdout, .seed = o.seed}));
}

}  // namespace atelier::programs
