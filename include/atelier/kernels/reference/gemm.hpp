/// Matrix product by plain loops, for every scalar type with +, * and construction from int: the truth that the fast
/// kernels are tested against, and the product of types that have no kernel.
#pragma once

#include <cmath>
#include <concepts>
#include <string>

#include "atelier/core/error.hpp"
#include "atelier/kernels/gemm/types.hpp"

namespace atelier::inline v0::kernels::reference {

/// Type of the running sums: double for float, else the scalar itself.
template <class T> using Sum = std::conditional_t<std::is_same_v<T, float>, double, T>;

/// The activation of one number. Throws Error for a scalar type that cannot be compared or has no tanh.
template <class T> T activate(Activation activation, const T& x) {
  if (activation == Activation::none) return x;
  if constexpr (requires { x < T(0); }) {
    if (activation == Activation::relu) return x < T(0) ? T(0) : x;
  }
  if constexpr (std::floating_point<T>) {
    const T c = T(0.79788456080286535588);  // sqrt(2 / pi)
    if (activation == Activation::gelu_tanh) return x / 2 * (1 + std::tanh(c * (x + T(0.044715) * x * x * x)));
  }
  throw Error("gemm: this scalar type has no such activation");
}

/// C[m, n] = activation([C +] A * B [+ bias]); A is [m, k], or [k, m] when transposed; B is [k, n], or [n, k].
template <class T>
void gemm(const GemmShape& shape, Transpose ta, Matrix<const std::type_identity_t<T>> a, Transpose tb,
          Matrix<const std::type_identity_t<T>> b, Matrix<T> c,
          const GemmEpilogue<std::type_identity_t<T>>& epilogue = {}) {
  const Index a_row = ta == Transpose::yes ? 1 : a.stride, a_step = ta == Transpose::yes ? a.stride : 1;
  const Index b_col = tb == Transpose::yes ? b.stride : 1, b_step = tb == Transpose::yes ? 1 : b.stride;
  for (Index i = 0; i < shape.m; ++i) {
    for (Index j = 0; j < shape.n; ++j) {
      Sum<T> sum(0);
      for (Index p = 0; p < shape.k; ++p)
        sum = sum + Sum<T>(a.data[i * a_row + p * a_step]) * Sum<T>(b.data[p * b_step + j * b_col]);
      T& out = c.data[i * c.stride + j];
      if (epilogue.accumulate) sum = sum + Sum<T>(out);
      if (epilogue.bias) sum = sum + Sum<T>(epilogue.bias[j]);
      out = static_cast<T>(activate(epilogue.activation, sum));
    }
  }
}

}  // namespace atelier::inline v0::kernels::reference
