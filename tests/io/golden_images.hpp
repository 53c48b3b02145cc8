/// Files and pictures of tests/golden/images.json (scripts/golden/images.py).
#pragma once

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "atelier/io/image.hpp"

inline const nlohmann::json& golden_images() {
  static const auto all = nlohmann::json::parse(std::ifstream(ATELIER_TEST_DIR "/golden/images.json"));
  return all;
}

/// RFC 4648.
inline std::string base64(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<std::uint32_t>(digits.find(c));
    if ((count += 6) >= 8) bytes += static_cast<char>(bits >> (count -= 8));
  }
  return bytes;
}

inline atelier::io::Image golden_picture(const nlohmann::json& json) {
  const std::string pixels = base64(json["pixels"]);
  return {.width = json["width"],
          .height = json["height"],
          .channels = json["channels"],
          .pixels = {pixels.begin(), pixels.end()}};
}

/// The file of that name among the golden ones of a kind, "jpeg" or "png".
inline std::string golden_file(const std::string& kind, const std::string& name) {
  for (const auto& file : golden_images()[kind])
    if (file["name"] == name) return base64(file["file"]);
  return {};
}

/// Largest difference of two pictures of one size; 256 when the sizes differ.
inline int largest_difference(const atelier::io::Image& a, const atelier::io::Image& b) {
  if (a.width != b.width || a.height != b.height || a.channels != b.channels || a.pixels.size() != b.pixels.size())
    return 256;
  int largest = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) largest = std::max(largest, std::abs(a.pixels[i] - b.pixels[i]));
  return largest;
}
