/// Mixtures of Gaussians in the plane: distributions whose modes are known, on which a generative model shows what it
/// drops. The two usual ones (Metz et al. 2017, Srivastava et al. 2017) are a ring and a grid.
#pragma once

#include "atelier/core/random.hpp"
#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0::data {

/// Equally likely Gaussians N(centre, sigma^2 I).
struct Mixture {
  Tensor centres;   ///< [K, D]
  float sigma = 0;  ///< deviation in every direction
};

/// `modes` Gaussians at equal angles on a circle around 0, the first at (radius, 0): centres [modes, 2].
/// Throws Error for no modes, or a radius or deviation that is negative or not finite.
Mixture ring_mixture(Index modes = 8, float radius = 1, float sigma = 0.01f);

/// side x side Gaussians, neighbours `spacing` apart, around 0; row by row: centres [side * side, 2].
/// Throws Error for no modes, or a spacing or deviation that is negative or not finite.
Mixture grid_mixture(Index side = 5, float spacing = 2, float sigma = 0.05f);

/// n points of a mixture, [n, D]. Throws Error for a mixture without centres or for negative n.
Tensor sample(const Mixture& mixture, Index n, Rng& rng);

}  // namespace atelier::inline v0::data
