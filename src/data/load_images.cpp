#include "data/load_images.hpp"

#include <algorithm>

#include "atelier/core/error.hpp"
#include "data/image_cache.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::data {
namespace {

constexpr std::size_t most_named = 10;  // damaged images, in a report's lines

std::string count(Index n) { return std::to_string(n) + (n == 1 ? " image" : " images"); }

void check_damage(const ImageSource& source, const DecodedImages& decoded, OnDamage on_damage) {
  if (decoded.damaged.empty() || (on_damage == OnDamage::skip && !decoded.kept.empty())) return;
  throw InputError(source.place() + ": expected " + count(static_cast<Index>(source.names().size())) +
                   " without damage, found " + std::to_string(decoded.damaged.size()) + " damaged, the first: " +
                   decoded.reasons.front() + (decoded.kept.empty() ? "" : "; or skip damaged images"));
}

ImageReport report(const ImageSource& source, const DecodedImages& decoded) {
  ImageReport r{.found = static_cast<Index>(source.names().size()),
                .kept = static_cast<Index>(decoded.kept.size()),
                .width = decoded.width,
                .height = decoded.height,
                .made_colour = decoded.made_colour,
                .made_grey = decoded.made_grey};
  for (std::size_t i = 0; i < decoded.damaged.size(); ++i)
    r.damaged.push_back({source.names()[static_cast<std::size_t>(decoded.damaged[i])], decoded.reasons[i]});
  return r;
}

}  // namespace

OnDamage on_damage_from(std::string_view name) {
  if (name == "refuse") return OnDamage::refuse;
  if (name == "skip") return OnDamage::skip;
  throw ConfigError("on damage: expected refuse or skip, found " + io::in_quotes(std::string(name)));
}

std::vector<std::string> ImageReport::lines() const {
  std::vector<std::string> all = {count(kept) + " of " + std::to_string(found)};
  if (made_colour) all.push_back(count(made_colour) + " converted from grey to colour");
  if (made_grey) all.push_back(count(made_grey) + " converted from colour to grey");
  if (!cache.empty()) all.push_back("cache: " + cache);
  if (!damaged.empty()) all.push_back(count(static_cast<Index>(damaged.size())) + " damaged and left out");
  for (std::size_t i = 0; i < std::min(damaged.size(), most_named); ++i) all.push_back(damaged[i].reason);
  if (damaged.size() > most_named) all.push_back("and " + std::to_string(damaged.size() - most_named) + " more");
  return all;
}

void check(const ImageOptions& options) {
  if (options.size < 1 || options.size > 4096)
    throw ConfigError("size: expected 1 to 4096 pixels, found " + std::to_string(options.size));
  if (options.channels != 1 && options.channels != 3)
    throw ConfigError("channels: expected 1 (grey) or 3 (colour), found " + std::to_string(options.channels));
}

void require_images(const ImageSource& source) {
  if (source.names().empty())
    throw InputError(source.place() + ": expected images (jpg, jpeg, png), found none; check the path");
}

NamedImages load_images(const ImageSource& source, Crop crop, const ImageOptions& options, Sizes sizes) {
  check(options);
  require_images(source);
  ImageCache cache(source, crop, options, sizes);
  auto cached = cache.read();
  DecodedImages decoded = cached ? std::move(*cached) : decode_images(source, crop, options, sizes);
  check_damage(source, decoded, options.on_damage);
  if (!cached) cache.write(decoded);
  NamedImages images;
  images.report = report(source, decoded);
  images.report.from_cache = cached.has_value();
  images.report.cache = cache.note();
  for (auto i : decoded.kept) images.names.push_back(source.names()[static_cast<std::size_t>(i)]);
  images.set = {.pixels = std::move(decoded.pixels),
                .count = static_cast<Index>(images.names.size()),
                .height = options.size,
                .width = options.size,
                .channels = options.channels,
                .pixels_sha256 = std::move(decoded.sha256)};
  return images;
}

NamedImages load_images(const std::filesystem::path& source, Crop crop, const ImageOptions& options) {
  return load_images(*open_images(source), crop, options, Sizes::any);
}

std::string describe(const ImageReport& report, Crop crop, const ImageOptions& options) {
  return std::to_string(report.kept) + " of " + std::to_string(report.found) + " " +
         describe_crop(crop, report.width, report.height, options.size) + ", " +
         (options.channels == 1 ? "grey" : "colour");
}

}  // namespace atelier::inline v0::data
