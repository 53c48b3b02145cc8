/// What happens to the rows of a block of scores between its products: softmax, dropout, and their gradient.
#pragma once

#include <limits>

#include "atelier/kernels/attention/problem.hpp"
#include "atelier/kernels/gemm/finish.hpp"
#include "atelier/kernels/random.hpp"

namespace atelier::inline v0::kernels::attention_impl {

/// Dropout of weights: row r of all [B, H, Tq] has the random blocks from r * row_blocks on, as if dropout() were
/// applied to a tensor [B, H, Tq, Tk] whose rows are filled up to whole groups.
struct Dropout {
  std::int64_t share = 0;  ///< of 2^31 cases that stay; 0 stands for no dropout at all
  double scale = 1;
  Rng::State state;
  std::uint64_t row_blocks = 0;
  std::uint64_t first_row = 0;  ///< number of the block's first row among all
};

/// A block of scores: rows of queries [first, first + rows), `width` columns are used or zeroed.
template <class T> struct ScoresArgs {
  T* s = nullptr;
  Index stride = 0, first = 0, rows = 0, width = 0;
  AttentionMask mask;
  T scale = 1;
  Dropout dropout;
  T* lse = nullptr;      ///< [rows] log of the sum of e^score; read by the gradient
  T* inverse = nullptr;  ///< [rows] 1 / sum of the weights, 0 where there are none
  T* ds = nullptr;       ///< gradient: dP comes in, dS goes out
  const T *y = nullptr, *dy = nullptr;
  Index y_stride = 0, dy_stride = 0, size = 0;
};

/// Lanes [j, j + lanes) of a row: which ones lie below `count`.
template <class P> ATELIER_INLINE typename P::V::mask below(Index j, Index count) {
  using V = typename P::V;
  alignas(64) typename P::T number[P::lanes];
  for (int i = 0; i < P::lanes; ++i) number[i] = static_cast<typename P::T>(i);
  return V::load(number) < gemm_impl::broadcast<V>(static_cast<typename P::T>(std::min<Index>(count - j, P::lanes)));
}

/// f over all lanes by halves, the result in every lane: no way through memory, as single numbers would take.
template <int width, class V, class F> ATELIER_INLINE V reduce_across(const V& v, const F& f) {
  if constexpr (width == 0) {
    return v;
  } else {
    const V other = [&]<int... I>(std::integer_sequence<int, I...>) ATELIER_LAMBDA {
      return V(typename V::Raw(__builtin_shufflevector(v.raw, v.raw, (I ^ width)...)));
    }
    (std::make_integer_sequence<int, V::lanes>{});
    return reduce_across<width / 2>(f(v, other), f);
  }
}
template <class V> ATELIER_INLINE V sum_across(const V& v) {
  return reduce_across<V::lanes / 2>(v, [](const V& a, const V& b) ATELIER_LAMBDA { return a + b; });
}
template <class V> ATELIER_INLINE V max_across(const V& v) {
  return reduce_across<V::lanes / 2>(v, [](const V& a, const V& b) ATELIER_LAMBDA { return simd::max(a, b); });
}

/// Sets columns [begin, end) to zero, both multiples of the lanes.
template <class P> ATELIER_INLINE void clear(typename P::T* row, Index begin, Index end) {
  using V = typename P::V;
  for (Index j = begin; j < end; j += P::lanes) V(typename V::Raw{}).store(row + j);
}

/// Scores to weights e^(scale s - top), not yet divided by their sum; the dropped ones are 0.
template <class P> struct SoftmaxRows {
  using T = typename P::T;
  using V = typename P::V;

  ATELIER_INLINE static void run(const ScoresArgs<T>& a) {
    for (Index r = 0; r < a.rows; ++r) {
      T* const row = a.s + r * a.stride;
      const Index keys = a.mask.keys_of(a.first + r), whole = keys / P::lanes * P::lanes;
      if (keys == 0) {
        clear<P>(row, 0, a.width);
        a.lse[r] = a.inverse[r] = 0;
        continue;
      }
      const V factor = gemm_impl::broadcast<V>(a.scale), top = largest(row, whole, keys) * factor;
      a.lse[r] = top[0];
      a.inverse[r] = weights(row, whole, keys, factor, top);
      clear<P>(row, round_up_lanes(keys), a.width);
      if (a.dropout.share) drop(a, row, keys, static_cast<std::uint64_t>(r));
    }
    finish(a);
  }

 private:
  ATELIER_INLINE static Index round_up_lanes(Index n) { return (n + P::lanes - 1) / P::lanes * P::lanes; }

  /// From the largest score and the sum of each row: lse = top + log(sum), -inf without keys; 1 / sum, or 0.
  ATELIER_INLINE static void finish(const ScoresArgs<T>& a) {
    const V zero(typename V::Raw{});
    for (Index r = 0; r < a.rows; r += P::lanes) {
      const V sum = gemm_impl::load_part<P>(a.inverse + r, a.rows - r);
      const V lse = gemm_impl::load_part<P>(a.lse + r, a.rows - r) + log(sum);
      gemm_impl::store_part<P>(lse, a.lse + r, a.rows - r);
      gemm_impl::store_part<P>(simd::select(sum > zero, 1 / sum, sum), a.inverse + r, a.rows - r);
    }
  }

  ATELIER_INLINE static V largest(const T* row, Index whole, Index keys) {
    const V least = gemm_impl::broadcast<V>(-std::numeric_limits<T>::infinity());
    V a = least, b = least;
    Index j = 0;
    for (; j + 2 * P::lanes <= whole; j += 2 * P::lanes) {
      a = simd::max(a, V::load(row + j));
      b = simd::max(b, V::load(row + j + P::lanes));
    }
    for (; j < whole; j += P::lanes) a = simd::max(a, V::load(row + j));
    if (j < keys) a = simd::max(a, simd::select(below<P>(j, keys), V::load(row + j), least));
    return max_across(simd::max(a, b));
  }

  ATELIER_INLINE static T weights(T* row, Index whole, Index keys, const V& factor, const V& shift) {
    const V zero(typename V::Raw{});
    V a = zero, b = zero;
    Index j = 0;
    for (; j + 2 * P::lanes <= whole; j += 2 * P::lanes) {
      const V x = gemm_impl::exp_clamped(V::load(row + j) * factor - shift);
      const V y = gemm_impl::exp_clamped(V::load(row + j + P::lanes) * factor - shift);
      x.store(row + j), y.store(row + j + P::lanes);
      a.raw += x.raw, b.raw += y.raw;
    }
    for (; j < whole; j += P::lanes) {
      const V x = gemm_impl::exp_clamped(V::load(row + j) * factor - shift);
      x.store(row + j);
      a.raw += x.raw;
    }
    if (j < keys) {  // what stands behind the keys may be anything
      const auto seen = below<P>(j, keys);
      const V score = simd::select(seen, V::load(row + j), zero);
      const V x = simd::select(seen, gemm_impl::exp_clamped(score * factor - shift), zero);
      x.store(row + j);
      a.raw += x.raw;
    }
    return sum_across(V(typename V::Raw(a.raw + b.raw)))[0];
  }

  ATELIER_INLINE static void drop(const ScoresArgs<T>& a, T* row, Index keys, std::uint64_t r) {
    using Part = random_impl::Part<T, P::lanes>;
    const V scale = gemm_impl::broadcast<V>(static_cast<T>(a.dropout.scale)), zero(typename V::Raw{});
    const auto f = [&](Part& part) ATELIER_LAMBDA {
#pragma GCC unroll 4
      for (int i = 0; i < random_impl::rows<T>; ++i)
        part.value[i] = simd::select(part.chance(i, a.dropout.share), part.value[i] * scale, zero);
    };
    std::uint64_t block = a.dropout.state.counter + (a.dropout.first_row + r) * a.dropout.row_blocks;
    for (Index j = 0; j < keys; j += random_impl::group_size<T>, block += random_impl::row_size)
      random_impl::group<true, Part>(f, a.dropout.state, block, row + j, row + j);
  }
};

/// Gradient of the rows: s becomes the (dropped) weights, ds becomes dS = scale P (M dP - delta), with the dropout's
/// factors M and delta = <dy, y>, which is the sum of P M dP over the row.                          Dao et al. 2022,
/// B.4
template <class P> struct SoftmaxRowsBack {
  using T = typename P::T;
  using V = typename P::V;

  ATELIER_INLINE static void run(const ScoresArgs<T>& a) {
    for (Index r = 0; r < a.rows; ++r) {
      T *const s = a.s + r * a.stride, *const ds = a.ds + r * a.stride;
      const Index keys = a.mask.keys_of(a.first + r);
      const Index end = a.dropout.share ? groups(a, s, ds, r, keys) : vectors(a, s, ds, r, keys);
      clear<P>(s, end, a.width);
      clear<P>(ds, end, a.width);
    }
  }

 private:
  ATELIER_INLINE static V delta(const ScoresArgs<T>& a, Index r) {
    const T *y = a.y + r * a.y_stride, *dy = a.dy + r * a.dy_stride;
    V sum(typename V::Raw{});
    for (Index c = 0; c < a.size; c += P::lanes)
      sum.raw += gemm_impl::load_part<P>(y + c, a.size - c).raw * gemm_impl::load_part<P>(dy + c, a.size - c).raw;
    return sum_across(sum);
  }

  /// Each returns the column where its work ends.
  ATELIER_INLINE static Index vectors(const ScoresArgs<T>& a, T* s, T* ds, Index r, Index keys) {
    const V scale = gemm_impl::broadcast<V>(a.scale), shift = gemm_impl::broadcast<V>(a.lse[r]), d = delta(a, r);
    const V zero(typename V::Raw{});
    Index j = 0;
    for (; j + P::lanes <= keys; j += P::lanes) {
      const V p = gemm_impl::exp_clamped(V::load(s + j) * scale - shift);
      (p * (V::load(ds + j) - d) * scale).store(ds + j);
      p.store(s + j);
    }
    if (j < keys) {
      const auto seen = below<P>(j, keys);
      const V score = simd::select(seen, V::load(s + j), zero);
      const V p = simd::select(seen, gemm_impl::exp_clamped(score * scale - shift), zero);
      simd::select(seen, p * (V::load(ds + j) - d) * scale, zero).store(ds + j);
      p.store(s + j);
      j += P::lanes;
    }
    return j;
  }
  ATELIER_INLINE static Index groups(const ScoresArgs<T>& a, T* s, T* ds, Index r, Index keys) {
    using Part = random_impl::Part<T, P::lanes>;
    const V scale = gemm_impl::broadcast<V>(a.scale), shift = gemm_impl::broadcast<V>(a.lse[r]), d = delta(a, r);
    const V zero(typename V::Raw{}), larger = gemm_impl::broadcast<V>(static_cast<T>(a.dropout.scale));
    std::uint64_t block =
        a.dropout.state.counter + (a.dropout.first_row + static_cast<std::uint64_t>(r)) * a.dropout.row_blocks;
    Index g = 0;
    for (; g < keys; g += random_impl::group_size<T>, block += random_impl::row_size)
      for (int at = 0; at < random_impl::row_size; at += P::lanes) {
        Part part;
        part.draw(a.dropout.state, block + static_cast<std::uint64_t>(at));
#pragma GCC unroll 4
        for (int i = 0; i < random_impl::rows<T>; ++i) {
          const Index j = g + i * random_impl::row_size + at;
          const auto seen = below<P>(j, keys);
          const V score = simd::select(seen, V::load(s + j), zero);
          const V p = simd::select(seen, gemm_impl::exp_clamped(score * scale - shift), zero);
          const V m = simd::select(part.chance(i, a.dropout.share), larger, zero);
          simd::select(seen, p * (m * V::load(ds + j) - d) * scale, zero).store(ds + j);
          (p * m).store(s + j);
        }
      }
    return g;
  }
};

/// Rows of a block of sums to their place: out[r, c] = factor[r] sum[r, c], or plain copies.
template <class T> struct StoreArgs {
  const T* sum = nullptr;
  Index stride = 0, rows = 0, size = 0;
  const T* factor = nullptr;
  Matrix<T> out;
};
template <class P> struct StoreRows {
  using V = typename P::V;
  ATELIER_INLINE static void run(const StoreArgs<typename P::T>& a) {
    for (Index r = 0; r < a.rows; ++r) {
      const V factor = gemm_impl::broadcast<V>(a.factor ? a.factor[r] : 1);
      for (Index c = 0; c < a.size; c += P::lanes)
        gemm_impl::store_part<P>(V::load(a.sum + r * a.stride + c) * factor, a.out.data + r * a.out.stride + c,
                                 a.size - c);
    }
  }
};

}  // namespace atelier::inline v0::kernels::attention_impl
