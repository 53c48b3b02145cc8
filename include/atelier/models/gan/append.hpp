/// Features that are added to others.
#pragma once

#include "atelier/ops/shape.hpp"

namespace atelier::inline v0::gan {

/// Two tensors joined along the innermost dimension: [..., N], [..., M] -> [..., N + M]. Unlike concat() it keeps no
/// lists, so that it allocates nothing but its result. Throws Error when the other sizes differ.
template <class T> BasicTensor<T> append(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  Shape shape = a.shape();
  if (a.rank() > 0 && b.rank() == a.rank()) shape[-1] = b.size(-1);
  if (a.rank() == 0 || shape != b.shape())
    throw Error("append: expected shapes that agree but for the last size, found " + a.shape().str() + " and " +
                b.shape().str());
  const Index n = a.size(-1), m = b.size(-1), rows = a.shape().count(0, a.rank() - 1);
  shape[-1] = n + m;
  auto y = BasicTensor<T>::empty(shape);
  kernels::copy_pieces(y.mutable_data(), n + m, a.data(), n, rows, n);
  kernels::copy_pieces(y.mutable_data() + n, n + m, b.data(), m, rows, m);
  return record("append", y, wrt(a, [n](const BasicTensor<T>& g) { return slice(g, -1, 0, n); }),
                wrt(b, [n, m](const BasicTensor<T>& g) { return slice(g, -1, n, n + m); }));
}
ATELIER_KERNEL(append)

}  // namespace atelier::inline v0::gan
