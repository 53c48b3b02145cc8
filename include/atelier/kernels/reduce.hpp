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

/// Sum over i in [0, n) of value(i, n - i): the lanes from i on, zeros behind the last. Four interleaved sums.
template <class L, class Gen> ATELIER_INLINE auto sum_lanes(const Gen& value, Index n) {
  typename L::Value a(0), b(0), c(0), d(0);
  for (Index i = 0; i < n; i += L::count) {
    const typename L::Value next = a + value(i, n - i);
    a = b, b = c, c = d, d = next;
  }
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

  ATELIER_INLINE auto operator()(Index i, Index count) const {
    T padded[K][L::count] = {};
    std::array<const T*, K> from = in;
    for (std::size_t k = 0; k < K; ++k) from[k] += i;
    if (count < L::count) {
      for (std::size_t k = 0; k < K; ++k) {
        std::memcpy(static_cast<void*>(padded[k]), from[k], static_cast<std::size_t>(count) * sizeof(T));
        from[k] = padded[k];
      }
    }
    const auto y = [&]<std::size_t... J>(std::index_sequence<J...>) ATELIER_LAMBDA { return f(L::load(from[J])...); }
    (std::make_index_sequence<K>{});
    if (count >= L::count) return y;
    T result[L::count];
    L::store(y, result);
    for (Index k = count; k < L::count; ++k) result[k] = T(0);
    return L::load(result);
  }
};

/// Sum of f(in[0][i], ...) over i in [0, n), n <= sum_block.
template <int Bytes, class F, class T, std::size_t K>
ATELIER_INLINE T sum_span(const F& f, const std::array<const T*, K>& in, Index n) {
  using L = Lanes<T, Bytes>;
  const auto lanes = detail::sum_lanes<L>(MappedLanes<L, F, T, K>{f, in}, n);
  if constexpr (is_dual<T>::value) {
    return detail::dual_total<L, decltype(T::v)>(lanes);
  } else {
    return detail::total(lanes);
  }
}

/// The code of a function for one block: the sum of f(in[0][i], ...) over i in [0, n), f at `f`; see Pass in map.hpp.
template <class T> using SumPass = T (*)(const void* f, const T* const* in, Index n);
template <class T, class F, std::size_t K> T run_sum_pass(const void* f, const T* const* in, Index n) {
  T sum;
  dispatch_for<T>([&]<int Bytes>() ATELIER_LAMBDA {
    std::array<const T*, K> from;
    for (std::size_t k = 0; k < K; ++k) from[k] = in[k];
    sum = sum_span<Bytes>(*static_cast<const F*>(f), from, n);
  });
  return sum;
}

/// out[r] = sum over c of f(in[0][r, c], ...), for matrices [rows, cols]: sums of blocks, added in order. A single long
/// row is shared by the threads block by block.
template <class T>
void sum_rows(SumPass<T> pass, const void* f, T* out, std::span<const T* const> in, Index rows, Index cols) {
  using Sum = typename detail::Wider<T>::type;
  constexpr Index batch = 64;  // blocks at a time of a long row
  const Index blocks = (cols + sum_block - 1) / sum_block;
  const auto block_sum = [&](Index row, Index block) {
    std::array<const T*, max_inputs> from;
    for (std::size_t k = 0; k < in.size(); ++k) from[k] = in[k] + row * cols + block * sum_block;
    return pass(f, from.data(), std::min(sum_block, cols - block * sum_block));
  };
  if (rows != 1 || cols < 2 * map_grain) {
    return parallel_for(rows, map_grain / std::max<Index>(cols, 1) + 1, [&](Index begin, Index end) {
      for (Index r = begin; r < end; ++r) {
        Sum sum(0);
        for (Index b = 0; b < blocks; ++b) sum += block_sum(r, b);
        out[r] = static_cast<T>(sum);
      }
    });
  }
  T totals[batch];
  Sum sum(0);
  for (Index first = 0; first < blocks; first += batch) {
    const Index count = std::min(batch, blocks - first);
    parallel_for(count, map_grain / sum_block, [&](Index begin, Index end) {
      for (Index b = begin; b < end; ++b) totals[b] = block_sum(0, first + b);
    });
    for (Index b = 0; b < count; ++b) sum += totals[b];
  }
  *out = static_cast<T>(sum);
}

/// out[c] = sum over r of x[r, c]; blocks of rows in T, their sums added in order. Threads share the columns.
template <class T> void sum_columns(T* out, const T* x, Index rows, Index cols) {
  constexpr Index block = 64;
  std::fill_n(out, cols, T(0));
  const Index grain = std::max<Index>(64, map_grain / std::max<Index>(rows, 1));
  parallel_for((cols + 15) / 16, grain / 16, [&](Index begin, Index end) {
    begin *= 16, end = std::min(end * 16, cols);
    dispatch_for<T>([&]<int Bytes>() ATELIER_LAMBDA {
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
