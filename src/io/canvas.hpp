/// Drawing on a picture: rectangles, text, smooth curves.
#pragma once

#include <span>
#include <string>

#include "atelier/io/image.hpp"

namespace atelier::inline v0::io {

struct Colour {
  std::uint8_t red, green, blue;
};

struct Box {
  Index left, top, width, height;
};

/// Coordinates in pixels from the upper left corner; pixel (0, 0) has its middle at (0.5, 0.5).
struct Place {
  double x, y;
};

class Canvas {
 public:
  /// Throws Error above max_image_bytes.
  Canvas(Index width, Index height, Colour background);

  /// What lies outside the picture is not drawn, here and below.
  void fill(const Box& box, Colour colour);
  /// One line, its capitals text_height(zoom) high, from (left, top) to the right.
  void text(Index left, Index top, const std::string& text, Colour colour, int zoom = 2);
  /// A line through all places, `width` wide, with round ends and joints; one place makes a dot.
  void curve(std::span<const Place> places, const Box& clip, double width, Colour colour);
  Image take() { return std::move(image_); }

 private:
  /// Mixes a colour into a pixel of the picture; share from 0 to 1.
  void mix(Index x, Index y, Colour colour, double share);

  Image image_;
};

constexpr Index text_height(int zoom = 2) { return 7 * zoom; }
Index text_width(const std::string& text, int zoom = 2);
/// `text`, or its beginning and "..." when it is wider than `width`.
std::string text_within(const std::string& text, Index width, int zoom = 2);

}  // namespace atelier::inline v0::io
