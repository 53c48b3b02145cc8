#include "atelier/io/resize.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "atelier/core/error.hpp"
#include "io/image_file.hpp"

namespace atelier::inline v0::io {
namespace {

constexpr Index most_pixels_a_side = 16'384;
constexpr int fraction_bits = 22;  // weights sum up to 2^22: times 255 they stay within 30 bits

/// Which input pixels make each output pixel of one axis, and how much of them: input first[o] + k has weight
/// weights[o * width + k] for k < count[o].
struct Filter {
  std::vector<Index> first, count;
  std::vector<std::int32_t> weights;
  Index width = 0;
};

/// Input pixels [begin, end) become `outputs` ones.
Filter triangle_filter(double begin, double end, Index outputs) {
  const double scale = (end - begin) / static_cast<double>(outputs), half_width = std::max(scale, 1.0);
  const auto least = static_cast<Index>(std::floor(begin)), most = static_cast<Index>(std::ceil(end));
  Filter f;
  f.width = 2 * static_cast<Index>(std::ceil(half_width)) + 1;
  f.weights.assign(static_cast<std::size_t>(outputs * f.width), 0);
  std::vector<double> exact(static_cast<std::size_t>(f.width));
  for (Index o = 0; o < outputs; ++o) {
    const double centre = begin + (static_cast<double>(o) + 0.5) * scale;
    const Index from = std::max(least, static_cast<Index>(centre - half_width + 0.5));
    const Index count = std::min(most, static_cast<Index>(centre + half_width + 0.5)) - from;
    double sum = 0;
    for (Index k = 0; k < count; ++k) {
      const double distance = std::abs(static_cast<double>(from + k) - centre + 0.5) / half_width;
      sum += exact[static_cast<std::size_t>(k)] = std::max(0.0, 1 - distance);
    }
    for (Index k = 0; k < count; ++k)
      f.weights[static_cast<std::size_t>(o * f.width + k)] =
          static_cast<std::int32_t>(0.5 + exact[static_cast<std::size_t>(k)] / sum * (1 << fraction_bits));
    f.first.push_back(from);
    f.count.push_back(count);
  }
  return f;
}

/// One output byte: `from` is its first input, the next ones are `stride` bytes apart.
std::uint8_t weigh(const Filter& f, std::size_t output, const std::uint8_t* from, Index stride) {
  const std::int32_t* weight = f.weights.data() + static_cast<Index>(output) * f.width;
  std::int32_t sum = 1 << (fraction_bits - 1);
  for (Index k = 0; k < f.count[output]; ++k) sum += weight[k] * from[k * stride];
  return static_cast<std::uint8_t>(std::clamp(sum >> fraction_bits, 0, 255));
}

/// Rows [top, bottom) with every row filtered.
Image filter_rows(const Image& image, const Filter& f, Index top, Index bottom) {
  Image out = blank_image(static_cast<Index>(f.first.size()), bottom - top, image.channels);
  std::uint8_t* to = out.pixels.data();
  for (Index y = top; y < bottom; ++y)
    for (std::size_t x = 0; x < f.first.size(); ++x)
      for (Index c = 0; c < image.channels; ++c)
        *to++ = weigh(f, x, image.pixels.data() + (y * image.width + f.first[x]) * image.channels + c, image.channels);
  return out;
}

/// `image` begins with the row that the filter numbers `top`.
Image filter_columns(const Image& image, const Filter& f, Index top) {
  const Index row = image.width * image.channels;
  Image out = blank_image(image.width, static_cast<Index>(f.first.size()), image.channels);
  std::uint8_t* to = out.pixels.data();
  for (std::size_t y = 0; y < f.first.size(); ++y)
    for (Index x = 0; x < row; ++x) *to++ = weigh(f, y, image.pixels.data() + (f.first[y] - top) * row + x, row);
  return out;
}

std::string size_text(const Image& image) { return std::to_string(image.width) + " x " + std::to_string(image.height); }

void check_whole(const char* operation, const Image& image) {
  if (image.width < 1 || image.height < 1 || image.width > max_image_bytes || image.height > max_image_bytes ||
      image.channels < 1 || image.channels > 4 ||
      image.pixels.size() != static_cast<std::size_t>(image.width * image.height * image.channels))
    throw Error(std::string(operation) + ": " + std::to_string(image.pixels.size()) + " bytes do not fill " +
                size_text(image) + " pixels of " + std::to_string(image.channels) + " channels");
}

void check_box(const Image& image, const Box& box) {
  const bool inside = box.left >= 0 && box.top >= 0 && box.right <= static_cast<double>(image.width) &&
                      box.bottom <= static_cast<double>(image.height);
  if (!inside || !(box.width() > 0) || !(box.height() > 0))
    throw Error("resize: expected a box inside " + size_text(image) + " pixels, found columns " +
                number_text(box.left) + " to " + number_text(box.right) + ", rows " + number_text(box.top) + " to " +
                number_text(box.bottom));
}

}  // namespace

Image resize(const Image& image, Index width, Index height, const Box& box) {
  check_whole("resize", image);
  check_box(image, box);
  if (width < 1 || height < 1 || width > most_pixels_a_side || height > most_pixels_a_side)
    throw Error("resize: expected a new size of 1 to 16384, found " + std::to_string(width) + " x " +
                std::to_string(height));
  const Filter across = triangle_filter(box.left, box.right, width),
               down = triangle_filter(box.top, box.bottom, height);
  const Index top = down.first.front(), bottom = down.first.back() + down.count.back();
  return filter_columns(filter_rows(image, across, top, bottom), down, top);
}

Image resize(const Image& image, Index width, Index height) {
  return resize(image, width, height,
                {.right = static_cast<double>(image.width), .bottom = static_cast<double>(image.height)});
}

Image crop(const Image& image, Index left, Index top, Index width, Index height) {
  check_whole("crop", image);
  if (left < 0 || top < 0 || width < 1 || height < 1 || width > image.width - left || height > image.height - top)
    throw Error("crop: expected a part of " + size_text(image) + " pixels, found " + std::to_string(width) + " x " +
                std::to_string(height) + " at column " + std::to_string(left) + ", row " + std::to_string(top));
  Image part{.width = width, .height = height, .channels = image.channels};
  for (Index y = top; y < top + height; ++y) {
    const auto row = image.pixels.begin() + (y * image.width + left) * image.channels;
    part.pixels.insert(part.pixels.end(), row, row + width * image.channels);
  }
  return part;
}

}  // namespace atelier::inline v0::io
