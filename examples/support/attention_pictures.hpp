/// Attention weights as a picture: a row of maps for each layer, a map for each head.
#pragma once

#include <filesystem>

#include "atelier/io/png.hpp"
#include "atelier/ops/elementwise.hpp"
#include "atelier/ops/shape.hpp"

namespace atelier::programs {

/// maps: [heads, T, S] for each layer. In a map, row t shows where token t looks, column s how much token s is looked
/// at, as the root of the weight, so that small ones can be seen.
inline void write_attention(const std::filesystem::path& file, const std::vector<Tensor>& maps,
                            const io::PngText& text = {}) {
  const Index widest = std::max(maps[0].size(1), maps[0].size(2));
  const io::GridOptions grid{
      .columns = maps[0].size(0), .padding = 4, .zoom = std::clamp<Index>(192 / widest, 1, 12), .background = 90};
  io::write_png(file, io::image_grid(sqrt(concat(maps, 0)), grid), text);
}

}  // namespace atelier::programs
