/// Flags of trainers on CelebA: which images, which part of them, which are held out.
#pragma once

#include "atelier/data/celeba.hpp"
#include "atelier/train/record.hpp"
#include "flags.hpp"

namespace atelier::programs {

struct FaceFlags {
  data::CelebaOptions options = {.split = data::SplitBy::identity, .holdout = 2000};
  std::string crop = "c148", split = "identity", on_damage = "refuse", cache;

  /// --crop, --split, --holdout, --on-damage, --cache; --size is the model's.
  void add_to(CommandLine& line);
  /// With everything that came as text. Throws ConfigError for unknown names. Progress goes to standard error.
  data::CelebaOptions resolved(Index size, bool silent) const;
};

/// Adds what those flags ask for.
void add_request(train::Record& r, const FaceFlags& f);

}  // namespace atelier::programs
