/// Denormal numbers off while a scope lives: Adam's moments decay into them, and each costs a microcode assist.
#pragma once

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace atelier::inline v0 {

/// Sets flush-to-zero and denormals-are-zero for this thread; restores the caller's setting at the end.
class FlushDenormals {
 public:
#if defined(__SSE__)
  FlushDenormals() : saved_(_mm_getcsr()) {
    if ((saved_ & flush_bits) != flush_bits) _mm_setcsr(saved_ | flush_bits);
  }
  ~FlushDenormals() {
    if ((saved_ & flush_bits) != flush_bits) _mm_setcsr((_mm_getcsr() & ~flush_bits) | (saved_ & flush_bits));
  }
#endif
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

#if defined(__SSE__)
 private:
  static constexpr unsigned flush_bits = 0x8040;  // FTZ | DAZ
  unsigned saved_;
#else
  FlushDenormals() {}
#endif
};

}  // namespace atelier::inline v0
