/// Parts of pictures, and pictures of other sizes.
#pragma once

#include "atelier/io/image.hpp"

namespace atelier::inline v0::io {

/// A part of a picture in pixels from its left and top edges; fractions are allowed.
struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;

  double width() const { return right - left; }
  double height() const { return bottom - top; }
  friend bool operator==(const Box&, const Box&) = default;
};

/// What lies in the box, at another size, by the anti-aliased bilinear filter: along each axis an output pixel is the
/// average of the input pixels around its centre, weighted by a triangle of half-width max(1, input / output pixels).
/// That is BILINEAR of Pillow's Image.resize, to within one grey level. Rows come first, then columns; weights are
/// multiples of 2^-22 and results are rounded to bytes after each, so every machine gives the same bytes. Nothing
/// outside of the pixels that the box touches is looked at: a box of whole pixels gives what cropping and then resizing
/// gives. Throws Error unless the picture is whole, the new sizes are 1 to 16384, and the box is not empty and lies
/// inside.
Image resize(const Image& image, Index width, Index height, const Box& box);
Image resize(const Image& image, Index width, Index height);

/// Columns [left, left + width) of rows [top, top + height). Throws Error when they do not lie inside.
Image crop(const Image& image, Index left, Index top, Index width, Index height);

}  // namespace atelier::inline v0::io
