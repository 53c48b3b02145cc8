/// How many modes of a known mixture a generator reaches, and how many of its samples lie in one.
#pragma once

#include <string>
#include <vector>

#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0::metrics {

struct ModeOptions {
  double within = 3;    ///< deviations from a centre that still belong to its mode
  Index at_least = 20;  ///< samples that make a mode count
};

struct ModeCoverage {
  Index modes = 0;             ///< with at least `at_least` samples
  double high_quality = 0;     ///< share of the samples that lie within reach of their nearest centre
  std::vector<Index> samples;  ///< high-quality ones of each mode, [K]
  std::string protocol;
};

/// Samples [N, D] against the Gaussians N(centre, sigma^2 I), centres [K, D]. A sample belongs to its nearest centre c
/// (the first of equally near ones) and is of high quality when ||x - c|| <= within * sigma. Of the mixture itself, a
/// share of 1 - exp(-within^2 / 2) is, in two dimensions: 98.9 per cent for 3 deviations.
///          Srivastava et al. 2017 (VEEGAN), section 4.1; the number of samples that make a mode count is an option
///          here
/// Samples that are not finite are of no mode. Throws Error for shapes that do not fit, no samples or centres, a
/// deviation that is not positive.
ModeCoverage mode_coverage(const Tensor& samples, const Tensor& centres, double sigma, const ModeOptions& options = {});

}  // namespace atelier::inline v0::metrics
