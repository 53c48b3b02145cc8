/// Sums, maxima and their positions over the rows or columns of a matrix. The order of every sum depends on the sizes
/// only: blocks of fixed length, summed in order, whoever computes them.
#pragma once

#include <algorithm>

#include "atelier/kernels/map.hpp"

namespace atelier::inline v0::kernels {

/// Elements of a block that is summed in T; sums of blocks are added in double (for float).
inline constexpr Index sum_block = 4096;

namespace detail {
template <class T> struct Wider { using type = T; };
template <> struct Wider<float> { using type = double; };

/// Sum over i in [begin, end) of value(i), where value(i) gives the lanes from i on and value.tail(i, count) the first
/// `count` of them with zeros behind. At most sum_block elements.
template <class L, class Gen> ATELIER_INLINE auto sum_lanes(const Gen& value, Index begin, Index end) {
  typename L::Value a(0), b(0), c(0), d(0);
  Index i = begin;
  for (; i + 4 * L::count <= end; i += 4 * L::count) {
    a = a + value(i);
    b = b + value(i + L::count);
    c = c + value(i + 2 * L::count);
    d = d + value(i + 3 * L::count);
  }
  for (; i + L::count <= end; i += L::count) a = a + value(i);
  if (i < end) b = b + value.tail(i, end - i);
  return (a + b) + (c + d);
}
template <class T, int N> ATELIER_INLINE T total(const simd::Vec<T, N>& x) { return simd::reduce_add(x); }
template <class L, class B> ATELIER_INLINE Dual<B> dual_total(const typename L::Value& x) {
  Dual<B> y;
  L::store(x, &y);
  return y;
}
}  // namespace detail

/// f applied to K arrays at once, as a source of lanes for sums.
template <class L, class F, class T, std::size_t K> struct MappedLanes {
  const F& f;
  std::array<const T*, K> in;

  ATELIER_INLINE auto operator()(Index i) const {
    return [&]<std::size_t... J>(std::index_sequence<J...>) ATELIER_LAMBDA { return f(L::load(in[J] + i)...); }
    (std::make_index_sequence<K>{});
  }
  ATELIER_INLINE auto tail(Index i, Index count) const {
    const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
    T padded[K][L::count] = {}, result[L::count] = {};
    for (std::size_t k = 0; k < K; ++k) std::memcpy(static_cast<void*>(padded[k]), in[k] + i, bytes);
    const auto y = [&]<std::size_t... J>(std::index_sequence<J...>) ATELIER_LAMBDA { return f(L::load(padded[J])...); }
    (std::make_index_sequence<K>{});
    L::store(y, result);
    for (Index k = count; k < L::count; ++k) result[k] = T(0);
    return L::load(result);
  }
};

/// Sum of f(in[0][i], ...) over i in [0, n).
template <int Bytes, class F, class T, std::size_t K>
ATELIER_INLINE T sum_span(const F& f, const std::array<const T*, K>& in, Index n) {
  using L = Lanes<T, Bytes>;
  const MappedLanes<L, F, T, K> value{f, in};
  typename detail::Wider<T>::type sum(0);
  for (Index i = 0; i < n; i += sum_block) {
    const auto lanes = detail::sum_lanes<L>(value, i, std::min(n, i + sum_block));
    if constexpr (Real<T>) {
      sum += detail::total(lanes);
    } else {
      sum += detail::dual_total<L, decltype(T::v)>(lanes);
    }
  }
  return static_cast<T>(sum);
}

/// The same sum to the same bits by several threads: sums of blocks side by side, then added in order.
template <class F, class T, std::size_t K> T sum_long_row(const F& f, const std::array<const T*, K>& in, Index n) {
  constexpr Index batch = 64;  // blocks at a time
  typename detail::Wider<T>::type sum(0);
  for (Index first = 0; first < n; first += batch * sum_block) {
    T totals[batch];
    const Index blocks = std::min(batch, (n - first + sum_block - 1) / sum_block);
    parallel_for(blocks, map_grain / sum_block, [&](Index begin, Index end) {
      dispatch([&]<int Bytes>() ATELIER_LAMBDA {
        for (Index b = begin; b < end; ++b) {
          std::array<const T*, K> from = in;
          for (auto& p : from) p += first + b * sum_block;
          totals[b] = sum_span<Bytes>(f, from, std::min(sum_block, n - first - b * sum_block));
        }
      });
    });
    for (Index b = 0; b < blocks; ++b) sum += totals[b];
  }
  return static_cast<T>(sum);
}

/// out[r] = sum over c of f(in[0][r, c], ...), for matrices [rows, cols].
template <class F, class T, std::size_t K>
void sum_rows(const F& f, T* out, const std::array<const T*, K>& in, Index rows, Index cols) {
  if (rows == 1 && cols >= 4 * map_grain) {
    *out = sum_long_row(f, in, cols);
    return;
  }
  parallel_for(rows, map_grain / std::max<Index>(cols, 1) + 1, [&](Index begin, Index end) {
    dispatch([&]<int Bytes>() ATELIER_LAMBDA {
      for (Index r = begin; r < end; ++r) {
        std::array<const T*, K> row = in;
        for (auto& p : row) p += r * cols;
        out[r] = sum_span<Bytes>(f, row, cols);
      }
    });
  });
}

/// out[c] = sum over r of x[r, c]; blocks of rows in T, their sums added in order. Threads share the columns.
template <class T> void sum_columns(T* out, const T* x, Index rows, Index cols) {
  constexpr Index block = 64;
  std::fill_n(out, cols, T(0));
  const Index grain = std::max<Index>(64, map_grain / std::max<Index>(rows, 1));
  parallel_for((cols + 15) / 16, grain / 16, [&](Index begin, Index end) {
    begin *= 16, end = std::min(end * 16, cols);
    dispatch([&]<int Bytes>() ATELIER_LAMBDA {
      using L = Lanes<T, Bytes>;
      Index c = begin;
      for (; c + L::count <= end; c += L::count)
        for (Index r0 = 0; r0 < rows; r0 += block) {
          typename L::Value sum(0);
          for (Index r = r0; r < std::min(rows, r0 + block); ++r) sum = sum + L::load(x + r * cols + c);
          L::store(L::load(out + c) + sum, out + c);
        }
      for (; c < end; ++c)
        for (Index r0 = 0; r0 < rows; r0 += block) {
          T sum(0);
          for (Index r = r0; r < std::min(rows, r0 + block); ++r) sum += x[r * cols + c];
          out[c] += sum;
        }
    });
  });
}

/// out[r] = the largest of x[r, :], NaN when the row has one; cols > 0. `better(a, b)`: a replaces b.
template <class T, class Better>
void best_in_rows(const Better& better, T* out, std::int32_t* position, const T* x, Index rows, Index cols) {
  parallel_for(rows, map_grain / cols + 1, [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) {
      const T* row = x + r * cols;
      Index best = 0;
      for (Index c = 1; c < cols; ++c)
        if (better(row[c], row[best]) || (row[c] != row[c] && row[best] == row[best])) best = c;
      if (out) out[r] = row[best];
      if (position) position[r] = static_cast<std::int32_t>(best);
    }
  });
}

}  // namespace atelier::inline v0::kernels
