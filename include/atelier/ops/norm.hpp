/// Normalisation over the innermost dimension.
#pragma once

#include "atelier/ops/reduce.hpp"

namespace atelier::inline v0 {

/// (x - mean) / sqrt(variance + eps) * w + b over the innermost dimension: x [..., N], w and b [N].     Ba et al. 2016
/// Throws Error when the shapes do not fit.
template <class T>
BasicTensor<T> layer_norm(const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& b,
                          std::type_identity_t<real_of<T>> eps = real_of<T>(1e-5)) {
  if (x.rank() < 1 || w.shape() != Shape{x.size(-1)} || b.shape() != w.shape())
    throw Error("layer_norm: expected [..., N], [N], [N], found " + x.shape().str() + ", " + w.shape().str() + ", " +
                b.shape().str());
  const auto centred = sub(x, mean(x, {-1}, true));
  const auto spread = map(
      "layer_norm", [eps](auto v) ATELIER_LAMBDA { return 1 / sqrt(v + eps); }, mean(square(centred), {-1}, true));
  return add(mul(mul(centred, spread), w), b);
}
ATELIER_OP(layer_norm)

}  // namespace atelier::inline v0
