/// Pictures and texts that compress about as well as real ones.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "atelier/core/random.hpp"
#include "atelier/io/image.hpp"
#include "atelier/parallel/team.hpp"

namespace waits {
using namespace atelier;

/// Smooth colours with a little grain.
inline io::Image made_up_picture(Index width, Index height) {
  Rng rng(1);
  io::Image picture{.width = width, .height = height, .channels = 3};
  for (Index y = 0; y < height; ++y)
    for (Index x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c) {
        const double wave = std::sin(0.05 * static_cast<double>(x * (c + 1))) * std::cos(0.04 * static_cast<double>(y));
        picture.pixels.push_back(static_cast<std::uint8_t>(127 + 90 * wave + 12 * rng.uniform()));
      }
  return picture;
}

/// Words of Zipf's frequencies, a new line now and then: `bytes` or a few more.
inline std::string made_up_text(std::size_t bytes) {
  constexpr int vocabulary = 20'000;
  Rng rng(2);
  std::vector<std::string> words(vocabulary);
  for (auto& word : words)
    for (auto letters = 2 + rng.index(8); letters > 0; --letters) word += static_cast<char>('a' + rng.index(26));
  std::string text;
  while (text.size() < bytes) {
    const double rank = std::pow(static_cast<double>(vocabulary), rng.uniform()) - 1;
    text += words[static_cast<std::size_t>(rank)];
    text += rng.index(15) == 0 ? ".\n" : " ";
  }
  return text;
}

/// 1, and all threads where there are more.
inline std::vector<int> team_sizes() { return threads() > 1 ? std::vector<int>{1, threads()} : std::vector<int>{1}; }

}  // namespace waits
