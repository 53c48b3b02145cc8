#include "face_flags.hpp"

#include <algorithm>
#include <cstdio>
#include <sstream>

namespace atelier::programs {

namespace {
/// What stands between commas.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream rest(text);
  for (std::string word; std::getline(rest, word, ',');) words.push_back(word);
  return words;
}
}  // namespace

void FaceFlags::add_to(CommandLine& line) {
  line.option("--crop NAME", crop, "Square of CelebA's frame: c108, c128y121, c140, c148, c160 or c178; or whole");
  line.option("--split NAME", split, "What is held out: identity (no person in both parts), partition or count");
  line.option("--holdout N", options.holdout, "Held-out images of a split by identity or count").between(1, 1'000'000);
  line.option("--on-damage WHAT", on_damage, "Damaged images: refuse or skip");
  line.option("--cache DIR", cache, "Folder where decoded images are kept; none: decoded in every run");
}

void FaceFlags::add_labels_to(CommandLine& line) {
  line.flag("--conditional", conditional,
            "Generator and discriminator see labels: attributes; of other images, their subfolders");
  line.option("--attributes NAME,...", attributes, "Whose combinations are the labels");
}

data::CelebaOptions FaceFlags::resolved(Index size, bool silent) const {
  data::CelebaOptions o = options;
  o.crop = data::crop_from(crop);
  o.split = data::split_by_from(split);
  o.images.size = size;
  o.images.on_damage = data::on_damage_from(on_damage);
  o.images.cache = cache;
  if (!conditional && attributes != usual_attributes)
    throw ConfigError("--attributes: expected none without --conditional, found '" + attributes + "'");
  if (conditional) o.labels = words_of(attributes);
  if (!silent)
    o.images.progress = [told = 0](Index done, Index all) mutable {
      const int tenths = static_cast<int>(10 * done / std::max<Index>(1, all));
      if (tenths > told) std::fprintf(stderr, "images decoded: %d0%%\n", told = tenths);
    };
  return o;
}

void add_request(train::Record& r, const FaceFlags& f) {
  r.set("crop", f.crop).set("split", f.split).set("holdout", f.options.holdout).set("on_damage", f.on_damage);
  if (f.conditional) r.set("attributes", f.attributes);
}

}  // namespace atelier::programs
