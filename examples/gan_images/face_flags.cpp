#include "face_flags.hpp"

#include <algorithm>
#include <cstdio>

#include "words.hpp"

namespace atelier::programs {

namespace {
void fill_in(std::string& word, const char* usual) {
  if (word.empty()) word = usual;
}
[[noreturn]] void refuse(const char* flag, const char* expected, const std::string& found) {
  throw ConfigError(std::string(flag) + ": expected " + expected + ", found '" + found + "'");
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

void FaceFlags::add_labels_to(CommandLine& line, bool& labels) {
  line.flag(
      "--conditional", labels,
      "Generator and discriminator see labels: CelebA's attributes, or other images' subfolders in ascending order");
  line.option("--attributes NAME,...", attributes,
              "Whose combinations are the labels, the first name's bit the highest (usually Male,Smiling)");
}

void FaceFlags::settle(const std::filesystem::path& images, bool labels) {
  std::error_code ignored;
  const bool others = std::filesystem::exists(images, ignored) && !data::looks_like_celeba(images);
  if (!attributes.empty() && others) refuse("--attributes", "none for images that are not CelebA's", attributes);
  if (!attributes.empty() && !labels) refuse("--attributes", "none without --conditional", attributes);
  fill_in(crop, others ? "square" : "c148");
  fill_in(split, others ? "count" : "identity");
  if (labels && !others) fill_in(attributes, "Male,Smiling");
  if (others && crop != "square" && crop != "whole")
    refuse("--crop", "square or whole for images that are not CelebA's", crop);
  if (others && split != "count") refuse("--split", "count for images that are not CelebA's", split);
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
