/// Tensors as Eigen matrices and back: the only public header that shows Eigen's types.
#pragma once

#include <Eigen/Core>

#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0::interop {

template <class T> using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A tensor's numbers as a read-only matrix, nothing copied; the tensor must outlive it. [..., N] becomes [rows, N], a
/// vector [N] one row, a scalar 1 x 1.
template <class T> Eigen::Map<const RowMajor<T>> as_matrix(const BasicTensor<T>& x) {
  const Index cols = x.rank() == 0 ? 1 : x.size(-1);
  const Index rows = x.rank() == 0 ? 1 : x.shape().count(0, x.rank() - 1);
  return {x.data(), rows, cols};
}
template <class T> Eigen::Map<const RowMajor<T>> as_matrix(BasicTensor<T>&&) = delete;  // its numbers would be gone

/// A copy of a matrix, or of any Eigen expression of one: [rows, cols].
template <class Derived> BasicTensor<typename Derived::Scalar> to_tensor(const Eigen::MatrixBase<Derived>& m) {
  using T = typename Derived::Scalar;
  auto x = BasicTensor<T>::empty({m.rows(), m.cols()});
  Eigen::Map<RowMajor<T>>(x.mutable_data(), m.rows(), m.cols()) = m;
  return x;
}

}  // namespace atelier::inline v0::interop
