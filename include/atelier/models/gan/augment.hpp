/// Augmentations that gradients pass: the discriminator sees real and generated images through the same ones, so that
/// few images suffice and the generator learns none of them.                                          Zhao et al. 2020
#pragma once

#include <cmath>

#include "atelier/ops/random.hpp"
#include "atelier/ops/reduce.hpp"

namespace atelier::inline v0::gan {

/// What is done to images [B, H, W, C], in this order.
struct Augment {
  bool colour = false;       // brightness, saturation and contrast
  bool translation = false;  // moved by up to an eighth of each side; zeros come in
  bool cutout = false;       // a box of half of each side set to zero
  bool any() const { return colour || translation || cutout; }

  /// "none", or some of colour, translation and cutout with commas between. Throws ConfigError for anything else.
  static Augment parse(const std::string& text) {
    Augment a;
    for (std::size_t begin = 0; text != "none" && begin <= text.size();) {
      const std::size_t end = std::min(text.find(',', begin), text.size());
      const std::string part = text.substr(begin, end - begin);
      bool* known = part == "colour"        ? &a.colour
                    : part == "translation" ? &a.translation
                    : part == "cutout"      ? &a.cutout
                                            : nullptr;
      if (!known)
        throw ConfigError("augment: expected none, or some of colour,translation,cutout, found '" + text + "'");
      *known = true;
      begin = end + 1;
    }
    return a;
  }
};

/// What was drawn for each image of a batch. Applied to real and generated images alike.
template <class T> struct AugmentDraw {
  Augment kinds;
  BasicTensor<T> brightness, saturation, contrast;  // [B, 1, 1, 1]: added in [-1/2, 1/2), factors in [0, 2), [1/2, 3/2)
  IndexTensor shift;                                // [B, 2]: pixels down, to the right
  BasicTensor<T> kept;                              // [B, H, W, 1]: 0 where the box is, 1 elsewhere
};

namespace detail {
inline void require_images(const Shape& s) {
  if (s.rank() != 4) throw Error("augment: expected images [B, H, W, C], found " + s.str());
}
/// For each image a whole number in [low, high] for rows and one for columns.
inline IndexTensor draw_places(Index images, std::array<Index, 2> low, std::array<Index, 2> high, Rng& rng) {
  auto places = IndexTensor::empty({images, 2});
  for (Index i = 0; i < 2 * images; ++i) {
    const auto d = static_cast<std::size_t>(i % 2);
    places.mutable_data()[i] = static_cast<std::int32_t>(low[d] + rng.index(high[d] - low[d] + 1));
  }
  return places;
}
/// Ones with a zero box in each image whose middle is at `centres`; what lies outside is cut off.
template <class T> BasicTensor<T> boxes(const Shape& s, const IndexTensor& centres) {
  auto kept = BasicTensor<T>(Shape{s[0], s[1], s[2], 1}, T(1));
  const Index height = (s[1] + 1) / 2, width = (s[2] + 1) / 2;
  for (Index b = 0; b < s[0]; ++b) {
    const Index top = centres.data()[2 * b] - height / 2, left = centres.data()[2 * b + 1] - width / 2;
    for (Index y = std::max<Index>(0, top); y < std::min(s[1], top + height); ++y)
      for (Index x = std::max<Index>(0, left); x < std::min(s[2], left + width); ++x)
        kept.mutable_data()[(b * s[1] + y) * s[2] + x] = T(0);
  }
  return kept;
}
}  // namespace detail

/// Each image [H, W, C] moved by its shift (down, right), zeros where nothing comes: x [B, H, W, C], shift [B, 2].
/// Its transpose moves back. Throws Error for other shapes.
template <class T> BasicTensor<T> translate(const BasicTensor<T>& x, const IndexTensor& shift, bool back = false) {
  detail::require_images(x.shape());
  const Index images = x.size(0), height = x.size(1), width = x.size(2), channels = x.size(3);
  if (shift.shape() != Shape{images, 2})
    throw Error("translate: expected a shift for each image of " + x.shape().str() + ", found " + shift.shape().str());
  auto y = BasicTensor<T>::zeros(x.shape());
  for (Index b = 0; b < images; ++b) {
    const Index sign = back ? -1 : 1, down = sign * shift.data()[2 * b], right = sign * shift.data()[2 * b + 1];
    const Index columns = std::max<Index>(0, width - std::abs(right));
    for (Index row = std::max<Index>(0, down); row < std::min(height, height + down); ++row)
      std::copy_n(x.data() + ((b * height + row - down) * width + std::max<Index>(0, -right)) * channels,
                  columns * channels,
                  y.mutable_data() + ((b * height + row) * width + std::max<Index>(0, right)) * channels);
  }
  return record("translate", y, wrt(x, [shift, back](const BasicTensor<T>& g) { return translate(g, shift, !back); }));
}
ATELIER_KERNEL(translate)

/// Draws for images of `shape`, [B, H, W, C].
template <class T> AugmentDraw<T> draw_augment(const Augment& kinds, const Shape& shape, Rng& rng) {
  AugmentDraw<T> d{.kinds = kinds, .brightness = {}, .saturation = {}, .contrast = {}, .shift = {}, .kept = {}};
  if (!kinds.any()) return d;
  detail::require_images(shape);
  const Shape each{shape[0], 1, 1, 1};
  if (kinds.colour) {
    d.brightness = uniform<T>(each, rng, T(-0.5), T(0.5));
    d.saturation = uniform<T>(each, rng, T(0), T(2));
    d.contrast = uniform<T>(each, rng, T(0.5), T(1.5));
  }
  const auto eighth = [&](int dim) { return static_cast<Index>(static_cast<double>(shape[dim]) * 0.125 + 0.5); };
  if (kinds.translation) {
    const Index h = eighth(1), w = eighth(2);
    d.shift = detail::draw_places(shape[0], {-h, -w}, {h, w}, rng);
  }
  if (kinds.cutout) {
    // an even box has its middle one pixel further, at most at the side's end
    const auto last = [&](int dim) { return shape[dim] - (shape[dim] + 1) / 2 % 2; };
    d.kept = detail::boxes<T>(shape, detail::draw_places(shape[0], {0, 0}, {last(1), last(2)}, rng));
  }
  return d;
}
ATELIER_KERNEL(draw_augment)

/// The images as drawn: x [B, H, W, C] -> the same shape. x itself when nothing is done.
///   brightness x + b;  saturation m + s (x - m), m the pixel's mean;  contrast m + c (x - m), m the image's mean
template <class T> BasicTensor<T> augment(const BasicTensor<T>& x, const AugmentDraw<T>& d) {
  if (!d.kinds.any()) return x;
  detail::require_images(x.shape());
  auto y = x;
  if (d.kinds.colour) {
    y = y + d.brightness;
    const auto pixel = mean(y, {-1}, true);
    y = pixel + d.saturation * (y - pixel);
    const auto image = mean(y, {1, 2, 3}, true);
    y = image + d.contrast * (y - image);
  }
  if (d.kinds.translation) y = translate(y, d.shift);
  return d.kinds.cutout ? y * d.kept : y;
}
ATELIER_KERNEL(augment)

}  // namespace atelier::inline v0::gan
