/// Pictures of an image GAN's run.
#pragma once

#include <filesystem>
#include <functional>

#include "atelier/core/random.hpp"
#include "atelier/io/png.hpp"
#include "atelier/tensor/tensor.hpp"

namespace atelier::programs {

/// Where pictures go, and the texts inside the files.
struct Gallery {
  std::filesystem::path folder;
  Index step = 0;
  io::PngText text;

  /// step-N-NAME.png: images [N, C, H, W] in [0, 1], row by row.
  void write(const char* name, const Tensor& images, Index columns) const;
  /// animation.png: the step-N-NAME.png of the folder up to the present step, at most 100 of them, evenly chosen.
  void animate(const char* name) const;
};

/// Noise [n, latent] and labels [n], or none, to images [n, C, H, W] in [0, 1].
using Draw = std::function<Tensor(const Tensor& noise, const IndexTensor& labels)>;

/// Pictures of a generator from noise that is the same in every call: samples (8 x 8; of a conditional model a row for
/// each of the first 16 classes), interpolations (in each row the way between two points, on the sphere), truncation
/// (in each row noise within 0.25, 0.5, 1, 1.5, 2, 3 of the origin, in every dimension; of a conditional model a column
/// for each of the first 8 classes), animation.
void draw_generator(const Gallery& gallery, const Draw& draw, Index latent, Index classes, const Rng& rng);

}  // namespace atelier::programs
