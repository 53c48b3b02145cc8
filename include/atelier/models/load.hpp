/// Trained models from files: a run's folder, its model.safetensors, or one of its checkpoints. The configuration
/// stands in the file.
///
///   const auto vae = load<vae::Vae>("runs/vae");
///
/// Which models there are: files.hpp of each folder of models/.
#pragma once

#include <filesystem>
#include <string>

namespace atelier::inline v0 {

/// Metadata of model files under which the model's configuration stands, as one line of JSON.
inline constexpr const char* model_config_key = "atelier.config";

/// A model as it was trained, of a GAN's generator the average. Throws InputError that names file, place, expected and
/// found for a file that is missing, damaged, or of another model; IoError when the system refuses.
template <class M> M load(const std::filesystem::path& path);

/// The file that `path` means: itself, or the model.safetensors in a folder. Throws InputError when there is none.
std::filesystem::path model_file(const std::filesystem::path& path);

/// What kind of model a file says that it holds: "vae", "conv_vae", "gan_mlp", "gan_images", "gpt", ... Throws as
/// load() does.
std::string model_kind(const std::filesystem::path& path);

}  // namespace atelier::inline v0
