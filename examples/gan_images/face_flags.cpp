#include "face_flags.hpp"

#include <algorithm>
#include <cstdio>
#include <sstream>

namespace atelier::programs {

namespace {
/// What stands between commas; nothing of an empty text.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream rest(text.empty() ? text : text + ",");
  for (std::string word; std::getline(rest, word, ',');) words.push_back(word);
  return words;
}
void fill_in(std::string& word, const char* usual) {
  if (word.empty()) word = usual;
}
/// Throws ConfigError unless `word` is one of two that images other than CelebA's have.
void expect_of_others(const char* flag, const std::string& word, const char* one, const char* other) {
  if (word != one && word != other)
    throw ConfigError(std::string(flag) + ": expected " + one + (one == other ? "" : std::string(" or ") + other) +
                      " for images that are not CelebA's, found '" + word + "'");
}
}  // namespace

void FaceFlags::add_to(CommandLine& line) {
  line.option(
      "--crop NAME", crop,
      "Square of CelebA's frame (c108, c128y121, c140, c148, c160, c178; usually c148) or of any image (square), "
      "or whole");
  line.option("--split NAME", split,
              "What is held out of CelebA: identity (usual; no person in both parts), partition or count; of other "
              "images: count");
  line.option("--holdout N", holdout, "Held-out images of a split by identity or count").between(1, 1'000'000);
  line.option("--on-damage WHAT", on_damage, "Damaged images: refuse or skip");
  line.option("--cache DIR", cache, "Folder where decoded images are kept; none: decoded in every run");
}

void FaceFlags::add_labels_to(CommandLine& line) {
  line.flag(
      "--conditional", conditional,
      "Generator and discriminator see labels: CelebA's attributes, or other images' subfolders in ascending order");
  line.option("--attributes NAME,...", attributes,
              "Whose combinations are the labels, the first name's bit the highest (usually Male,Smiling)");
}

void FaceFlags::settle(const std::filesystem::path& images) {
  std::error_code ignored;
  const bool others = std::filesystem::exists(images, ignored) && !data::looks_like_celeba(images);
  if (!attributes.empty() && (others || !conditional))
    throw ConfigError(std::string("--attributes: expected none ") +
                      (others ? "for images that are not CelebA's" : "without --conditional") + ", found '" +
                      attributes + "'");
  fill_in(crop, others ? "square" : "c148");
  fill_in(split, others ? "count" : "identity");
  if (others) {
    expect_of_others("--crop", crop, "square", "whole");
    expect_of_others("--split", split, "count", "count");
  } else if (conditional) {
    fill_in(attributes, "Male,Smiling");
  }
}

data::CelebaOptions FaceFlags::resolved(Index size, bool silent) const {
  data::CelebaOptions o{.holdout = holdout};
  o.crop = data::crop_from(crop);
  o.split = data::split_by_from(split);
  o.images.size = size;
  o.images.on_damage = data::on_damage_from(on_damage);
  o.images.cache = cache;
  o.labels = words_of(attributes);
  if (!silent)
    o.images.progress = [told = 0](Index done, Index all) mutable {
      const int tenths = static_cast<int>(10 * done / std::max<Index>(1, all));
      if (tenths > told) std::fprintf(stderr, "images decoded: %d0%%\n", told = tenths);
    };
  return o;
}

void add_request(train::Record& r, const FaceFlags& f) {
  r.set("crop", f.crop).set("split", f.split).set("holdout", f.holdout).set("on_damage", f.on_damage);
  if (!f.attributes.empty()) r.set("attributes", f.attributes);
}

}  // namespace atelier::programs
