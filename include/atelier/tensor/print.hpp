/// Tensors as text: values and shape, long dimensions shortened.
#pragma once

#include <ostream>
#include <sstream>
#include <string>

#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0 {

namespace detail {
template <class T> void print_level(std::ostream& out, const T* values, const Shape& shape, int dim, int indent) {
  constexpr Index edge = 3;  // entries shown at both ends of a long dimension
  if (dim == shape.rank()) {
    out << +*values;
    return;
  }
  const Index n = shape[dim], stride = shape.count(dim + 1, shape.rank());
  const bool inner = dim + 1 == shape.rank();
  out << '[';
  for (Index i = 0; i < n; ++i) {
    if (i) out << (inner ? ", " : ",\n" + std::string(static_cast<std::size_t>(indent + 1), ' '));
    if (n > 2 * edge + 2 && i == edge) {
      out << "...";
      i = n - edge - 1;
      continue;
    }
    print_level(out, values + i * stride, shape, dim + 1, indent + 1);
  }
  out << ']';
}
}  // namespace detail

/// Prints values row by row, then the shape: `[[1, 2],\n [3, 4]] [2, 2]`.
template <class T> std::ostream& operator<<(std::ostream& out, const BasicTensor<T>& x) {
  if (!x) return out << "(empty handle)";
  detail::print_level(out, x.data(), x.shape(), 0, 0);
  return out << ' ' << x.shape().str();
}

template <class T> std::string str(const BasicTensor<T>& x) {
  std::ostringstream out;
  out << x;
  return out.str();
}

}  // namespace atelier::inline v0
