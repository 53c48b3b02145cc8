/// Dropout as a layer.
#pragma once

#include "atelier/core/error.hpp"
#include "atelier/ops/random.hpp"

namespace atelier::inline v0::nn {

namespace detail {
/// Whether a layer has anything to drop. Throws ConfigError, naming it, for a p outside [0, 1].
inline bool drops(const char* layer, double p, const Rng* rng) {
  if (!(p >= 0 && p <= 1))
    throw ConfigError(std::string(layer) + ": p: expected a probability in [0, 1], found " + number_text(p));
  return rng && p > 0;
}
}  // namespace detail

/// In training, zeroes each element with probability p and scales the rest by 1 / (1 - p).  Srivastava et al. 2014
/// Training is said by handing in a generator; without one the layer is the identity. Throws ConfigError for a p
/// outside [0, 1], as its neighbours do.
struct Dropout {
  double p = 0.5;

  template <class T> BasicTensor<T> operator()(const BasicTensor<T>& x, Rng* rng) const {
    return detail::drops("Dropout", p, rng) ? dropout(x, p, *rng) : x;
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
    return detail::drops("Dropout2d", p, rng) ? dropout_channels(x, p, *rng) : x;
  }
  static void visit(auto&, auto&&) {}
};

/// The same with one mask for all times of a sequence: x [T, B, C] with `dim` 0, [B, T, C] with `dim` 1.
///                                                                                            Gal & Ghahramani 2016
struct LockedDropout {
  double p = 0.5;
  int dim = 0;

  template <class T> BasicTensor<T> operator()(const BasicTensor<T>& x, Rng* rng) const {
    return detail::drops("LockedDropout", p, rng) ? dropout_shared(x, p, dim, *rng) : x;
  }
  static void visit(auto&, auto&&) {}
};

}  // namespace atelier::inline v0::nn
