/// Random patches of images, as points whose distribution two sets are compared by.
#pragma once

#include "atelier/core/random.hpp"
#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0::metrics {

/// `count` patches of side x side pixels from each of the images [N, C, H, W], at independent uniform places:
/// [N * count, C * side * side], every channel minus its mean over all patches, divided by its deviation (which divides
/// by the number of pixels). A channel without spread becomes 0.
Tensor normalised_patches(const Tensor& images, Index count, Index side, Rng& rng);

}  // namespace atelier::inline v0::metrics
