/// The pictures of a VAE's run.
#pragma once

#include <filesystem>

#include "atelier/io/png.hpp"
#include "atelier/models/vae/evaluate.hpp"
#include "atelier/models/vae/sample.hpp"

namespace atelier::programs {

/// Where pictures go, how large an image is, and the texts inside the files.
struct Album {
  std::filesystem::path folder;
  std::string prefix;  // of the file names
  Index height = 28, width = 28;
  io::PngText text;
};

/// prefix-samples.png: an 8 x 8 grid from latents that are the same in every call; of a conditional model a row for
/// each class.
void draw_samples(const Album& album, const vae::Vae& model, const Rng& rng);
/// prefix-reconstructions.png: pairs of rows, images above their reconstructions.
void draw_reconstructions(const Album& album, const vae::Vae& model, const vae::Batch<float>& images);
/// prefix-interpolations.png: in each row the way from one image to another through the latent space, on the sphere.
void draw_interpolations(const Album& album, const vae::Vae& model, const vae::Batch<float>& images);
/// prefix-traversals.png: in each row one of the ten most active latent dimensions from -3 to 3, the others those of
/// the first image.
void draw_traversals(const Album& album, const vae::Vae& model, const vae::Batch<float>& images);

}  // namespace atelier::programs
