/// Flags of trainers on CelebA: which images, which part of them, which are held out.
#pragma once

#include "atelier/data/celeba.hpp"
#include "atelier/train/record.hpp"
#include "flags.hpp"

namespace atelier::programs {

struct FaceFlags {
  static constexpr const char* usual_attributes = "Male,Smiling";
  data::CelebaOptions options = {.split = data::SplitBy::identity, .holdout = 2000};
  std::string crop = "c148", split = "identity", on_damage = "refuse", cache;
  bool conditional = false;
  std::string attributes = usual_attributes;  // that a conditional model is told

  /// --crop, --split, --holdout, --on-damage, --cache; --size is the model's.
  void add_to(CommandLine& line);
  /// --conditional, --attributes.
  void add_labels_to(CommandLine& line);
  /// With everything that came as text. Throws ConfigError for unknown names, and for attributes that are not asked for
  /// by --conditional. Progress goes to standard error.
  data::CelebaOptions resolved(Index size, bool silent) const;
};

/// Adds what those flags ask for.
void add_request(train::Record& r, const FaceFlags& f);

}  // namespace atelier::programs
