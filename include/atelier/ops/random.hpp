/// Random tensors, and dropout. Draws are constants: nothing is recorded for them.
#pragma once

#include "atelier/kernels/random.hpp"
#include "atelier/ops/arithmetic.hpp"

namespace atelier::inline v0 {

/// Uniform in [low, high).
template <class T = float>
BasicTensor<T> uniform(const Shape& shape, Rng& rng, std::type_identity_t<T> low = 0,
                       std::type_identity_t<T> high = 1) {
  auto x = BasicTensor<T>::empty(shape);
  kernels::fill_uniform(x.mutable_data(), x.size(), low, high, rng);
  return x;
}

/// Standard normal.
template <class T = float> BasicTensor<T> normal(const Shape& shape, Rng& rng) {
  auto x = BasicTensor<T>::empty(shape);
  kernels::fill_normal(x.mutable_data(), x.size(), T(0), T(1), rng);
  return x;
}

/// 1 with the given probability, else 0. Throws Error for a probability outside [0, 1].
template <class T = float> BasicTensor<T> bernoulli(const Shape& shape, double probability, Rng& rng) {
  auto x = BasicTensor<T>::empty(shape);
  kernels::fill_bernoulli(x.mutable_data(), x.size(), probability, rng);
  return x;
}

namespace detail {
/// Dropout with the mask that `state` names, which is not stored: dropout of the cotangent is its own backward rule.
template <class T> BasicTensor<T> dropout_at(const BasicTensor<T>& x, double p, const Rng::State& state) {
  auto y = BasicTensor<T>::empty(x.shape());
  if constexpr (Real<T>) {
    kernels::dropout(y.mutable_data(), x.data(), x.size(), 1 - p, state);
  } else {
    const auto mask = dropout_at(BasicTensor<real_of<T>>(x.shape(), 1), p, state);
    for (Index i = 0; i < x.size(); ++i) y.mutable_data()[i] = x.data()[i] * mask.data()[i];
  }
  return record("dropout", y, wrt(x, [p, state](const BasicTensor<T>& g) { return dropout_at(g, p, state); }));
}
/// 0 with probability p, 1 / (1 - p) otherwise; recorded nowhere.
template <class T> BasicTensor<T> constant_mask(const Shape& shape, double p, Rng& rng) {
  Tape::Pause pause;
  return dropout_at(BasicTensor<T>(shape, T(1)), p, rng.reserve(kernels::random_blocks<real_of<T>>(shape.size())));
}
}  // namespace detail

/// Each element 0 with probability p, and scaled by 1 / (1 - p) otherwise.                     Srivastava et al. 2014
/// Throws Error for a probability outside [0, 1].
template <class T> BasicTensor<T> dropout(const BasicTensor<T>& x, double p, Rng& rng) {
  return detail::dropout_at(x, p, rng.reserve(kernels::random_blocks<real_of<T>>(x.size())));
}
ATELIER_OP(dropout)

/// Each channel of each image 0 with probability p, and scaled by 1 / (1 - p) otherwise: x [B, ..., C].
///                                                                                              Tompson et al. 2015
/// Throws Error for a rank below 2 or a probability outside [0, 1].
template <class T> BasicTensor<T> dropout_channels(const BasicTensor<T>& x, double p, Rng& rng) {
  if (x.rank() < 2) throw Error("dropout_channels: expected [B, ..., C], found " + x.shape().str());
  if (!(p >= 0 && p <= 1)) throw Error("dropout_channels: expected a probability in [0, 1], found " + number_text(p));
  Shape shape = x.shape();
  for (int d = 1; d < x.rank() - 1; ++d) shape[d] = 1;
  return mul(x, detail::constant_mask<T>(shape, p, rng));
}
ATELIER_OP(dropout_channels)

/// Dropout with one mask for all places along `dim`, such as the times of a sequence ("locked" or variational dropout).
///                                                                                           Gal & Ghahramani 2016
/// Throws Error for a dimension that x lacks or a probability outside [0, 1].
template <class T> BasicTensor<T> dropout_shared(const BasicTensor<T>& x, double p, int dim, Rng& rng) {
  Shape shape = x.shape();
  shape[dim] = 1;
  return mul(x, detail::constant_mask<T>(shape, p, rng));
}
ATELIER_OP(dropout_shared)

}  // namespace atelier::inline v0
