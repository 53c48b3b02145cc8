#include "pictures.hpp"

#include <algorithm>

#include "atelier/io/apng.hpp"
#include "atelier/io/read_image.hpp"
#include "atelier/models/gan/sample.hpp"
#include "atelier/models/vae/sample.hpp"
#include "atelier/train/task.hpp"

namespace atelier::programs {

namespace {
constexpr Index columns = 8, most_classes = 16;  // in a picture

std::string file_name(Index step, const char* name) { return train::step_name(step) + "-" + name + ".png"; }

/// n labels, label(i) from the first class again after the last; none for a model without classes.
IndexTensor labels_of(Index n, Index classes, const auto& label) {
  if (classes == 0) return {};
  auto labels = IndexTensor::empty({n});
  for (Index i = 0; i < n; ++i) labels.mutable_data()[i] = static_cast<std::int32_t>(label(i) % classes);
  return labels;
}
/// A class for each row of `width` images, or for each column.
IndexTensor labels_by_row(Index n, Index classes, Index width) {
  return labels_of(n, classes, [width](Index i) { return i / width; });
}
IndexTensor labels_by_column(Index n, Index classes, Index width) {
  return labels_of(n, classes, [width](Index i) { return i % width; });
}

void draw_interpolations(const Gallery& gallery, const Draw& draw, Index latent, Index classes, Rng rng) {
  constexpr Index steps = 10;
  const Index rows = std::max<Index>(8, classes);
  const Tensor ends = normal({2 * rows, latent}, rng);
  std::vector<Tensor> ways;
  for (Index r = 0; r < rows; ++r)
    ways.push_back(vae::interpolate(slice(ends, 0, 2 * r, 2 * r + 1), slice(ends, 0, 2 * r + 1, 2 * r + 2), steps));
  gallery.write("interpolations", draw(concat(ways, 0), labels_by_row(rows * steps, classes, steps)), steps);
}

void draw_truncation(const Gallery& gallery, const Draw& draw, Index latent, Index classes, const Rng& rng) {
  std::vector<Tensor> rows;
  for (const double limit : {0.25, 0.5, 1.0, 1.5, 2.0, 3.0}) {
    Rng own = rng;
    rows.push_back(gan::truncated_normal<float>({columns, latent}, limit, own));
  }
  const Tensor noise = concat(rows, 0);
  gallery.write("truncation", draw(noise, labels_by_column(noise.size(0), classes, columns)), columns);
}
}  // namespace

void Gallery::write(const char* name, const Tensor& images, Index in_a_row) const {
  const Index zoom = images.size(2) <= 32 ? 2 : 1;
  io::write_png(folder / file_name(step, name), io::image_grid(images, {.columns = in_a_row, .zoom = zoom}), text);
}

void Gallery::animate(const char* name) const {
  constexpr std::size_t most = 100;
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string file = entry.path().filename().string();
    if (file.starts_with("step-") && file.ends_with(std::string("-") + name + ".png") && file <= file_name(step, name))
      files.push_back(file);
  }
  std::sort(files.begin(), files.end());
  std::vector<io::Image> frames;
  const std::size_t n = std::min(files.size(), most);
  for (std::size_t i = 0; i < n; ++i)
    frames.push_back(io::read_image(folder / files[n > 1 ? i * (files.size() - 1) / (n - 1) : 0]));
  if (!frames.empty()) io::write_apng(folder / "animation.png", frames, 0.25, text, 8);
}

void draw_generator(const Gallery& gallery, const Draw& draw, Index latent, Index classes, const Rng& rng) {
  classes = std::min(classes, most_classes);
  const Index n = columns * (classes ? classes : columns);
  Rng samples = rng.fork("samples");
  gallery.write("samples", draw(normal({n, latent}, samples), labels_by_row(n, classes, columns)), columns);
  draw_interpolations(gallery, draw, latent, classes, rng.fork("interpolations"));
  draw_truncation(gallery, draw, latent, classes, rng.fork("truncation"));
  gallery.animate("samples");
}

}  // namespace atelier::programs
