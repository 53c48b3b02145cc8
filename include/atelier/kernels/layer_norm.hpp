/// Normalisation of rows: each by its own mean and variance, scaled and shifted by columns; and its gradient.
///
/// x: [rows, n], w and b [n]. A row is read from memory once and stays in cache for its sums.
#pragma once

#include <cmath>

#include "atelier/kernels/reduce.hpp"

namespace atelier::inline v0::kernels {

namespace detail {
/// Sum of f(in[0][i], ...) over a row: blocks in T, added in double.
template <int Bytes, class F, class T, std::size_t K>
ATELIER_INLINE double row_sum(const F& f, const std::array<const T*, K>& in, Index n) {
  double sum = 0;
  for (Index i = 0; i < n; i += sum_block) {
    std::array<const T*, K> from = in;
    for (auto& p : from) p += i;
    sum += static_cast<double>(sum_span<Bytes>(f, from, std::min(sum_block, n - i)));
  }
  return sum;
}
}  // namespace detail

/// y = (x - mean) * spread * w + b with spread = 1 / sqrt(variance + eps); mean and spread: [rows], for the gradient.
template <Real T>
void layer_norm(T* y, T* mean, T* spread, const T* x, const T* w, const T* b, Index rows, Index n, double eps) {
  parallel_for(rows, map_grain / std::max<Index>(1, n) + 1, [&](Index begin, Index end) {
    dispatch([&]<int Bytes>() ATELIER_LAMBDA {
      for (Index r = begin; r < end; ++r) {
        const T* row = x + r * n;
        const auto count = static_cast<double>(n);
        const std::array<const T*, 1> in{row};
        const T m = static_cast<T>(detail::row_sum<Bytes>([](auto v) ATELIER_LAMBDA { return v; }, in, n) / count);
        const auto square = [m](auto v) ATELIER_LAMBDA { return (v - m) * (v - m); };
        const double variance = detail::row_sum<Bytes>(square, in, n) / count;
        const T s = static_cast<T>(1 / std::sqrt(variance + eps));
        map_span<Bytes>([m, s](auto v, auto weight, auto bias) ATELIER_LAMBDA { return (v - m) * s * weight + bias; },
                        y + r * n, std::array<const T*, 3>{row, w, b}, {true, true, true}, n);
        mean[r] = m, spread[r] = s;
      }
    });
  });
}

/// Rows of a unit of the gradient, at most 64 of which there are; 16 rows at least, whole multiples of 16.
inline Index layer_norm_unit(Index rows) { return ((rows + 63) / 64 + 15) / 16 * 16; }
/// Numbers that layer_norm_gradient needs on its way: two columns in T and two in double for each unit.
inline Index layer_norm_units(Index rows) { return (rows + layer_norm_unit(rows) - 1) / layer_norm_unit(rows); }

/// What layer_norm_gradient gives; null where nobody wants it.
template <class T> struct LayerNormGradient { T *x, *w, *b; };

namespace detail {
/// dx of one row: spread * (u - mean(u) - h * mean(u h)), u = g w, h = (x - mean) * spread.
template <int Bytes, class T>
ATELIER_INLINE void layer_norm_row(T* dx, const T* g, const T* x, const T* w, T m, T s, Index n) {
  const std::array<const T*, 3> in{g, w, x};
  const auto count = static_cast<double>(n);
  const auto product = [](auto d, auto weight) ATELIER_LAMBDA { return d * weight; };
  const auto moment = [m](auto d, auto weight, auto v) ATELIER_LAMBDA { return d * weight * (v - m); };
  const T mean_u = static_cast<T>(row_sum<Bytes>(product, std::array<const T*, 2>{g, w}, n) / count);
  const double mean_ux = row_sum<Bytes>(moment, in, n) / count;
  const T slope = static_cast<T>(mean_ux * static_cast<double>(s) * static_cast<double>(s));
  map_span<Bytes>([=](auto d, auto weight, auto v)
                      ATELIER_LAMBDA { return (d * weight - mean_u - (v - m) * slope) * s; },
                  dx, in, {true, true, true}, n);
}
/// dw += g h and db += g of one row.
template <int Bytes, class T>
ATELIER_INLINE void layer_norm_columns(T* dw, T* db, const T* g, const T* x, T m, T s, Index n) {
  map_span<Bytes>([m, s](auto d, auto v, auto sum) ATELIER_LAMBDA { return sum + d * ((v - m) * s); }, dw,
                  std::array<const T*, 3>{g, x, dw}, {true, true, true}, n);
  map_span<Bytes>([](auto d, auto sum) ATELIER_LAMBDA { return sum + d; }, db, std::array<const T*, 2>{g, db},
                  {true, true}, n);
}
}  // namespace detail

/// The gradient, in one pass over g and x. sums: 2 n numbers of T for each unit, totals: the same in double.
template <Real T>
void layer_norm_gradient(const LayerNormGradient<T>& d, T* sums, double* totals, const T* g, const T* x, const T* w,
                         const T* mean, const T* spread, Index rows, Index n) {
  constexpr Index block = 64;  // rows that are summed in T
  const Index unit = layer_norm_unit(rows), units = layer_norm_units(rows), columns = d.w || d.b ? 2 * n : 0;
  std::fill_n(totals, units * columns, 0.0);
  parallel_for(units, map_grain / std::max<Index>(1, unit * n) + 1, [&](Index begin, Index end) {
    dispatch([&]<int Bytes>() ATELIER_LAMBDA {
      for (Index u = begin; u < end; ++u)
        for (Index first = u * unit; first < std::min(rows, (u + 1) * unit); first += block) {
          T* sum = sums + u * columns;
          std::fill_n(sum, columns, T(0));
          for (Index r = first; r < std::min({rows, (u + 1) * unit, first + block}); ++r) {
            const Index at = r * n;
            if (columns) detail::layer_norm_columns<Bytes>(sum, sum + n, g + at, x + at, mean[r], spread[r], n);
            if (d.x) detail::layer_norm_row<Bytes>(d.x + at, g + at, x + at, w, mean[r], spread[r], n);
          }
          for (Index c = 0; c < columns; ++c) totals[u * columns + c] += static_cast<double>(sum[c]);
        }
    });
  });
  for (Index u = 1; u < units; ++u)
    for (Index c = 0; c < columns; ++c) totals[c] += totals[u * columns + c];
  for (Index c = 0; c < n && units > 0; ++c) {
    if (d.w) d.w[c] = static_cast<T>(totals[c]);
    if (d.b) d.b[c] = static_cast<T>(totals[n + c]);
  }
  if (units == 0 && d.w) std::fill_n(d.w, n, T(0));
  if (units == 0 && d.b) std::fill_n(d.b, n, T(0));
}

}  // namespace atelier::inline v0::kernels
