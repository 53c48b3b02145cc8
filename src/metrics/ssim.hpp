/// Structural similarity of two planes of pixels at one scale.                                        Wang et al. 2004
#pragma once

#include <vector>

#include "atelier/core/shape.hpp"

namespace atelier::inline v0::metrics {

/// Pixels in double, in rows that whole vectors can read: zeros behind the last.
struct Plane {
  Index height, width, stride;
  std::vector<double> pixels;

  Plane(Index h, Index w);
  /// The image minus `low`.
  Plane(const float* image, Index h, Index w, double low);
  double* row(Index r) { return pixels.data() + r * stride; }
  const double* row(Index r) const { return pixels.data() + r * stride; }
};

/// Means of 2 x 2 pixels; an odd last row or column counts twice.
Plane halve(const Plane& x);

/// A Gaussian window of `side` pixels that sums to 1, and the constants of the index.
struct SsimWindow {
  std::vector<double> weights;
  double c1, c2;

  /// c1 and c2 are the squares of k1 and k2, which are given in the pixels' unit.
  SsimWindow(Index side, double sigma, double k1, double k2);
  Index side() const { return static_cast<Index>(weights.size()); }
};

/// Means over the window's places: of contrast and structure, and of these times luminance.
struct Similarity {
  double contrast = 0, whole = 0;
};

/// Of planes of the same size, at least the window's.
Similarity similarity(const Plane& x, const Plane& y, const SsimWindow& window);

}  // namespace atelier::inline v0::metrics
