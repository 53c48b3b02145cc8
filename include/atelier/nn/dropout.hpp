/// Dropout as a layer.
#pragma once

#include "atelier/ops/random.hpp"

namespace atelier::inline v0::nn {

/// In training, zeroes each element with probability p and scales the rest by 1 / (1 - p).  Srivastava et al. 2014
/// Training is said by handing in a generator; without one the layer is the identity.
struct Dropout {
  double p = 0.5;

  template <class T> BasicTensor<T> operator()(const BasicTensor<T>& x, Rng* rng) const {
    return rng && p > 0 ? dropout(x, p, *rng) : x;
  }
  static void visit(auto&, auto&&) {}
};

/// The same for whole channels of images, whose neighbouring pixels would give each other away: x [B, H, W, C].
///                                                                                            Tompson et al. 2015
struct Dropout2d {
  double p = 0.5;

  /// Throws Error for another rank.
  template <class T> BasicTensor<T> operator()(const BasicTensor<T>& x, Rng* rng) const {
    if (x.rank() != 4) throw Error("Dropout2d: expected [B, H, W, C], found " + x.shape().str());
    return rng && p > 0 ? dropout_channels(x, p, *rng) : x;
  }
  static void visit(auto&, auto&&) {}
};

/// The same with one mask for all times of a sequence: x [T, B, C] with `dim` 0, [B, T, C] with `dim` 1.
///                                                                                            Gal & Ghahramani 2016
struct LockedDropout {
  double p = 0.5;
  int dim = 0;

  template <class T> BasicTensor<T> operator()(const BasicTensor<T>& x, Rng* rng) const {
    return rng && p > 0 ? dropout_shared(x, p, dim, *rng) : x;
  }
  static void visit(auto&, auto&&) {}
};

}  // namespace atelier::inline v0::nn
