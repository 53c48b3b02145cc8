/// The two-sample test of the nearest neighbour.                                    Lopez-Paz & Oquab 2017, Xu et al.
/// 2018
#pragma once

#include <string>

#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0::metrics {

struct OneNn {
  double accuracy = 0;            ///< over both sets; 0.5 when they cannot be told apart (and are equally large)
  double accuracy_real = 0;       ///< share of the real points whose nearest neighbour is real
  double accuracy_generated = 0;  ///< share of the generated points whose nearest neighbour is generated
  std::string protocol;
};

/// Leave-one-out accuracy of the classifier that calls a point what its nearest other point is, by Euclidean distance,
/// on features real [N, D] and generated [M, D]. Near 1: the sets are apart. Below 0.5: generated points sit on real
/// ones, as of a generator that has learnt them by heart. A low accuracy_real with a high accuracy_generated: modes are
/// missing.
/// Exact: float products only choose the points that may be nearest, whose distances are then taken in double. Equally
/// near points share the vote. Works on blocks of rows: memory of about 256 * (N + M) floats besides the features.
/// Throws Error for shapes that do not fit, fewer than 2 points in a set, or features that are not finite.
OneNn one_nn(const Tensor& real, const Tensor& generated);

}  // namespace atelier::inline v0::metrics
