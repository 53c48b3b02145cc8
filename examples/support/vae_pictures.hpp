/// The pictures of a VAE's run, whatever its networks are.
#pragma once

#include <algorithm>
#include <filesystem>
#include <numeric>

#include "atelier/io/image.hpp"
#include "atelier/io/png.hpp"
#include "atelier/models/vae/evaluate.hpp"
#include "atelier/models/vae/sample.hpp"

namespace atelier::programs {

/// Where pictures go, how large an image is, and the texts inside the files.
struct Album {
  std::filesystem::path folder;
  std::string prefix;  // of the file names
  Index height = 28, width = 28, channels = 1;
  io::PngText text;
};

namespace detail {
inline void write(const Album& album, const char* name, const Tensor& images, Index columns) {
  const auto grid = io::image_grid(images.view({images.size(0), album.channels, album.height, album.width}),
                                   {.columns = columns, .padding = 2, .zoom = album.width <= 32 ? 2 : 1});
  io::write_png(album.folder / (album.prefix + "-" + name + ".png"), grid, album.text);
}

/// `repeat` one-hot rows for each class in turn; nothing for a model without classes.
inline Tensor class_rows(const vae::Config& c, Index repeat) {
  if (c.classes == 0) return {};
  auto numbers = IndexTensor::empty({c.classes * repeat});
  for (Index i = 0; i < numbers.size(); ++i) numbers.mutable_data()[i] = static_cast<std::int32_t>(i / repeat);
  return one_hot<float>(numbers, c.classes);
}
inline Tensor repeated(const Tensor& row, Index n) { return row ? expand(row, {n, row.size(1)}) : row; }
}  // namespace detail

/// prefix-samples.png: an 8 x 8 grid from latents that are the same in every call; of a conditional model a row for
/// each class.
template <vae::Model V> void draw_samples(const Album& album, const V& model, const Rng& rng) {
  constexpr Index columns = 8;
  const Tensor labels = detail::class_rows(model.config, columns);
  Rng latents = rng.fork("pictures");
  detail::write(album, "samples", vae::sample(model, labels ? labels.size(0) : columns * columns, latents, labels),
                columns);
}

/// prefix-reconstructions.png: pairs of rows, images above their reconstructions.
template <vae::Model V> void draw_reconstructions(const Album& album, const V& model, const vae::Batch<float>& images) {
  constexpr Index columns = 10, pairs = 3;
  std::vector<Tensor> rows;
  for (Index r = 0; r < pairs && (r + 1) * columns <= images.size(); ++r) {
    const auto some = images.rows(r * columns, (r + 1) * columns);
    rows.push_back(some.images);
    rows.push_back(vae::reconstruct(model, some.images, some.labels));
  }
  if (!rows.empty()) detail::write(album, "reconstructions", concat(rows, 0), columns);
}

/// prefix-interpolations.png: in each row the way from one image to another through the latent space, on the sphere.
template <vae::Model V> void draw_interpolations(const Album& album, const V& model, const vae::Batch<float>& images) {
  constexpr Index columns = 10, rows = 8;
  std::vector<Tensor> ways;
  for (Index r = 0; r < rows && 2 * r + 1 < images.size(); ++r) {
    const auto from = images.rows(2 * r, 2 * r + 1), to = images.rows(2 * r + 1, 2 * r + 2);
    const auto a = model.encode(from.images, from.labels).mean, b = model.encode(to.images, to.labels).mean;
    const auto labels =
        from.labels ? vae::interpolate(from.labels, to.labels, columns, vae::Path::linear) : from.labels;
    ways.push_back(vae::decode_images(model, vae::interpolate(a, b, columns), labels));
  }
  if (!ways.empty()) detail::write(album, "interpolations", concat(ways, 0), columns);
}

/// prefix-traversals.png: in each row one of the ten most active latent dimensions from -3 to 3, the others those of
/// the first image.
template <vae::Model V> void draw_traversals(const Album& album, const V& model, const vae::Batch<float>& images) {
  constexpr Index columns = 11, most_rows = 10;
  const auto some = images.rows(0, std::min<Index>(images.size(), 1000));
  const auto means = model.encode(some.images, some.labels).mean;
  const auto activity = variance(means, {0});
  std::vector<Index> dimensions(static_cast<std::size_t>(model.config.latent));
  std::iota(dimensions.begin(), dimensions.end(), 0);
  std::stable_sort(dimensions.begin(), dimensions.end(),
                   [&](Index a, Index b) { return activity.data()[a] > activity.data()[b]; });
  std::vector<Tensor> rows;
  for (Index r = 0; r < std::min(most_rows, model.config.latent); ++r) {
    const auto path = vae::traverse(slice(means, 0, 0, 1), dimensions[static_cast<std::size_t>(r)], columns);
    rows.push_back(vae::decode_images(model, path, detail::repeated(some.rows(0, 1).labels, columns)));
  }
  detail::write(album, "traversals", concat(rows, 0), columns);
}

}  // namespace atelier::programs
