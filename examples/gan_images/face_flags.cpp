#include "face_flags.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

namespace atelier::programs {

void FaceFlags::add_to(CLI::App& app) {
  app.add_option("--crop", crop, "Square of the 178 x 218 frame: c108, c128y121, c140, c148, c160 or c178")
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--split", split, "What is held out: identity (no person in both parts), partition or count")
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--holdout", options.holdout, "Held-out images of a split by identity or count")
      ->check(within(1, 1'000'000))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--on-damage", on_damage, "Damaged images: refuse or skip")->type_name("WHAT")->capture_default_str();
  app.add_option("--cache", cache, "Folder where decoded images are kept; none: decoded in every run")
      ->type_name("DIR");
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
