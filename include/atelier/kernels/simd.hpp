/// A vector of N numbers as a value, on the compilers' vector extensions: no intrinsics, so the enclosing function's
/// instruction set decides the code (see isa.hpp). Mathematical functions are in simd_math.hpp.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "atelier/core/config.hpp"

#pragma GCC diagnostic ignored "-Wpsabi"  // no vector crosses a call that is not inlined
#if defined(__clang__)
#pragma clang fp contract(fast)  // a * b + c becomes one fused operation, as in g++
#endif

namespace atelier::inline v0::simd {

template <class T> using int_of = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;

/// Result of a comparison: all bits of a lane set where it holds.
template <class T, int N> struct Mask {
  typedef int_of<T> Raw __attribute__((vector_size(N * sizeof(T))));
  Raw raw;
  ATELIER_INLINE Mask() {}
  ATELIER_INLINE explicit Mask(const Raw& r) : raw(r) {}
  ATELIER_INLINE Mask(const Mask& o) : raw(o.raw) {}
  ATELIER_INLINE Mask& operator=(const Mask& o) {
    raw = o.raw;
    return *this;
  }
  friend ATELIER_INLINE Mask operator&(const Mask& a, const Mask& b) { return Mask(a.opaque() & b.opaque()); }
  friend ATELIER_INLINE Mask operator|(const Mask& a, const Mask& b) { return Mask(a.opaque() | b.opaque()); }
  friend ATELIER_INLINE Mask operator!(const Mask& a) { return Mask(~a.raw); }

 private:
  /// The lanes, hidden from the optimiser: g++ 12 would join two comparisons to one of truth values, for which it has
  /// no vector instructions in a function that was inlined into another instruction set, and go lane by lane. (Nested
  /// selects with a common last branch have the same fate.)
  ATELIER_INLINE Raw opaque() const {
    Raw r = raw;
#if defined(__x86_64__) && !defined(__clang__)  // clang refuses a wide operand before it has inlined this
    if constexpr (sizeof r > 16) asm("" : "+v"(r));
#endif
    return r;
  }
};

/// N numbers of type T (float or double). Arithmetic is lane by lane; scalars broadcast.
/// The copy constructor is user-provided on purpose: it makes by-value arguments travel in memory under every
/// instruction set, so that functions compiled for different ones can call each other.
template <class T, int N> struct Vec {
  typedef T Raw __attribute__((vector_size(N * sizeof(T))));
  using scalar = T;
  using mask = Mask<T, N>;
  static constexpr int lanes = N;
  Raw raw;

  ATELIER_INLINE Vec() {}
  ATELIER_INLINE Vec(const Vec& o) : raw(o.raw) {}
  ATELIER_INLINE Vec& operator=(const Vec& o) {
    raw = o.raw;
    return *this;
  }
  ATELIER_INLINE explicit Vec(const Raw& r) : raw(r) {}
  template <class S>
  requires std::is_arithmetic_v<S> ATELIER_INLINE Vec(S s) {
    const T x = static_cast<T>(s);
    if (__builtin_constant_p(x)) {
      raw = x - Raw{};  // not 0 + x, which compilers may not simplify
    } else {            // through memory, or g++ would insert lane after lane
      T lane[N];
      for (T& l : lane) l = x;
      __builtin_memcpy(&raw, lane, sizeof raw);
    }
  }

  ATELIER_INLINE static Vec load(const T* p) {
    Vec v;
    __builtin_memcpy(&v.raw, p, sizeof(Raw));
    return v;
  }
  ATELIER_INLINE void store(T* p) const { __builtin_memcpy(p, &raw, sizeof(Raw)); }
  ATELIER_INLINE T operator[](int i) const { return raw[i]; }

  friend ATELIER_INLINE Vec operator+(const Vec& a, const Vec& b) { return Vec(a.raw + b.raw); }
  friend ATELIER_INLINE Vec operator-(const Vec& a, const Vec& b) { return Vec(a.raw - b.raw); }
  friend ATELIER_INLINE Vec operator*(const Vec& a, const Vec& b) { return Vec(a.raw * b.raw); }
  friend ATELIER_INLINE Vec operator/(const Vec& a, const Vec& b) { return Vec(a.raw / b.raw); }
  friend ATELIER_INLINE Vec operator-(const Vec& a) { return Vec(-a.raw); }
  friend ATELIER_INLINE mask operator>(const Vec& a, const Vec& b) { return mask(a.raw > b.raw); }
  friend ATELIER_INLINE mask operator<(const Vec& a, const Vec& b) { return mask(a.raw < b.raw); }
  friend ATELIER_INLINE mask operator>=(const Vec& a, const Vec& b) { return mask(a.raw >= b.raw); }
  friend ATELIER_INLINE mask operator<=(const Vec& a, const Vec& b) { return mask(a.raw <= b.raw); }
  friend ATELIER_INLINE mask operator==(const Vec& a, const Vec& b) { return mask(a.raw == b.raw); }
  friend ATELIER_INLINE mask operator!=(const Vec& a, const Vec& b) { return mask(a.raw != b.raw); }
};

/// The integers with a vector's lanes, for exponent and bit work.
template <class T, int N> using Bits = typename Mask<T, N>::Raw;

template <class T, int N> ATELIER_INLINE Bits<T, N> bits(const Vec<T, N>& x) {
  Bits<T, N> b;
  __builtin_memcpy(&b, &x.raw, sizeof b);
  return b;
}
template <class T, int N> ATELIER_INLINE Vec<T, N> from_bits(const Bits<T, N>& b) {
  Vec<T, N> x;
  __builtin_memcpy(&x.raw, &b, sizeof b);
  return x;
}

/// mask ? a : b, lane by lane. Plain numbers broadcast.
template <class T, int N>
ATELIER_INLINE Vec<T, N> select(const Mask<T, N>& m, const std::type_identity_t<Vec<T, N>>& a,
                                const std::type_identity_t<Vec<T, N>>& b) {
  return Vec<T, N>(m.raw ? a.raw : b.raw);
}
template <class T, int N> ATELIER_INLINE Vec<T, N> max(const Vec<T, N>& a, const Vec<T, N>& b) {
  return Vec<T, N>(a.raw > b.raw ? a.raw : b.raw);
}
template <class T, int N> ATELIER_INLINE Vec<T, N> min(const Vec<T, N>& a, const Vec<T, N>& b) {
  return Vec<T, N>(a.raw < b.raw ? a.raw : b.raw);
}
/// Whether the mask holds in every lane.
template <class T, int N> ATELIER_INLINE bool all(const Mask<T, N>& m) {
  std::int64_t word[N * sizeof(T) / 8], both = -1;
  __builtin_memcpy(word, &m.raw, sizeof word);
  for (const std::int64_t w : word) both &= w;
  return both == -1;
}
/// Sum of the lanes, by halves: the order depends on N only.
template <class T, int N> ATELIER_INLINE T reduce_add(const Vec<T, N>& x) {
  T lane[N];
  x.store(lane);
  for (int width = N / 2; width > 0; width /= 2)
    for (int i = 0; i < width; ++i) lane[i] += lane[i + width];
  return lane[0];
}

}  // namespace atelier::inline v0::simd
