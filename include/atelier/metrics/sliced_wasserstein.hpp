/// The sliced Wasserstein distance: of points, and of the patches of images at several scales.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "atelier/core/random.hpp"
#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0::metrics {

/// Mean over the directions of the 1-Wasserstein distance between the projections of two sets of points, a and b
/// [N, D], onto directions [P, D], which are taken as they are (of unit length where the distance is to be that of the
/// paper): mean_p 1/N sum_i |sort(a d_p)_i - sort(b d_p)_i|.                                        Rabin et al. 2012
/// Throws Error for shapes that do not fit, no points or directions, or numbers that are not finite.
double sliced_wasserstein(const Tensor& a, const Tensor& b, const Tensor& directions);

/// `count` random directions of D dimensions, uniform on the unit sphere: [count, D]. Throws Error for D < 1.
Tensor random_directions(Index count, Index dims, Rng& rng);

/// One level of a Laplacian pyramid of images [N, C, H, W]: what is lost by halving, [N, C, H, W], and the half,
/// [N, C, ceil(H / 2), ceil(W / 2)]. Half: smoothed by (1 4 6 4 1) / 16 along rows and columns, every second pixel
/// kept. Lost: the image minus the half put back to its size, zeros between, smoothed by four times that filter. Pixels
/// beyond an edge are mirrored at the edge pixel. Throws Error for other ranks and for sides below 3.     Burt &
/// Adelson 1983
std::pair<Tensor, Tensor> laplacian_level(const Tensor& images);

/// Laplacian pyramid: levels - 1 times what halving loses, then what is left. Throws Error as laplacian_level() does.
std::vector<Tensor> laplacian_pyramid(const Tensor& images, int levels);

struct SwdOptions {
  Index patches = 128;      ///< of each image and level
  Index patch_size = 7;     ///< side
  Index projections = 512;  ///< random directions of each level
  Index smallest = 16;      ///< the sides are halved while they stay at least this
};

struct Swd {
  std::vector<Index> heights;  ///< of the levels, finest first
  std::vector<double> levels;  ///< distance of each, times 1000
  double mean = 0;             ///< of the levels
  std::string protocol;
};

/// Distance of two sets of images of the same size, [N, C, H, W] each, N equal: at every level of their Laplacian
/// pyramids, the sliced Wasserstein distance of random patches, each set's own, normalised by the mean and deviation
/// of every channel over the set's patches (so that the range of the pixels does not matter), times 1000.
///                                                        Karras et al. 2018, "Progressive growing of GANs", section 5
/// A channel that is constant counts as 0. Values fall with N: compare equal N, and beside the distance of two halves
/// of the real images. Memory: besides two levels of the pyramids, 8 N patches C patch_size^2 bytes for the patches.
/// Throws Error for shapes that do not fit, pixels that are not finite, images smaller than options.smallest, or
/// options that make no distance.
Swd sliced_wasserstein(const Tensor& real, const Tensor& generated, Rng& rng, const SwdOptions& options = {});

}  // namespace atelier::inline v0::metrics
