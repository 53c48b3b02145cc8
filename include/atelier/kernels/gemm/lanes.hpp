/// Vector operations of the matrix products: partial loads, transposition, pairs of bfloat16.
///
/// Everything is written for any vector width, save masks and bfloat16 pairs of AVX-512. Those stand in functions with
/// the attribute, not forced inline: they melt into the entry point (path.hpp), not into the generic code between.
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>

#include "atelier/kernels/gemm/path.hpp"
#if defined(ATELIER_X86)
#include <immintrin.h>
#endif

namespace atelier::inline v0::kernels::gemm_impl {

/// All lanes equal to s (s - 0 is s for every s; s + 0 is not, and would cost an addition).
template <class V> ATELIER_INLINE V broadcast(typename V::scalar s) {
  return V(typename V::Raw(s - typename V::Raw{}));
}

/// Asks for the line that stands `bytes` behind p, into the cache of a level. There may be nothing: so it is an address
/// that is added up, not a pointer.
template <int level = 1> ATELIER_INLINE void look_ahead(const void* p, Index bytes) {
  __builtin_prefetch(
      reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(p) + static_cast<std::uintptr_t>(bytes)), 0,
      4 - level);
}

/// Lanes of a and b in turn, from lane `first` on: a[first], b[first], a[first + 1], ...
template <int first, class V> ATELIER_INLINE V zip(const V& a, const V& b) {
  return [&]<int... I>(std::integer_sequence<int, I...>) ATELIER_LAMBDA {
    return V(typename V::Raw(__builtin_shufflevector(a.raw, b.raw, (I % 2 * V::lanes + first + I / 2)...)));
  }
  (std::make_integer_sequence<int, V::lanes>{});
}

/// Transposes the square of lanes that r[0], ..., r[lanes - 1] form: log2(lanes) perfect shuffles of the rows.
template <class V> ATELIER_INLINE void transpose(V (&r)[V::lanes]) {
  constexpr int half = V::lanes / 2;
#pragma GCC unroll 4
  for (int width = 1; width < V::lanes; width *= 2) {
    V t[V::lanes];
#pragma GCC unroll 8
    for (int i = 0; i < half; ++i) {
      t[2 * i] = zip<0>(r[i], r[i + half]);
      t[2 * i + 1] = zip<half>(r[i], r[i + half]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < V::lanes; ++i) r[i] = t[i];
  }
}

#if defined(ATELIER_X86)
using Vec16 = simd::Vec<float, 16>;

/// The first `count` < 16 numbers, zero behind them; none for a negative count.
ATELIER_TARGET_AVX512 inline Vec16 load_masked(const float* p, Index count) {
  Vec16 out;
  out.raw = _mm512_maskz_loadu_ps(static_cast<__mmask16>(count > 0 ? (1u << count) - 1 : 0), p);
  return out;
}

ATELIER_TARGET_AVX512 inline void store_masked(const Vec16& x, float* p, Index count) {
  _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << count) - 1), x.raw);
}

using Vec8 = simd::Vec<float, 8>;
using Vec4d = simd::Vec<double, 4>;

/// sum += a * b, rounded once.
ATELIER_TARGET_AVX512 inline void add_product(Vec16& sum, const Vec16& a, const Vec16& b) {
  sum.raw = _mm512_fmadd_ps(a.raw, b.raw, sum.raw);
}
ATELIER_TARGET_AVX2 inline void add_product(Vec8& sum, const Vec8& a, const Vec8& b) {
  sum.raw = _mm256_fmadd_ps(a.raw, b.raw, sum.raw);
}
ATELIER_TARGET_AVX2 inline void add_product(Vec4d& sum, const Vec4d& a, const Vec4d& b) {
  sum.raw = _mm256_fmadd_pd(a.raw, b.raw, sum.raw);
}

/// 32 neighbours of a row, lo and hi, as 16 pairs.
ATELIER_TARGET_AVX512BF16 inline Vec16 pairs_along(const Vec16& lo, const Vec16& hi) {
  Vec16 out;
  out.raw = reinterpret_cast<__m512>(_mm512_cvtne2ps_pbh(hi.raw, lo.raw));
  return out;
}

/// 16 columns of two neighbouring rows as 16 pairs.
ATELIER_TARGET_AVX512BF16 inline Vec16 pairs_across(const Vec16& row, const Vec16& next) {
  alignas(64) static constexpr std::uint16_t turns[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                          8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const __m512i halves = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(next.raw, row.raw));
  Vec16 out;
  out.raw = reinterpret_cast<__m512>(_mm512_permutexvar_epi16(_mm512_load_si512(turns), halves));
  return out;
}

/// sum + a.first * b.first + a.second * b.second, in float.
ATELIER_TARGET_AVX512BF16 inline Vec16 add_pair_products(const Vec16& sum, const Vec16& a, const Vec16& b) {
  Vec16 out;
  out.raw = _mm512_dpbf16_ps(sum.raw, reinterpret_cast<__m512bh>(a.raw), reinterpret_cast<__m512bh>(b.raw));
  return out;
}
#endif

/// The first `count` of the vector's numbers, zero behind them; reads no others.
template <class P> ATELIER_INLINE typename P::V load_part(const typename P::T* p, Index count) {
  using V = typename P::V;
  if (count >= P::lanes) return V::load(p);
  if constexpr (P::isa >= Isa::avx512 && P::lanes == 16) {
    return load_masked(p, count);
  } else {
    alignas(64) typename P::T lane[P::lanes] = {};
    for (Index i = 0; i < count; ++i) lane[i] = p[i];
    return V::load(lane);
  }
}

/// Stores the first `count` >= 1 of the vector's numbers; writes no others.
template <class P> ATELIER_INLINE void store_part(const typename P::V& x, typename P::T* p, Index count) {
  if (count >= P::lanes) return x.store(p);
  if constexpr (P::isa >= Isa::avx512 && P::lanes == 16) {
    store_masked(x, p, count);
  } else {
    alignas(64) typename P::T lane[P::lanes];
    x.store(lane);
    for (Index i = 0; i < count; ++i) p[i] = lane[i];
  }
}

/// sum + a * b over the elements of a unit. Fused by name where there is such an instruction: a compiler that is left
/// the choice may fuse in one tile and not in another, and a number's bits would depend on the tile it falls into.
template <class P>
ATELIER_INLINE void multiply_add(typename P::V& sum, const typename P::V& a, const typename P::V& b) {
  if constexpr (P::unit == Unit::pair) {
    sum = add_pair_products(sum, a, b);
  } else if constexpr (P::isa >= Isa::avx2) {
    add_product(sum, a, b);
  } else {
    sum.raw += a.raw * b.raw;
  }
}

}  // namespace atelier::inline v0::kernels::gemm_impl
