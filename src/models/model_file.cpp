#include "models/model_file.hpp"

#include "io/descriptor.hpp"

namespace atelier::inline v0 {

std::filesystem::path model_file(const std::filesystem::path& path) {
  std::error_code ignored;
  const auto file = std::filesystem::is_directory(path, ignored) ? path / "model.safetensors" : path;
  if (!std::filesystem::exists(file, ignored))
    throw InputError(io::printable(file.string()) + ": expected a model file, found none");
  return file;
}

std::string model_kind(const std::filesystem::path& path) {
  return models::ModelFile::open(path).config.text("model", "unnamed");
}

namespace models {

ModelFile ModelFile::open(const std::filesystem::path& path) {
  const auto where = model_file(path);
  auto file = io::SafetensorsFile::open(where);
  const auto place = io::printable(where.string());
  const auto found = file.metadata().find(model_config_key);
  if (found == file.metadata().end()) refuse(place, std::string("a configuration under ") + model_config_key, "none");
  Fields config(found->second, place + ": " + model_config_key);
  return {where, std::move(file), std::move(config)};
}

ModelFile ModelFile::open(const std::filesystem::path& path, const char* kind) {
  auto opened = open(path);
  if (const auto found = opened.config.text("model", "none"); found != kind)
    refuse(opened.config.place() + ": model", kind, found);
  return opened;
}

std::string ModelFile::prefix(std::initializer_list<const char*> prefixes, const std::string& first) const {
  std::string last;
  for (const char* p : prefixes) {
    last = p;
    if (file.contains(last + first)) break;
  }
  return last;
}

void ModelFile::check_size(double parameters) const {
  double stored = 0;
  for (const auto& info : file.tensors()) stored += static_cast<double>(info.shape.size());
  if (!(parameters <= stored))
    refuse(config.place(), "sizes of a model of the file's " + std::to_string(static_cast<Index>(stored)) + " numbers",
           "larger ones");
}

Index positive(const Fields& fields, const char* key) {
  const Index n = fields.integer(key);
  if (n < 1) refuse(fields.place() + ": " + key, "a positive number", std::to_string(n));
  return n;
}

}  // namespace models
}  // namespace atelier::inline v0
