/// A model file that has been opened, and the configuration in it.
#pragma once

#include "atelier/io/safetensors.hpp"
#include "atelier/models/load.hpp"
#include "models/fields.hpp"

namespace atelier::inline v0::models {

struct ModelFile {
  std::filesystem::path path;
  io::SafetensorsFile file;
  Fields config;

  /// Throws InputError for a file without a configuration.
  static ModelFile open(const std::filesystem::path& path);
  /// The same, and refuses models of another kind.
  static ModelFile open(const std::filesystem::path& path, const char* kind);

  /// What stands in front of the model's names, of which `first` is one: the first of `prefixes` that fits, or the
  /// last.
  std::string prefix(std::initializer_list<const char*> prefixes, const std::string& first) const;
  /// Throws InputError when a model of `parameters` would need more memory than the file's numbers do.
  void check_size(double parameters) const;
};

/// Throws InputError when a number of the configuration is not positive.
Index positive(const Fields& fields, const char* key);

}  // namespace atelier::inline v0::models
