/// Multi-scale structural similarity, and the diversity of images that it measures.
#pragma once

#include <string>
#include <vector>

#include "atelier/core/random.hpp"
#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0::metrics {

struct MsSsimOptions {
  double low = 0, high = 1;  ///< range of the pixels, such as -1 and 1; the index is one of x - low
  Index window = 11;         ///< side of the Gaussian window, odd
  double sigma = 1.5;        ///< its deviation, pixels
  double k1 = 0.01, k2 = 0.03;
  /// Of the scales, finest first.                                                                     Wang et al. 2003
  std::vector<double> weights = {0.0448, 0.2856, 0.3001, 0.2363, 0.1333};
};

/// Scales that images of this size are compared at: each halves the sides (rounding up), the window has to fit into the
/// last, and there are at most as many as weights. With the defaults: 28 pixels 2, 32: 2, 64: 3, 128: 4, 161 and
/// more: 5. With fewer scales than weights the first ones are used, divided by their sum. Throws Error for images
/// smaller than the window.
int ms_ssim_scales(Index height, Index width, const MsSsimOptions& options = {});

/// Similarity of the pairs (a_i, b_i), both [N, C, H, W]: at most 1, and 1 for equal images.
/// With means m, variances s and covariance c in a window, C1 = (k1 (high - low))^2, C2 = (k2 (high - low))^2:
///   cs = (2 c_xy + C2) / (s_x + s_y + C2),   ssim = cs (2 m_x m_y + C1) / (m_x^2 + m_y^2 + C1),
/// each averaged over the places where the window fits; the index is the product over the scales of cs^weight, of
/// ssim^weight at the last. Negative averages count as 0 (their power is no real number). Scales are made by averaging
/// 2 x 2 pixels, an odd last row or column with itself. Channels apart, then averaged.
///                                                                                            Wang, Simoncelli & Bovik
///                                                                                            2003
/// Throws Error for shapes that do not fit, pixels outside the range by more than a thousandth of it, or options that
/// make no index.
std::vector<double> ms_ssim(const Tensor& a, const Tensor& b, const MsSsimOptions& options = {});

struct Diversity {
  double mean = 0;  ///< over the pairs: the higher, the more alike the images
  double std = 0;   ///< over the pairs; divides by their number
  Index pairs = 0;
  int scales = 0;
  std::string protocol;
};

/// Mean similarity of `pairs` random pairs of different images out of [N, C, H, W], pairs drawn independently. A value
/// above that of the real images, of the same class where there are classes, tells of mode collapse. Odena et al. 2017
/// Throws Error as ms_ssim() does, for fewer than two images or no pairs.
Diversity ms_ssim_diversity(const Tensor& images, Index pairs, Rng& rng, const MsSsimOptions& options = {});

}  // namespace atelier::inline v0::metrics
