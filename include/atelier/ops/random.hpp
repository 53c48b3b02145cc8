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

}  // namespace atelier::inline v0
