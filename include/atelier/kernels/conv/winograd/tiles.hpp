/// How a convolution falls into Winograd's stride-1 filters.
///
/// A kernel of stride * r taps is a filter of r taps for each of `stride` *source phases*: forward, result j reads
/// position stride (j + a) + q - padding by tap stride a + q. So x, cut into phases q, is an image of stride^2 times
/// the channels under a filter of r x r taps and stride 1. To the data, results that agree modulo the stride are a
/// *result phase*: each is such a filter of neighbours in dy.
#pragma once

#include "atelier/kernels/conv/geometry.hpp"
#include "atelier/kernels/conv/winograd/transform.hpp"

namespace atelier::inline v0::kernels::winograd {

using conv_impl::Gather;

/// One dimension of the tiles of a phase. Element i of tile t reads position source_first + source_step (m t + i);
/// result i of it stands at out_first + out_step (m t + i); tap a is number kernel_first + kernel_step a of the kernel.
struct TileAxis {
  Index tiles = 0, m = 0;
  Index source = 0, source_first = 0, source_step = 1;  ///< size of the source
  Index out_first = 0, out_step = 1;
  Index kernel_first = 0, kernel_step = 1;
};

/// Dimension d of a source phase (forward) or a result phase (to the data).
inline TileAxis tile_axis(const Gather& g, int d, Index phase, Index m) {
  const auto i = static_cast<std::size_t>(d);
  const ConvShape& s = g.shape;
  if (!g.to_data)
    return {.tiles = s.out_size[i] / m,
            .m = m,
            .source = s.size[i],
            .source_first = phase - s.padding[i],
            .source_step = s.stride[i],
            .kernel_first = phase,
            .kernel_step = s.stride[i]};
  const conv_impl::Axis axis = conv_impl::data_axis(s, d, phase);
  return {.tiles = axis.results / m,
          .m = m,
          .source = axis.source,
          .source_first = axis.tap_first,
          .out_first = axis.out_first,
          .out_step = axis.out_step,
          .kernel_first = axis.kernel_first,
          .kernel_step = axis.kernel_step};
}

/// The tiles of all images in one phase.
struct TilePhase {
  TileAxis y, x;
  Index of_image() const { return y.tiles * x.tiles; }
  /// Number of tap (a, b) in a kernel of that width.
  Index kernel_tap(Index a, Index b, Index kernel_width) const {
    return (y.kernel_first + a * y.kernel_step) * kernel_width + x.kernel_first + b * x.kernel_step;
  }
};
inline TilePhase tile_phase(const Gather& g, Index phase, Index m) {
  return {tile_axis(g, 0, phase / g.shape.stride[1], m), tile_axis(g, 1, phase % g.shape.stride[1], m)};
}

/// Where a tile stands: its image, and the row and column of tiles.
struct TileCursor {
  Index image, y, x;
  TileCursor(const TilePhase& p, Index tile)
      : image(tile / p.of_image()), y(tile / p.x.tiles % p.y.tiles), x(tile % p.x.tiles) {}
  void advance(const TilePhase& p) {
    if (++x < p.x.tiles) return;
    x = 0;
    if (++y < p.y.tiles) return;
    y = 0;
    ++image;
  }
};

/// Numbers of a row with so many elements that begins rows in different cache sets: an odd number of lines.
inline Index odd_lines(Index n) { return ((n + 15) / 16 | 1) * 16; }

}  // namespace atelier::inline v0::kernels::winograd
