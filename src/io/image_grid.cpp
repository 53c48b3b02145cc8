#include <algorithm>
#include <cmath>

#include "atelier/core/error.hpp"
#include "atelier/io/image.hpp"

namespace atelier::inline v0::io {
namespace {

/// A batch as [N, C, H, W], and where its images stand on the canvas.
struct Layout {
  Index images, channels, height, width;  // of one image before it is zoomed
  Index columns, rows, padding, zoom;

  Index canvas(Index cells, Index size) const { return padding + cells * (size * zoom + padding); }
};

void check_range(const char* option, Index found, Index least, Index most) {
  if (found < least || found > most)
    throw Error(std::string("image_grid: ") + option + ": expected " + std::to_string(least) + " to " +
                std::to_string(most) + ", found " + std::to_string(found));
}

Layout layout(const Shape& shape, const GridOptions& options) {
  const Index channels = shape.rank() == 4 ? shape[1] : 1;
  if (shape.rank() < 3 || shape.rank() > 4 || shape.size() == 0 || (channels != 1 && channels != 3))
    throw Error("image_grid: expected [N, H, W] or [N, C, H, W] with C = 1 or 3 and no size of 0, found " +
                shape.str());
  check_range("columns", options.columns, 0, INT32_MAX);
  check_range("padding", options.padding, 0, 256);
  check_range("zoom", options.zoom, 1, 64);
  const Index square = static_cast<Index>(std::ceil(std::sqrt(static_cast<double>(shape[0]))));
  const Index columns = std::min(options.columns ? options.columns : square, shape[0]);
  return {.images = shape[0],
          .channels = channels,
          .height = shape[-2],
          .width = shape[-1],
          .columns = columns,
          .rows = (shape[0] + columns - 1) / columns,
          .padding = options.padding,
          .zoom = options.zoom};
}

void check_size(const Layout& at) {
  const Index width = at.canvas(at.columns, at.width), height = at.canvas(at.rows, at.height);
  if (height > max_image_bytes / (width * at.channels))
    throw Error("image_grid: expected a picture of at most " + std::to_string(max_image_bytes) + " bytes, found " +
                std::to_string(width) + " x " + std::to_string(height) + " pixels");
}

Image blank(const Layout& at, std::uint8_t background) {
  check_size(at);
  Image image{.width = at.canvas(at.columns, at.width),
              .height = at.canvas(at.rows, at.height),
              .channels = static_cast<int>(at.channels)};
  image.pixels.assign(static_cast<std::size_t>(image.width * image.height * at.channels), background);
  return image;
}

std::uint8_t level(float x) {
  if (std::isnan(x)) return 128;
  return static_cast<std::uint8_t>(std::lround(std::clamp(x, 0.0f, 1.0f) * 255.0f));
}

/// One channel of one image: from [H, W] to the canvas pixel (left, top) and what lies right of and below it.
void paint(Image& canvas, const float* from, const Layout& at, Index left, Index top, Index channel) {
  for (Index y = 0; y < at.height * at.zoom; ++y)
    for (Index x = 0; x < at.width * at.zoom; ++x) {
      const Index to = ((top + y) * canvas.width + left + x) * at.channels + channel;
      canvas.pixels[static_cast<std::size_t>(to)] = level(from[y / at.zoom * at.width + x / at.zoom]);
    }
}

}  // namespace

void check_grid(const Shape& batch, const GridOptions& options) { check_size(layout(batch, options)); }

Image image_grid(const Tensor& batch, const GridOptions& options) {
  const Layout at = layout(batch.shape(), options);
  Image canvas = blank(at, options.background);
  for (Index n = 0; n < at.images; ++n)
    for (Index c = 0; c < at.channels; ++c)
      paint(canvas, batch.data() + (n * at.channels + c) * at.height * at.width, at,
            at.canvas(n % at.columns, at.width), at.canvas(n / at.columns, at.height), c);
  return canvas;
}

}  // namespace atelier::inline v0::io
