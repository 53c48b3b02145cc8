#include "io/canvas.hpp"

#include <stb_easy_font.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "atelier/core/error.hpp"

namespace atelier::inline v0::io {
namespace {

constexpr std::size_t bytes_a_corner = 16, bytes_a_rectangle = 4 * bytes_a_corner;  // of stb_easy_font: x, y, z, colour
constexpr std::size_t most_rectangles = 32;                                         // of one character

/// The font has printable ASCII only. Every other character, of however many bytes, becomes one '?'.
std::string drawable(const std::string& text) {
  std::string out;
  for (char c : text)
    if (c >= 0x20 && c < 0x7f)
      out += c;
    else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80)
      out += '?';
  return out;
}

/// A corner's coordinates.
Place corner(const std::vector<char>& corners, std::size_t offset) {
  float xy[2];
  std::memcpy(xy, corners.data() + offset, sizeof xy);
  return {xy[0], xy[1]};
}

/// From a place to the segment from a to b.
double distance(Place p, Place a, Place b) {
  const double dx = b.x - a.x, dy = b.y - a.y, length2 = dx * dx + dy * dy;
  const double t = length2 > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length2, 0.0, 1.0) : 0.0;
  const double x = p.x - a.x - t * dx, y = p.y - a.y - t * dy;
  return std::sqrt(x * x + y * y);
}

/// How much of each pixel of a box a curve covers, 0 to 1.
class Coverage {
 public:
  Coverage(const Box& box, double radius)
      : box_(box), radius_(radius), shares_(static_cast<std::size_t>(box.width * box.height)) {}

  void segment(Place a, Place b) {
    const auto [left, right] = range(std::min(a.x, b.x), std::max(a.x, b.x), box_.left, box_.width);
    const auto [top, bottom] = range(std::min(a.y, b.y), std::max(a.y, b.y), box_.top, box_.height);
    for (Index y = top; y < bottom; ++y)
      for (Index x = left; x < right; ++x) {
        const Place middle{static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5};
        float& share = shares_[static_cast<std::size_t>((y - box_.top) * box_.width + x - box_.left)];
        share = std::max(share, static_cast<float>(std::clamp(radius_ + 0.5 - distance(middle, a, b), 0.0, 1.0)));
      }
  }
  float at(Index x, Index y) const { return shares_[static_cast<std::size_t>(y * box_.width + x)]; }

 private:
  /// Pixels that a curve from `low` to `high` may touch, within the box.
  std::pair<Index, Index> range(double low, double high, Index begin, Index size) const {
    const double most = static_cast<double>(begin + size);
    const auto inside = [&](double x) { return static_cast<Index>(std::clamp(x, static_cast<double>(begin), most)); };
    return {inside(std::floor(low - radius_ - 1)), inside(std::ceil(high + radius_ + 1))};
  }

  Box box_;
  double radius_;
  std::vector<float> shares_;
};

Box intersect(const Box& a, const Box& b) {
  const Index left = std::max(a.left, b.left), top = std::max(a.top, b.top);
  return {left, top, std::max<Index>(0, std::min(a.left + a.width, b.left + b.width) - left),
          std::max<Index>(0, std::min(a.top + a.height, b.top + b.height) - top)};
}

/// All pixels that a curve `width` wide through the places can touch.
Box around(std::span<const Place> places, double width) {
  constexpr double far = 1e9;  // more than any picture is wide
  Place low{far, far}, high{-far, -far};
  for (const Place& p : places) {
    low = {std::min(low.x, p.x), std::min(low.y, p.y)};
    high = {std::max(high.x, p.x), std::max(high.y, p.y)};
  }
  const auto pixel = [&](double at) { return static_cast<Index>(std::floor(std::clamp(at, -far, far))); };
  const Index left = pixel(low.x - width / 2 - 1), top = pixel(low.y - width / 2 - 1);
  return {left, top, pixel(high.x + width / 2 + 1) + 1 - left, pixel(high.y + width / 2 + 1) + 1 - top};
}

}  // namespace

Canvas::Canvas(Index width, Index height, Colour background) : image_{width, height, 3, {}} {
  if (height > max_image_bytes / (3 * width))
    throw Error("chart: expected a picture of at most " + std::to_string(max_image_bytes) + " bytes, found " +
                std::to_string(width) + " x " + std::to_string(height) + " pixels");
  image_.pixels.resize(static_cast<std::size_t>(3 * width * height));
  fill({0, 0, width, height}, background);
}

void Canvas::mix(Index x, Index y, Colour colour, double share) {
  std::uint8_t* pixel = image_.pixels.data() + 3 * (y * image_.width + x);
  const std::uint8_t to[3] = {colour.red, colour.green, colour.blue};
  for (int c = 0; c < 3; ++c) pixel[c] = static_cast<std::uint8_t>(std::lround(pixel[c] + share * (to[c] - pixel[c])));
}

void Canvas::fill(const Box& box, Colour colour) {
  const Box b = intersect(box, {0, 0, image_.width, image_.height});
  for (Index y = b.top; y < b.top + b.height; ++y)
    for (Index x = b.left; x < b.left + b.width; ++x) mix(x, y, colour, 1);
}

void Canvas::text(Index left, Index top, const std::string& text, Colour colour, int zoom) {
  std::string line = drawable(text);
  std::vector<char> corners((line.size() + 1) * most_rectangles * bytes_a_rectangle);
  const int rectangles =
      ::stb_easy_font_print(0, 0, line.data(), nullptr, corners.data(), static_cast<int>(corners.size()));
  for (std::size_t i = 0; i < static_cast<std::size_t>(rectangles); ++i) {
    const Place from = corner(corners, i * bytes_a_rectangle),
                to = corner(corners, i * bytes_a_rectangle + 2 * bytes_a_corner);
    const auto pixels = [&](double units) { return static_cast<Index>(units) * zoom; };
    fill({left + pixels(from.x), top + pixels(from.y), pixels(to.x - from.x), pixels(to.y - from.y)}, colour);
  }
}

void Canvas::curve(std::span<const Place> places, const Box& clip, double width, Colour colour) {
  const Box b = intersect(intersect(clip, {0, 0, image_.width, image_.height}), around(places, width));
  Coverage coverage(b, width / 2);
  for (std::size_t i = 0; i < places.size(); ++i) coverage.segment(places[i ? i - 1 : 0], places[i]);
  for (Index y = 0; y < b.height; ++y)
    for (Index x = 0; x < b.width; ++x)
      if (const float share = coverage.at(x, y); share > 0) mix(b.left + x, b.top + y, colour, share);
}

Index text_width(const std::string& text, int zoom) {
  const int width = ::stb_easy_font_width(drawable(text).data());
  return std::max(0, width - 1) * zoom;  // without the space behind the last character
}

std::string text_within(const std::string& text, Index width, int zoom) {
  std::string line = drawable(text);
  if (text_width(line, zoom) <= width) return line;
  while (!line.empty() && text_width(line + "...", zoom) > width) line.pop_back();
  return line + "...";
}

}  // namespace atelier::inline v0::io
