#include "face_flags.hpp"

#include <algorithm>
#include <cstdio>

namespace atelier::programs {

void FaceFlags::add_to(CommandLine& line) {
  line.option("--crop NAME", crop, "Square of the 178 x 218 frame: c108, c128y121, c140, c148, c160 or c178");
  line.option("--split NAME", split, "What is held out: identity (no person in both parts), partition or count");
  line.option("--holdout N", options.holdout, "Held-out images of a split by identity or count").between(1, 1'000'000);
  line.option("--on-damage WHAT", on_damage, "Damaged images: refuse or skip");
  line.option("--cache DIR", cache, "Folder where decoded images are kept; none: decoded in every run");
}

data::CelebaOptions FaceFlags::resolved(Index size, bool silent) const {
  data::CelebaOptions o = options;
  o.crop = data::crop_from(crop);
  o.split = data::split_by_from(split);
  o.images.size = size;
  o.images.on_damage = data::on_damage_from(on_damage);
  o.images.cache = cache;
  if (!silent)
    o.images.progress = [told = 0](Index done, Index all) mutable {
      const int tenths = static_cast<int>(10 * done / std::max<Index>(1, all));
      if (tenths > told) std::fprintf(stderr, "images decoded: %d0%%\n", told = tenths);
    };
  return o;
}

void add_request(train::Record& r, const FaceFlags& f) {
  r.set("crop", f.crop).set("split", f.split).set("holdout", f.options.holdout).set("on_damage", f.on_damage);
}

}  // namespace atelier::programs
