/// Instructions on wide vectors that the compilers do not find behind plain arithmetic.
///
/// Each stands in a function that has the instruction set as its attribute and is not forced inline: it melts into
/// the function for that set that everything around it is inlined into (isa.hpp), not into the generic code between.
/// The forms with a mask, all lanes of it set, become the plain instructions; g++ 12 warns of its own plain forms.
#pragma once

#include <cstdint>

#include "atelier/kernels/isa.hpp"
#if defined(ATELIER_X86)
#include <immintrin.h>

namespace atelier::inline v0::kernels::wide {

typedef float F8 __attribute__((vector_size(32)));
typedef float F16 __attribute__((vector_size(64)));
typedef double D4 __attribute__((vector_size(32)));
typedef double D8 __attribute__((vector_size(64)));
typedef std::uint64_t U4 __attribute__((vector_size(32)));
typedef std::uint64_t U8 __attribute__((vector_size(64)));

/// x <- sqrt(x), lane by lane, correctly rounded.
ATELIER_TARGET_AVX2 inline void root(F8& x) { x = reinterpret_cast<F8>(_mm256_sqrt_ps(reinterpret_cast<__m256>(x))); }
ATELIER_TARGET_AVX2 inline void root(D4& x) { x = reinterpret_cast<D4>(_mm256_sqrt_pd(reinterpret_cast<__m256d>(x))); }
ATELIER_TARGET_AVX512 inline void root(F16& x) {
  x = reinterpret_cast<F16>(_mm512_maskz_sqrt_ps(0xffff, reinterpret_cast<__m512>(x)));
}
ATELIER_TARGET_AVX512 inline void root(D8& x) {
  x = reinterpret_cast<D8>(_mm512_maskz_sqrt_pd(0xff, reinterpret_cast<__m512d>(x)));
}

/// x <- the 64-bit products of the lower halves of the lanes of x and y.
ATELIER_TARGET_AVX2 inline void multiply_low_halves(U4& x, const U4& y) {
  x = reinterpret_cast<U4>(_mm256_mul_epu32(reinterpret_cast<__m256i>(x), reinterpret_cast<__m256i>(y)));
}
ATELIER_TARGET_AVX512 inline void multiply_low_halves(U8& x, const U8& y) {
  x = reinterpret_cast<U8>(_mm512_maskz_mul_epu32(0xff, reinterpret_cast<__m512i>(x), reinterpret_cast<__m512i>(y)));
}

}  // namespace atelier::inline v0::kernels::wide
#endif
