#include "data/image_cache.hpp"

#include <algorithm>
#include <charconv>

#include "atelier/core/error.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::data {
namespace {

constexpr const char* version = "1";  // another one when the same files give other pixels, or the layout changes
constexpr Index longest_reason = 1024;

[[noreturn]] void outdated(const std::string& what) { throw InputError("it is of " + what); }

const std::string& text(const io::Metadata& metadata, const std::string& key) {
  const auto it = metadata.find(key);
  if (it == metadata.end()) outdated("another layout");
  return it->second;
}
Index number(const io::Metadata& metadata, const std::string& key) {
  const std::string& digits = text(metadata, key);
  Index n = -1;
  std::from_chars(digits.data(), digits.data() + digits.size(), n);
  if (n < 0) outdated("another layout");
  return n;
}

/// `found` numbers in all, each in one of the two lists, both ascending.
bool complete(const DecodedImages& d, Index found) {
  std::vector<std::int32_t> all(d.kept.size() + d.damaged.size());
  std::merge(d.kept.begin(), d.kept.end(), d.damaged.begin(), d.damaged.end(), all.begin());
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i] != static_cast<std::int32_t>(i)) return false;
  return static_cast<Index>(all.size()) == found;
}

template <class T> io::NamedBytes named(const std::string& name, const std::vector<T>& values, Shape shape) {
  return {name, io::dtype_of<T>, std::move(shape), std::as_bytes(std::span(values))};
}
template <class T> io::NamedBytes named(const std::string& name, const std::vector<T>& values) {
  return named(name, values, {static_cast<Index>(values.size())});
}

/// A list of at most `most` elements.
template <class T> std::vector<T> read_list(const io::SafetensorsFile& file, const std::string& name, Index most) {
  const Shape& shape = file.info(name).shape;
  if (shape.rank() != 1 || shape[0] > most) outdated("another layout");
  std::vector<T> values(static_cast<std::size_t>(shape[0]));
  file.read_into(name, std::span(values));
  return values;
}

}  // namespace

ImageCache::ImageCache(const ImageSource& source, Crop crop, const ImageOptions& options, Sizes sizes)
    : found_(static_cast<Index>(source.names().size())), channels_(options.channels), size_(options.size) {
  if (options.cache.empty()) return;
  const auto side = std::to_string(options.size), channels = std::to_string(options.channels);
  path_ =
      options.cache / (std::string("images-") + name(crop) + "-" + side + "x" + side + "x" + channels + ".safetensors");
  key_ = {{"atelier.images", version},
          {"source", source.fingerprint()},
          {"crop", name(crop)},
          {"size", side},
          {"channels", channels},
          {"background", std::to_string(options.read.background)},
          {"limits", std::to_string(options.read.max_side) + " " + std::to_string(options.read.max_pixels) + " " +
                         std::to_string(options.read.max_file_bytes)},
          {"sizes", sizes == Sizes::one ? "one" : "any"}};
}

DecodedImages ImageCache::read_file() const {
  const auto file = io::SafetensorsFile::open(path_);
  for (const auto& [key, value] : key_) {
    const auto found = file.metadata().find(key);
    if (found == file.metadata().end() || found->second != value) outdated("another " + key);
  }
  if (!file.has_checksums()) outdated("another program");
  DecodedImages d;
  d.kept = read_list<std::int32_t>(file, "kept", found_);
  d.damaged = read_list<std::int32_t>(file, "damaged", found_);
  const auto lines = read_list<std::uint8_t>(file, "reasons", longest_reason * found_);
  for (auto from = lines.begin(); from != lines.end();) {
    const auto to = std::find(from, lines.end(), '\n');
    d.reasons.emplace_back(from, to);
    from = to + (to != lines.end());
  }
  const Shape shape{static_cast<Index>(d.kept.size()), channels_, size_, size_};
  if (!complete(d, found_) || d.reasons.size() != d.damaged.size() || file.info("pixels").shape != shape)
    outdated("another layout");
  d.pixels.resize(static_cast<std::size_t>(shape.size()));
  file.read_into("pixels", std::span(d.pixels));
  d.width = number(file.metadata(), "width"), d.height = number(file.metadata(), "height");
  d.made_colour = number(file.metadata(), "made_colour"), d.made_grey = number(file.metadata(), "made_grey");
  d.sha256 = text(file.metadata(), "pixels_sha256");
  return d;
}

std::optional<DecodedImages> ImageCache::read() {
  std::error_code ignored;
  if (path_.empty() || !std::filesystem::exists(path_, ignored)) return {};
  try {
    auto decoded = read_file();
    note_ = "read from " + io::printable(path_.string());
    return decoded;
  } catch (const Error& error) {
    note_ = std::string("made again, ") + error.what() + "; ";
  }
  return {};
}

void ImageCache::write(const DecodedImages& d) {
  if (path_.empty()) return;
  std::string reasons;
  for (const auto& reason : d.reasons) reasons += reason + '\n';
  const std::vector<std::uint8_t> text(reasons.begin(), reasons.end());
  io::Metadata metadata = key_;
  metadata["width"] = std::to_string(d.width), metadata["height"] = std::to_string(d.height);
  metadata["made_colour"] = std::to_string(d.made_colour), metadata["made_grey"] = std::to_string(d.made_grey);
  metadata["pixels_sha256"] = d.sha256;
  const io::NamedBytes parts[] = {
      named("pixels", d.pixels, {static_cast<Index>(d.kept.size()), channels_, size_, size_}), named("kept", d.kept),
      named("damaged", d.damaged), named("reasons", text)};
  try {
    std::error_code error;
    std::filesystem::create_directories(path_.parent_path(), error);
    io::write_safetensors(path_, parts, metadata);
    note_ += "written to " + io::printable(path_.string());
  } catch (const IoError& error) {
    note_ += std::string("not written, ") + error.what();
  }
}

}  // namespace atelier::inline v0::data
