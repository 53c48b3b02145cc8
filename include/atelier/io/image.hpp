/// Pictures of 8 bits a channel, and batches of tensors as one picture.
#pragma once

#include <cstdint>
#include <vector>

#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0::io {

/// Rows from the top, pixels from the left; 1 channel is grey, 3 are red, green and blue.
struct Image {
  Index width = 0, height = 0;
  int channels = 1;
  std::vector<std::uint8_t> pixels = {};  // [height, width, channels]
};

/// Size of the largest picture that is drawn or written.
inline constexpr Index max_image_bytes = Index{1} << 29;

struct GridOptions {
  Index columns = 0;             // images in a row; 0: as many as make the grid nearly square
  Index padding = 2;             // pixels around and between the images, 0 to 256
  Index zoom = 1;                // each pixel becomes zoom x zoom, 1 to 64
  std::uint8_t background = 40;  // grey level of padding and unused places
};

/// A batch as one picture, row by row in the batch's order. batch: [N, H, W] or [N, C, H, W] with C = 1 or 3, nothing
/// of size 0. 0 is black and 1 is white; what lies outside is clamped, infinities included. NaN becomes mid-grey (128),
/// so that the pictures of a run that diverges can still be looked at.
/// Throws Error for other shapes, options out of range, and pictures above max_image_bytes.
Image image_grid(const Tensor& batch, const GridOptions& options = {});
/// Throws what image_grid() would for a batch of this shape: before the pictures are made, which may take long.
void check_grid(const Shape& batch, const GridOptions& options = {});

}  // namespace atelier::inline v0::io
