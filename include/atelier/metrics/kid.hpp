/// The kernel distance between two sets of features ("KID" when they are an Inception network's).  Binkowski et al.
/// 2018
#pragma once

#include <string>

#include "atelier/core/random.hpp"
#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0::metrics {

/// The unbiased estimate of the squared maximum mean discrepancy under k(x, y) = (x.y / D + 1)^3, of x [N, D], y [M,
/// D]:
///   sum_{i != j} k(x_i, x_j) / (N (N - 1)) + sum_{i != j} k(y_i, y_j) / (M (M - 1)) - 2 sum_{i, j} k(x_i, y_j) / (N M)
///                                                                        Gretton et al. 2012, eq. 3; Binkowski et al.
///                                                                        2018
/// It may be negative. Products in float, the kernel and its sums in double.
/// Throws Error for shapes that do not fit, fewer than 2 points in a set, or features that are not finite.
double polynomial_mmd2(const Tensor& x, const Tensor& y);

struct KidOptions {
  Index subsets = 100;
  Index subset_size = 1000;  ///< points that a subset draws from each set; all of the smaller set when that has fewer
};

struct Kid {
  double mean = 0, std = 0;  ///< over the subsets; the deviation divides by their number
  Index subsets = 0, subset_size = 0;
  std::string protocol;
};

/// Mean and deviation of polynomial_mmd2() over random subsets, each drawn without replacement from real [N, D] and,
/// independently, from generated [M, D]. Throws Error as polynomial_mmd2() does, and for options below 1 subset of 2.
Kid kid(const Tensor& real, const Tensor& generated, Rng& rng, const KidOptions& options = {});

}  // namespace atelier::inline v0::metrics
