/// Winograd's minimal filtering, F(m, r): m results of a filter of r taps from n = m + r - 1 inputs with n products
/// instead of m r. Winograd 1980; Lavin & Gray 2016.
///
///   y = A^T [(G w) * (B^T x)],   y[i] = sum over k of w[k] x[i + k],   * element by element
///
/// It is the transpose of Toom's multiplication of polynomials by their values at n points: n - 1 numbers p and
/// infinity. With N_j(t) = product over l != j of (t - p_l),
///
///   A^T[i][j] = p_j^i             (infinity: 1 for i = m - 1, else 0)
///   G[j][k]   = p_j^k / N_j(p_j)  (infinity: 1 for k = r - 1, else 0)
///   B^T[j]    = the coefficients of N_j; of the product over all l of (t - p_l) for infinity
///
/// For two dimensions the matrices are applied to columns, then to rows. Transposed, the identity gives the gradient of
/// the taps: dw = G^T [(A dy) * (B^T x)]. Points near 0 with few digits keep the rounding errors small (Barabasz,
/// Anderson, Soodhalter & Gregg 2020). F(4, 2), points 0, 1, -1, 2:
///
///         2 -1 -2  1  0            1/2    0
///         0 -2 -1  1  0           -1/2 -1/2           1  1  1  1  0
///   B^T = 0  2 -3  1  0      G =  -1/6  1/6     A^T = 0  1 -1  2  0
///         0 -1  0  1  0            1/6  1/3           0  1  1  4  0
///         0  2 -1 -2  1             0    1            0  1 -1  8  1
#pragma once

#include <utility>

#include "atelier/kernels/gemm/lanes.hpp"

namespace atelier::inline v0::kernels::winograd {

/// F(m x m, r x r).
template <int m_, int r_> struct Algorithm {
  static constexpr int m = m_, r = r_;
  static constexpr int n = m + r - 1;
  static constexpr int positions = n * n;  ///< products of a tile
};

/// The finite points come from this list's beginning.
inline constexpr double points[] = {0, 1, -1, 2, -2};

constexpr double power(double x, int e) { return e == 0 ? 1 : x * power(x, e - 1); }

/// Coefficient `degree` of the product over l < count, l != skipped, of (t - points[l]).
constexpr double coefficient(int count, int skipped, int degree) {
  if (degree < 0) return 0;
  if (count == 0) return degree == 0 ? 1 : 0;
  const int l = count - 1;
  if (l == skipped) return coefficient(l, skipped, degree);
  return coefficient(l, skipped, degree - 1) - points[l] * coefficient(l, skipped, degree);
}

/// product over l < count, l != j, of (points[j] - points[l]).
constexpr double distance(int count, int j) {
  double d = 1;
  for (int l = 0; l < count; ++l)
    if (l != j) d *= points[j] - points[l];
  return d;
}

/// B^T, [n, n].
template <class W> struct Input {
  static constexpr int rows = W::n, columns = W::n;
  static constexpr double at(int j, int k) { return coefficient(W::n - 1, j, k); }
};
/// A^T, [m, n].
template <class W> struct Output {
  static constexpr int rows = W::m, columns = W::n;
  static constexpr double at(int i, int j) { return j < W::n - 1 ? power(points[j], i) : i == W::m - 1; }
};
/// G, [n, r].
template <class W> struct Filter {
  static constexpr int rows = W::n, columns = W::r;
  static constexpr double at(int j, int k) {
    return j < W::n - 1 ? power(points[j], k) / distance(W::n - 1, j) : k == W::r - 1;
  }
};
template <class M> struct Transposed {
  static constexpr int rows = M::columns, columns = M::rows;
  static constexpr double at(int i, int j) { return M::at(j, i); }
};

/// The term that a row's sum begins with: one that needs no product, if there is any.
template <class M> constexpr int first_term(int i) {
  int first = -1;
  for (int j = M::columns - 1; j >= 0; --j)
    if (M::at(i, j) != 0 && (first < 0 || M::at(i, first) != 1)) first = j;
  for (int j = M::columns - 1; j >= 0; --j)
    if (M::at(i, j) == 1) first = j;
  return first;
}

/// sum + coefficient * x, but for the first term.
template <class M, int i, int j, int first, class V> ATELIER_INLINE void add_term(V& sum, const V& x) {
  constexpr double factor = j == first ? 0 : M::at(i, j);
  if constexpr (factor == 1) {
    sum.raw += x.raw;
  } else if constexpr (factor == -1) {
    sum.raw -= x.raw;
  } else if constexpr (factor != 0) {
    sum.raw += gemm_impl::broadcast<V>(static_cast<typename V::scalar>(factor)).raw * x.raw;
  }
}

/// Row i of M times the vectors x.
template <class M, int i, class V, int... j>
ATELIER_INLINE V product(const V (&x)[M::columns], std::integer_sequence<int, j...>) {
  constexpr int first = first_term<M>(i);
  constexpr double factor = M::at(i, first);
  V sum = x[first];
  if constexpr (factor != 1) sum.raw *= gemm_impl::broadcast<V>(static_cast<typename V::scalar>(factor)).raw;
  (add_term<M, i, j, first>(sum, x[j]), ...);
  return sum;
}

/// y = M x.
template <class M, class V> ATELIER_INLINE void multiply(const V (&x)[M::columns], V (&y)[M::rows]) {
  [&]<int... i>(std::integer_sequence<int, i...>) ATELIER_LAMBDA {
    ((y[i] = product<M, i>(x, std::make_integer_sequence<int, M::columns>{})), ...);
  }
  (std::make_integer_sequence<int, M::rows>{});
}

/// Calls store(i, j, y) with the elements of y = M x M^T, x[i][j] = load(i, j): [rows, rows] from [columns, columns].
template <class M, class V, class Load, class Store>
ATELIER_INLINE void transform(const Load& load, const Store& store) {
  V half[M::columns][M::rows];  // (M x)^T
#pragma GCC unroll 8
  for (int j = 0; j < M::columns; ++j) {
    V column[M::columns];
#pragma GCC unroll 8
    for (int i = 0; i < M::columns; ++i) column[i] = load(i, j);
    multiply<M>(column, half[j]);
  }
#pragma GCC unroll 8
  for (int i = 0; i < M::rows; ++i) {
    V row[M::columns], y[M::rows];
#pragma GCC unroll 8
    for (int j = 0; j < M::columns; ++j) row[j] = half[j][i];
    multiply<M>(row, y);
#pragma GCC unroll 8
    for (int j = 0; j < M::rows; ++j) store(i, j, y[j]);
  }
}

}  // namespace atelier::inline v0::kernels::winograd
