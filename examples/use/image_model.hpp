/// A trained model of images, whatever its kind: from latent numbers to pictures and, for a VAE, back.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "atelier/io/png.hpp"
#include "atelier/tensor/tensor.hpp"

namespace atelier::programs {

struct ImageModel {
  Index channels = 1, size = 0, latent = 0;
  Index classes = 0;  // > 0: it wants labels

  virtual ~ImageModel() = default;
  /// Latents [N, latent], labels [N] if there are classes -> pictures [N, C, size, size] in [0, 1].
  virtual Tensor draw(const Tensor& z, const IndexTensor& labels) const = 0;
};
/// One that has a way back.
struct VaeModel : ImageModel {
  /// Pictures [N, C, size, size], labels as for draw -> the latents [N, latent] that stand for them.
  virtual Tensor encode(const Tensor& pictures, const IndexTensor& labels) const = 0;
};

/// Throws InputError for files that hold no such model, ConfigError for one that makes no pictures from noise.
std::unique_ptr<ImageModel> open_image_model(const std::filesystem::path& path);
/// The same of a VAE. Throws ConfigError for every other model.
std::unique_ptr<VaeModel> open_vae_model(const std::filesystem::path& path);

/// A label for each of n pictures: `chosen`, or 0, 1, 2, ... over and over; none for a model without classes.
/// Throws ConfigError for a label that the model does not have.
IndexTensor labels_for(const ImageModel& model, Index n, std::optional<Index> chosen);

/// Picture files as the model takes them: cut to the square in the middle, resized, grey or in colour, [N, C, size,
/// size] in [0, 1]. Throws InputError for files that are no pictures.
Tensor read_pictures(const ImageModel& model, const std::vector<std::string>& files);

/// Throws ConfigError for an --out that does not end in .png: what is written there is a PNG file.
void check_png_name(const std::filesystem::path& out);

/// What a picture file says of how it was made: the program and its words, and which file the model came from.
io::PngText origin(int argc, char** argv, const std::filesystem::path& model);

}  // namespace atelier::programs
