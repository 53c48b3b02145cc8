#include "atelier/data/crop.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "atelier/core/error.hpp"
#include "io/descriptor.hpp"

namespace atelier::inline v0::data {
namespace {

struct NamedCrop {
  Crop crop;
  const char* name;
  Index side, left, top;  // in CelebA's frame; a side of 0: of any image
};
constexpr NamedCrop crops[] = {{Crop::whole, "whole", 0, 0, 0},   {Crop::square, "square", 0, 0, 0},
                               {Crop::c108, "c108", 108, 35, 55}, {Crop::c128y121, "c128y121", 128, 25, 57},
                               {Crop::c140, "c140", 140, 19, 39}, {Crop::c148, "c148", 148, 15, 35},
                               {Crop::c160, "c160", 160, 9, 29},  {Crop::c178, "c178", 178, 0, 20}};

const NamedCrop& find(Crop crop) {
  return *std::find_if(std::begin(crops), std::end(crops), [&](const NamedCrop& c) { return c.crop == crop; });
}

/// Both sides are s times the frame's for some s, rounded by at most half a pixel.
bool is_scaled_frame(Index width, Index height) {
  return 2 * std::abs(width * celeba_height - height * celeba_width) <= celeba_width + celeba_height;
}

std::string by(Index width, Index height) { return std::to_string(width) + " x " + std::to_string(height); }

std::string number(double x) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", x);
  return text;
}

}  // namespace

const char* name(Crop crop) { return find(crop).name; }

Crop crop_from(std::string_view name) {
  std::string names;
  for (const NamedCrop& c : crops) {
    if (c.name == name) return c.crop;
    names.append(names.empty() ? "" : ", ").append(c.name);
  }
  throw ConfigError("crop: expected one of " + names + ", found " + io::in_quotes(std::string(name)));
}

io::Box crop_box(Crop crop, Index width, Index height) {
  const auto w = static_cast<double>(width), h = static_cast<double>(height);
  if (crop == Crop::whole) return {0, 0, w, h};
  if (crop == Crop::square) {
    const double side = std::min(w, h), left = (w - side) / 2, top = (h - side) / 2;
    return {left, top, left + side, top + side};
  }
  if (!is_scaled_frame(width, height))
    throw InputError("expected an image of 178 x 218 or that frame scaled, for crop " + std::string(name(crop)) +
                     ", found " + by(width, height) + "; choose another crop, or leave the image out");
  const NamedCrop& c = find(crop);
  const double sx = w / celeba_width, sy = h / celeba_height;
  return {static_cast<double>(c.left) * sx, static_cast<double>(c.top) * sy, static_cast<double>(c.left + c.side) * sx,
          static_cast<double>(c.top + c.side) * sy};
}

std::string describe_crop(Crop crop, Index width, Index height, Index size) {
  const NamedCrop& c = find(crop);
  std::string text = width ? "images of " + by(width, height) : std::string("images of several sizes");
  text.append(", crop ").append(c.name);
  if (c.side)
    text += " (" + by(c.side, c.side) + " at column " + std::to_string(c.left) + ", row " + std::to_string(c.top) +
            " of 178 x 218)";
  const bool scaled = c.side && width && width != celeba_width;
  if (scaled) text += " scaled by " + number(static_cast<double>(width) / celeba_width);
  if (width) {
    const io::Box box = crop_box(crop, width, height);
    text += ", " + number(box.width()) + " x " + number(box.height());
  }
  return text + " resized to " + by(size, size) + ", bilinear with anti-aliasing";
}

}  // namespace atelier::inline v0::data
