/// Normalisation of rows: each by its own mean and variance, or its mean square, scaled and shifted by columns; and its
/// gradient.
///
/// x: [rows, n], w and b [n]. A row is read from memory once and stays in cache for its sums. Rows go one after
/// another: several at a time would hide the sums' latency too, but memory serves several places at half the speed.
#pragma once

#include <cmath>

#include "atelier/kernels/channels.hpp"
#include "atelier/kernels/reduce.hpp"

namespace atelier::inline v0::kernels {

namespace detail {
/// K sums over a row: add(c, keep, sum) adds to sum[k] the vector at column c. Four interleaved sums; blocks of columns
/// in T, joined in double.
template <class L, std::size_t K, class F> ATELIER_INLINE std::array<double, K> row_sums(const F& add, Index n) {
  std::array<double, K> total{};
  for (Index first = 0; first < n;) {
    // the last block takes what is too little for one of its own
    const Index width = n - first < 2 * sum_block ? n - first : sum_block,
                whole = width / (4 * L::count) * 4 * L::count;
    std::array<typename L::Value, K> sum[4];
    for (auto& s : sum) s.fill(typename L::Value(0));
    const auto all = [](const auto& v) ATELIER_LAMBDA { return v; };
    for (Index c = first; c < first + whole; c += 4 * L::count) {
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) add(c + i * L::count, all, sum[i]);
    }
    each_vector_once<L>(width - whole, first + whole,
                        [&](Index c, const auto& keep) ATELIER_LAMBDA { add(c, keep, sum[0]); });
    for (std::size_t k = 0; k < K; ++k)
      total[k] += static_cast<double>(simd::reduce_add((sum[0][k] + sum[1][k]) + (sum[2][k] + sum[3][k])));
    first += width;
  }
  return total;
}

/// f.operator()<L>(r) for the rows [begin, end) of n > 0 numbers.
template <class T, int Bytes, class F> ATELIER_INLINE void each_full_row(Index begin, Index end, Index n, const F& f) {
  with_lanes<T, Bytes>(n, [&]<class L>() ATELIER_LAMBDA {
    for (Index r = begin; r < end; ++r) f.template operator()<L>(r);
  });
}
}  // namespace detail

/// What a normalisation of rows reads and writes. With a residual r it normalises s = x + r, and stores that too.
template <class T> struct RowNorm {
  T *y, *mean, *spread;  ///< [rows, n], [rows], [rows]: for the gradient
  const T *x, *w, *b;    ///< [rows, n], [n], [n]
  const T* r = nullptr;
  T* s = nullptr;
};

namespace detail {
/// One row; Centred: by mean and variance, else by the mean square alone, without mean and b.
template <bool Centred, class L, class T>
ATELIER_INLINE void norm_row(const RowNorm<T>& o, Index row, Index n, double eps) {
  using Value = typename L::Value;
  const auto count = static_cast<double>(n);
  const T* x = o.x + row * n;
  T *const y = o.y + row * n, *const s = o.s + row * n;
  if (o.r) {
    each_vector<L>(n, [&](Index c) ATELIER_LAMBDA { L::store(L::load(x + c) + L::load(o.r + row * n + c), s + c); });
    x = s;
  }
  Value m(0);
  if constexpr (Centred) {
    const auto plain = [&](Index c, const auto& keep, auto& sum)
                           ATELIER_LAMBDA { sum[0] = sum[0] + keep(L::load(x + c)); };
    o.mean[row] = static_cast<T>(row_sums<L, 1>(plain, n)[0] / count);
    m = Value(o.mean[row]);
  }
  const auto square = [&](Index c, const auto& keep, auto& sum) ATELIER_LAMBDA {
    const Value d = keep(L::load(x + c) - m);
    sum[0] = sum[0] + d * d;
  };
  o.spread[row] = static_cast<T>(1 / std::sqrt(row_sums<L, 1>(square, n)[0] / count + eps));
  const Value r(o.spread[row]);
  each_vector<L>(n, [&](Index c) ATELIER_LAMBDA {
    const Value h = (L::load(x + c) - m) * r * L::load(o.w + c);
    if constexpr (Centred)
      L::store(h + L::load(o.b + c), y + c);
    else
      L::store(h, y + c);
  });
}
}  // namespace detail

/// y = (s - mean) * spread * w + b with spread = 1 / sqrt(variance + eps), s = x [+ r]; not Centred: y = s * spread * w
/// with the mean square for the variance.
template <bool Centred, Real T> void norm_rows(const RowNorm<T>& o, Index rows, Index n, double eps) {
  if (n == 0) return;
  parallel_for(rows, map_grain / n + 1, [&](Index begin, Index end) {
    dispatch_for<T>([&]<int Bytes>() ATELIER_LAMBDA {
      detail::each_full_row<T, Bytes>(
          begin, end, n, [&]<class L>(Index r) ATELIER_LAMBDA { detail::norm_row<Centred, L>(o, r, n, eps); });
    });
  });
}

/// The same without a residual, centred.
template <Real T>
void layer_norm(T* y, T* mean, T* spread, const T* x, const T* w, const T* b, Index rows, Index n, double eps) {
  norm_rows<true>(RowNorm<T>{y, mean, spread, x, w, b}, rows, n, eps);
}

/// Rows of a unit of the gradient: whole multiples of 16, so many that there are at most 64 units.
inline Index layer_norm_unit(Index rows) { return std::max<Index>(1, ((rows + 63) / 64 + 15) / 16) * 16; }
inline Index layer_norm_units(Index rows) { return (rows + layer_norm_unit(rows) - 1) / layer_norm_unit(rows); }

/// What the gradient reads: mean and spread as the forward pass left them; x is the sum where there is a residual.
/// `carry`, which may be null, is what x's gradient has been given from elsewhere.
template <class T> struct LayerNormInputs {
  const T *g, *x, *w, *mean, *spread;
  const T* carry = nullptr;
};

namespace detail {
/// Row r: dw += g h and db += g; dx = [carry +] spread * (u - mean(u) - h mean(u h)) if there is a dx, with u = g w and
/// h = (x - mean) * spread. Without a mean, h = x * spread, and neither mean(u) nor db is there.
template <bool Centred, class L, class T>
ATELIER_INLINE void norm_row_back(T* dx, T* dw, T* db, const LayerNormInputs<T>& in, Index r, Index n) {
  using Value = typename L::Value;
  const T *g = in.g + r * n, *x = in.x + r * n, *carry = in.carry ? in.carry + r * n : nullptr;
  const Value m(Centred ? in.mean[r] : T(0)), spread(in.spread[r]);
  const auto add = [&](Index c, const auto& keep, auto& s) ATELIER_LAMBDA {
    const Value d = keep(L::load(g + c)), h = L::load(x + c) - m, u = d * L::load(in.w + c);
    s[0] = s[0] + u;
    s[1] = s[1] + u * h;
    L::store(L::load(dw + c) + d * (h * spread), dw + c);
    if constexpr (Centred) L::store(L::load(db + c) + d, db + c);
  };
  const auto sums = row_sums<L, 2>(add, n);
  if (!dx) return;
  const auto s = static_cast<double>(in.spread[r]), count = static_cast<double>(n);
  const Value offset(Centred ? sums[0] / count : 0), slope(sums[1] / count * s * s);
  each_vector<L>(n, [&](Index c) ATELIER_LAMBDA {
    const Value h = L::load(x + c) - m, u = L::load(g + c) * L::load(in.w + c);
    Value d = (u - offset - h * slope) * spread;
    if (carry) d = d + L::load(carry + c);
    L::store(d, dx + r * n + c);
  });
}
}  // namespace detail

/// The gradient, in one pass over g and x; dx may be null. columns: 2 n numbers of T for each unit, totals: the same in
/// double, of which the first 2 n end as the sums dw and db.
template <bool Centred = true, Real T>
void layer_norm_gradient(T* dx, double* totals, T* columns, const LayerNormInputs<T>& in, Index rows, Index n) {
  if (n == 0) return;
  constexpr Index block = 64;  // rows that are summed in T
  const Index unit = layer_norm_unit(rows), units = layer_norm_units(rows);
  std::fill_n(totals, std::max<Index>(1, units) * 2 * n, 0.0);
  parallel_for(units, map_grain / (unit * n) + 1, [&](Index begin, Index end) {
    dispatch_for<T>([&]<int Bytes>() ATELIER_LAMBDA {
      for (Index u = begin; u < end; ++u)
        for (Index first = u * unit; first < std::min(rows, (u + 1) * unit); first += block) {
          T* sum = columns + u * 2 * n;
          std::fill_n(sum, 2 * n, T(0));
          const Index last = std::min({rows, (u + 1) * unit, first + block});
          detail::each_full_row<T, Bytes>(first, last, n, [&]<class L>(Index r) ATELIER_LAMBDA {
            detail::norm_row_back<Centred, L>(dx, sum, sum + n, in, r, n);
          });
          for (Index c = 0; c < 2 * n; ++c) totals[u * 2 * n + c] += static_cast<double>(sum[c]);
        }
    });
  });
  for (Index u = 1; u < units; ++u)
    for (Index c = 0; c < 2 * n; ++c) totals[c] += totals[u * 2 * n + c];
}

}  // namespace atelier::inline v0::kernels
