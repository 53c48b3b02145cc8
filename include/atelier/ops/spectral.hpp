/// Spectral normalisation of weights.
#pragma once

#include <cmath>

#include "atelier/ops/matmul.hpp"

namespace atelier::inline v0 {

namespace detail {
/// w as a matrix [O, rest], O the size of dimension `dim`; a vector as its only row. Throws Error for a scalar.
template <class T> BasicTensor<T> as_rows(const char* op, const BasicTensor<T>& w, int dim) {
  if (w.rank() == 0) throw Error(std::string(op) + ": expected a weight of at least one dimension, found a scalar");
  const int at = w.shape().axis(dim);
  if (w.rank() == 1) return reshape(w, Shape{1, w.size()});
  Dims order = {at};
  for (int d = 0; d < w.rank(); ++d)
    if (d != at) order.push_back(d);
  const auto front = at == 0 ? w : permute(w, order);
  return reshape(front, Shape{w.size(at), w.size() / std::max<Index>(1, w.size(at))});
}
/// x / max(|x|, eps)
template <class T> BasicTensor<T> unit_vector(const BasicTensor<T>& x, real_of<T> eps) {
  const T norm = sqrt(sum(square(x))).item();
  return x * (1 / std::max(static_cast<real_of<T>>(norm), eps));
}
}  // namespace detail

/// w / sigma with sigma = u^T W v, W the matrix [O, rest] that w is with dimension `dim` in front: with the first left
/// and right singular vectors u [O] and v [rest], w's largest singular value becomes 1. Differentiable in w; u and v
/// are constants.                                                                                Miyato et al. 2018
/// Throws Error when the sizes do not fit.
template <class T>
BasicTensor<T> spectral_norm(const BasicTensor<T>& w, const BasicTensor<T>& u, const BasicTensor<T>& v, int dim = 0) {
  const auto rows = detail::as_rows("spectral_norm", w, dim);
  if (u.shape() != Shape{rows.size(0)} || v.shape() != Shape{rows.size(1)})
    throw Error("spectral_norm: expected u " + Shape{rows.size(0)}.str() + " and v " + Shape{rows.size(1)}.str() +
                " for a weight " + w.shape().str() + ", found " + u.shape().str() + " and " + v.shape().str());
  const PrecisionScope exact(Precision::highest);
  const auto left = matmul(reshape(copy(u), Shape{1, u.size()}), rows);
  return div(w, reshape(matmul(left, reshape(copy(v), Shape{v.size(), 1})), Shape{}));
}
ATELIER_OP(spectral_norm)

}  // namespace atelier::inline v0
