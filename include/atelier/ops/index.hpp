/// Elements by number: gathers, and the scatter-adds that are their transposes.
#pragma once

#include <limits>

#include "atelier/kernels/index.hpp"
#include "atelier/ops/shape.hpp"

namespace atelier::inline v0 {

namespace detail {
/// Throws Error unless every index lies in [0, n).
inline void check_indices(const char* op, const IndexTensor& index, Index n) {
  for (Index i = 0; i < index.size(); ++i)
    if (index.data()[i] < 0 || index.data()[i] >= n)
      throw Error(std::string(op) + ": index " + std::to_string(index.data()[i]) + " at position " + std::to_string(i) +
                  " lies outside [0, " + std::to_string(n) + ")");
}
}  // namespace detail

/// Zeros with x's parts added at the numbered places of dimension `dim`, which has `size` places: the transpose of
/// take().
template <class T> BasicTensor<T> scatter_add(const BasicTensor<T>& x, const IndexTensor& index, int dim, Index size) {
  const int at = x.shape().axis(dim);
  detail::check_indices("scatter_add", index, size);
  if (index.rank() != 1 || index.size() != x.size(at))
    throw Error("scatter_add: expected " + std::to_string(x.size(at)) + " indices, found " + index.shape().str());
  Shape shape = x.shape();
  shape[at] = size;
  auto y = BasicTensor<T>::zeros(shape);
  const detail::Pieces p(shape, at);
  kernels::add_at(y.mutable_data(), x.data(), index.data(), p.outer, size, index.size(), p.inner);
  return record("scatter_add", y, wrt(x, [index, at](const BasicTensor<T>& g) { return take(g, index, at); }));
}

/// The parts of x along `dim` with the given numbers (index: [K]): [.., N, ..] -> [.., K, ..]. Rows of a table, dim =
/// 0.
template <class T> BasicTensor<T> take(const BasicTensor<T>& x, const IndexTensor& index, int dim = 0) {
  const int at = x.shape().axis(dim);
  const Index n = x.size(at);
  detail::check_indices("take", index, n);
  if (index.rank() != 1) throw Error("take: expected a list of indices, found shape " + index.shape().str());
  Shape shape = x.shape();
  shape[at] = index.size();
  auto y = BasicTensor<T>::empty(shape);
  const detail::Pieces p(shape, at);
  kernels::take(y.mutable_data(), x.data(), index.data(), p.outer, n, index.size(), p.inner);
  return record("take", y, wrt(x, [index, at, n](const BasicTensor<T>& g) { return scatter_add(g, index, at, n); }));
}
ATELIER_OP(scatter_add)
ATELIER_OP(take)

namespace detail {
/// Numbers of the elements x[r, index[r]] in a matrix of `cols` columns.
inline IndexTensor flat_positions(const IndexTensor& index, Index cols) {
  if (index.size() * cols > std::numeric_limits<std::int32_t>::max())
    throw Error("pick: a matrix of more than 2147483647 elements, " + Shape{index.size(), cols}.str());
  auto flat = IndexTensor::empty({index.size()});
  for (Index r = 0; r < index.size(); ++r)
    flat.mutable_data()[r] = static_cast<std::int32_t>(r * cols) + index.data()[r];
  return flat;
}
}  // namespace detail

/// One element of each row: x [R, C], index [R] -> [R], y[r] = x[r, index[r]].
template <class T> BasicTensor<T> pick(const BasicTensor<T>& x, const IndexTensor& index) {
  if (x.rank() != 2 || index.rank() != 1 || index.size() != x.size(0))
    throw Error("pick: expected [R, C] and [R], found " + x.shape().str() + " and " + index.shape().str());
  detail::check_indices("pick", index, x.size(1));
  return take(reshape(x, Shape{x.size()}), detail::flat_positions(index, x.size(1)));
}
ATELIER_OP(pick)

/// Rows of 0 with a 1 at the index: [R] -> [R, classes].
template <class T> BasicTensor<T> one_hot(const IndexTensor& index, Index classes) {
  if (index.rank() != 1) throw Error("one_hot: expected [R], found " + index.shape().str());
  detail::check_indices("one_hot", index, classes);
  auto y = BasicTensor<T>::zeros({index.size(), classes});
  for (Index r = 0; r < index.size(); ++r) y.mutable_data()[r * classes + index.data()[r]] = T(1);
  return y;
}
ATELIER_OP(one_hot)

}  // namespace atelier::inline v0
