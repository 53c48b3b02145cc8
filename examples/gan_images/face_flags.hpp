/// Flags of trainers on CelebA: which images, which part of them, which are held out.
#pragma once

#include "atelier/data/celeba.hpp"
#include "atelier/train/record.hpp"
#include "flags.hpp"

namespace atelier::programs {

struct FaceFlags {
  Index holdout = 2000;
  std::string crop, split, attributes;  // empty: what is usual for the images
  std::string on_damage = "refuse", cache;

  /// --crop, --split, --holdout, --on-damage, --cache; --size is the model's.
  void add_to(CommandLine& line);
  /// --conditional, which says whether there shall be labels, and --attributes.
  void add_labels_to(CommandLine& line, bool& labels);
  /// Fills in what was not given: c148, identity and, for labels, Male,Smiling; or for images that are there but are
  /// not CelebA's square, count and no attributes. Throws ConfigError for what such images do not have, and for
  /// attributes without labels.
  void settle(const std::filesystem::path& images, bool labels);
  /// With everything that came as text, of settled flags. Throws ConfigError for unknown names. Progress goes to
  /// standard error.
  data::CelebaOptions resolved(Index size, bool silent) const;
};

/// Adds what those flags ask for.
void add_request(train::Record& r, const FaceFlags& f);

}  // namespace atelier::programs
