/// Mathematical functions of a vector, lane by lane, without branches or tables. They are found by argument-dependent
/// lookup: a function of the map tier writes exp(x), whatever x is.
///
/// Errors in units in the last place of the result (checked in tests/kernels/simd_math_test.cpp): exp, sqrt, log, sin,
/// cos: 2; expm1, log1p, sigmoid, softplus: 3; tanh: 4; erf: 7. Infinities and NaN come out as from the C library;
/// results below the smallest normal number may be 0. Methods and coefficients: S. Moshier, Cephes; Sun Microsystems,
/// fdlibm; D. Goldberg 1991 (log1p); Eigen (erf, float).
#pragma once

#include <cmath>
#include <limits>
#include <numbers>

#include "atelier/kernels/isa.hpp"
#include "atelier/kernels/simd.hpp"
#include "atelier/kernels/wide.hpp"

namespace atelier::inline v0::simd {

namespace detail {

template <class T> struct Format;
template <> struct Format<float> {
  static constexpr int mantissa = 23;                    ///< bits
  static constexpr std::int32_t bias = 127;              ///< of the exponent
  static constexpr std::int32_t root_half = 0x3f3504f3;  ///< bits of sqrt(1/2)
  static constexpr float shifter = 12582912.0f;          ///< 1.5 * 2^23
};
template <> struct Format<double> {
  static constexpr int mantissa = 52;
  static constexpr std::int64_t bias = 1023;
  static constexpr std::int64_t root_half = 0x3fe6a09e667f3bcd;
  static constexpr double shifter = 6755399441055744.0;  ///< 1.5 * 2^52
};

/// c_0 x^n + c_1 x^(n-1) + ... + c_n
template <class V, class... C> ATELIER_INLINE V polynomial(const V& x, typename V::scalar first, C... rest) {
  V y(first);
  ((y = y * x + V(static_cast<typename V::scalar>(rest))), ...);
  return y;
}

/// a + b and a - b, wrapping around: bits may stand for anything, NaN included.
template <class T, int N> ATELIER_INLINE Bits<T, N> wrap_add(const Bits<T, N>& a, int_of<T> b) {
  typedef std::make_unsigned_t<int_of<T>> Unsigned __attribute__((vector_size(N * sizeof(T))));
  return (Bits<T, N>)((Unsigned)a + static_cast<std::make_unsigned_t<int_of<T>>>(b));
}
template <class T, int N> ATELIER_INLINE Bits<T, N> wrap_subtract(const Bits<T, N>& a, const Bits<T, N>& b) {
  typedef std::make_unsigned_t<int_of<T>> Unsigned __attribute__((vector_size(N * sizeof(T))));
  return (Bits<T, N>)((Unsigned)a - (Unsigned)b);
}

/// A small x rounded to the nearest integer, as a number and as bits: adding 1.5 * 2^mantissa leaves no fraction.
template <class T, int N> struct Rounded {
  Vec<T, N> number;
  Bits<T, N> integer;
  ATELIER_INLINE explicit Rounded(const Vec<T, N>& x) {
    const Vec<T, N> shifter(Format<T>::shifter), shifted = x + shifter;
    number = shifted - shifter;
    integer = wrap_subtract<T, N>(bits(shifted), bits(shifter));
  }
};

template <class T, int N> ATELIER_INLINE Vec<T, N> to_number(const Bits<T, N>& small) {
  const Vec<T, N> shifter(Format<T>::shifter);
  return from_bits<T, N>(small + bits(shifter)) - shifter;
}

/// Logical shift: the signed one of 64 bits is dear before AVX-512.
template <class T, int N> ATELIER_INLINE Bits<T, N> shift_right(const Bits<T, N>& b, int by) {
  typedef std::make_unsigned_t<int_of<T>> Unsigned __attribute__((vector_size(N * sizeof(T))));
  return (Bits<T, N>)((Unsigned)b >> by);
}

/// 2^n for n within the normal exponents.
template <class T, int N> ATELIER_INLINE Vec<T, N> power_of_two(const Bits<T, N>& n) {
  return from_bits<T, N>(wrap_add<T, N>(n, Format<T>::bias) << Format<T>::mantissa);
}

/// x = n log 2 + r with |r| <= log(2) / 2; e^r = 1 + r + r^2 tail.
template <class T, int N> struct ExpParts {
  Bits<T, N> n;
  Vec<T, N> r, tail;
  ATELIER_INLINE explicit ExpParts(const Vec<T, N>& x) {
    constexpr bool single = sizeof(T) == 4;
    constexpr T high = single ? T(0.693359375) : T(6.93145751953125e-1);
    constexpr T low = single ? T(-2.12194440e-4) : T(1.42860682030941723212e-6);
    const Rounded<T, N> turns(x * Vec<T, N>(std::numbers::log2e_v<T>));
    n = turns.integer;
    r = (x - turns.number * Vec<T, N>(high)) - turns.number * Vec<T, N>(low);
    if constexpr (single) {
      tail = polynomial(r, 1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f,
                        5.0000001201e-1f);
    } else {  // Taylor: |r|^14 / 14! < 2^-57
      tail = polynomial(r, 1. / 6227020800, 1. / 479001600, 1. / 39916800, 1. / 3628800, 1. / 362880, 1. / 40320,
                        1. / 5040, 1. / 720, 1. / 120, 1. / 24, 1. / 6, 1. / 2);
    }
  }
};

/// x limited to [low, high]; NaN stays.
template <class T, int N> ATELIER_INLINE Vec<T, N> limit(const Vec<T, N>& x, T low, T high) {
  return min(Vec<T, N>(high), max(Vec<T, N>(low), x));
}

}  // namespace detail

template <class T, int N> ATELIER_INLINE Vec<T, N> abs(const Vec<T, N>& x) {
  return from_bits<T, N>(bits(x) & std::numeric_limits<int_of<T>>::max());
}
/// |x| with the sign of y.
template <class T, int N> ATELIER_INLINE Vec<T, N> copysign(const Vec<T, N>& x, const Vec<T, N>& y) {
  constexpr int_of<T> sign = std::numeric_limits<int_of<T>>::min();
  return from_bits<T, N>((bits(x) & ~sign) | (bits(y) & sign));
}

/// Square root, correctly rounded.
template <class T, int N> ATELIER_INLINE Vec<T, N> sqrt(const Vec<T, N>& x) {
  typename Vec<T, N>::Raw y = x.raw;
#if defined(ATELIER_X86)  // the C function sets errno, and a call for each lane would replace one instruction
  if constexpr (sizeof(y) > 16)
    kernels::wide::root(y);
  else if constexpr (sizeof(T) == 4)
    asm("sqrtps %0, %0" : "+x"(y));
  else
    asm("sqrtpd %0, %0" : "+x"(y));
#else
  for (int i = 0; i < N; ++i) y[i] = std::sqrt(x.raw[i]);
#endif
  return Vec<T, N>(y);
}

/// e^x = 2^n e^r. The power of two is applied in two steps, since n runs past the normal exponents at both ends.
template <class T, int N> ATELIER_INLINE Vec<T, N> exp(const Vec<T, N>& x) {
  constexpr T low = sizeof(T) == 4 ? T(-104) : T(-746), high = sizeof(T) == 4 ? T(89) : T(710);
  const detail::ExpParts<T, N> e(detail::limit(x, low, high));
  const Bits<T, N> half = detail::shift_right<T, N>(detail::wrap_add<T, N>(e.n, 4096), 1) - 2048;
  const Vec<T, N> y = e.tail * (e.r * e.r) + e.r + 1;
  return y * detail::power_of_two<T, N>(half) * detail::power_of_two<T, N>(detail::wrap_subtract<T, N>(e.n, half));
}

/// e^x - 1 = 2 (t (e^r - 1) + (t - 1/2)), t = 2^(n-1).
template <class T, int N> ATELIER_INLINE Vec<T, N> expm1(const Vec<T, N>& x) {
  constexpr T high = sizeof(T) == 4 ? T(89) : T(710);
  const detail::ExpParts<T, N> e(detail::limit(x, T(-50), high));
  const Vec<T, N> t = detail::power_of_two<T, N>(e.n - 1), y = e.tail * (e.r * e.r) + e.r;
  return 2 * (t * y + (t - T(0.5)));
}

/// x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)); log(1 + f) = 2 artanh(s), s = f / (2 + f).
template <class T, int N> ATELIER_INLINE Vec<T, N> log(const Vec<T, N>& x) {
  using V = Vec<T, N>;
  using F = detail::Format<T>;
  constexpr bool single = sizeof(T) == 4;
  constexpr T scale = single ? T(33554432) : T(18014398509481984);  // 2^25, 2^54: lifts subnormal numbers
  constexpr int_of<T> one = F::bias << F::mantissa, fraction = (int_of<T>{1} << F::mantissa) - 1;
  const auto tiny = x < V(std::numeric_limits<T>::min());
  const Bits<T, N> b = detail::wrap_add<T, N>(bits(select(tiny, x * V(scale), x)), one - F::root_half);
  const V f = from_bits<T, N>((b & fraction) + F::root_half) - 1;
  const V k =
      detail::to_number<T, N>(detail::shift_right<T, N>(b, F::mantissa) - F::bias) - select(tiny, single ? 25 : 54, 0);
  const V s = f / (f + 2), z = s * s, half_square = V(T(0.5)) * f * f;
  V series;
  if constexpr (single) {
    series = z * detail::polynomial(z, 0.24279078841f, 0.28498786688f, 0.40000972152f, 0.66666662693f);
  } else {
    series = z * detail::polynomial(z, 1.479819860511658591e-1, 1.531383769920937332e-1, 1.818357216161805012e-1,
                                    2.222219843214978396e-1, 2.857142874366239149e-1, 3.999999999940941908e-1,
                                    6.666666666666735130e-1);
  }
  constexpr T high = single ? T(6.9313812256e-1) : T(6.93147180369123816490e-1);
  constexpr T low = single ? T(9.0580006145e-6) : T(1.90821492927058770002e-10);
  const V y = s * (half_square + series) + k * V(low) - half_square + f + k * V(high);
  constexpr T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  return select(x > V(0), select(x < V(inf), y, x), select(x == V(0), -inf, nan));
}

/// log(1 + x) = log(u) + (x - (u - 1)) / u, u = 1 + x as rounded; the limits keep the correction finite at both ends.
template <class T, int N> ATELIER_INLINE Vec<T, N> log1p(const Vec<T, N>& x) {
  using V = Vec<T, N>;
  const V most(std::numeric_limits<T>::max()), least(std::numeric_limits<T>::min());
  const V u = x + 1, divisor = max(least, min(most, u));
  return log(u) + (min(most, x) - (divisor - 1)) / divisor;
}

/// 1 / (1 + e^-x)
template <class T, int N> ATELIER_INLINE Vec<T, N> sigmoid(const Vec<T, N>& x) { return 1 / (exp(-x) + 1); }

/// log(1 + e^x) = max(x, 0) + log(1 + y), y = e^-|x|. In float log(1 + y) = 2 artanh(s), s = y / (2 + y) <= 1/3.
template <class T, int N> ATELIER_INLINE Vec<T, N> softplus(const Vec<T, N>& x) {
  using V = Vec<T, N>;
  const V y = exp(-abs(x));
  V rest;
  if constexpr (sizeof(T) == 4) {
    const V s = y / (y + 2), z = s * s;
    rest = 2 * (s + s * z * detail::polynomial(z, 0.13433777f, 0.14116978f, 0.20003835f, 0.33333320f));
  } else {
    rest = log1p(y);
  }
  return max(V(0), x) + rest;
}

/// tanh|x| = -t / (2 + t), t = e^(-2|x|) - 1
template <class T, int N> ATELIER_INLINE Vec<T, N> tanh(const Vec<T, N>& x) {
  const Vec<T, N> t = expm1(-2 * abs(x));
  return copysign(t / (t + 2), x);
}

/// Error function: rational approximations, and for |x| > 1 in double 1 - e^(-x^2) P(|x|) / Q(|x|).
template <int N> ATELIER_INLINE Vec<float, N> erf(const Vec<float, N>& x) {
  const Vec<float, N> y = detail::limit(x, -4.0f, 4.0f), z = y * y;
  const Vec<float, N> p = detail::polynomial(z, -2.72614225801306e-10f, 2.77068142495902e-08f, -2.10102402082508e-06f,
                                             -5.69250639462346e-05f, -7.34990630326855e-04f, -2.95459980854025e-03f,
                                             -1.60960333262415e-02f);
  const Vec<float, N> q = detail::polynomial(z, -1.45660718464996e-05f, -2.13374055278905e-04f, -1.68282697438203e-03f,
                                             -7.37332916720468e-03f, -1.42647390514189e-02f);
  return y * p / q;
}
template <int N> ATELIER_INLINE Vec<double, N> erf(const Vec<double, N>& x) {
  using V = Vec<double, N>;
  using detail::polynomial;
  const V a = min(V(6), abs(x)), z = a * a;
  const V small = a *
                  polynomial(z, 9.60497373987051638749e0, 9.00260197203842689217e1, 2.23200534594684319226e3,
                             7.00332514112805075473e3, 5.55923013010394962768e4) /
                  polynomial(z, 1.0, 3.35617141647503099647e1, 5.21357949780152679795e2, 4.59432382970980127987e3,
                             2.26290000613890934246e4, 4.92673942608635921086e4);
  const V p = polynomial(a, 2.46196981473530512524e-10, 5.64189564831068821977e-1, 7.46321056442269912687e0,
                         4.86371970985681366614e1, 1.96520832956077098242e2, 5.26445194995477358631e2,
                         9.34528527171957607540e2, 1.02755188689515710272e3, 5.57535335369399327526e2);
  const V q = polynomial(a, 1.0, 1.32281951154744992508e1, 8.67072140885989742329e1, 3.54937778887819891062e2,
                         9.75708501743205489753e2, 1.82390916687909736289e3, 2.24633760818710981792e3,
                         1.65666309194161350182e3, 5.57535340817727675546e2);
  return copysign(select(a < V(1), small, 1 - exp(-z) * p / q), x);
}

namespace detail {

/// sin(x + shift * pi/2): x = n pi/2 + r with |r| <= pi/4, pi/2 in three parts (Cody & Waite); then by quadrant.
template <class T, int N> ATELIER_INLINE Vec<T, N> sine(const Vec<T, N>& x, int_of<T> shift) {
  using V = Vec<T, N>;
  constexpr bool single = sizeof(T) == 4;
  constexpr T high = single ? T(1.5703125) : T(1.57079625129699707031);
  constexpr T middle = single ? T(4.837512969970703125e-4) : T(7.54978941586159635336e-8);
  constexpr T low = single ? T(7.54978995489188e-8) : T(5.39030285815811905290e-15);
  const Rounded<T, N> turns(x * V(T(2 / std::numbers::pi)));
  const V r = ((x - turns.number * V(high)) - turns.number * V(middle)) - turns.number * V(low), z = r * r;
  V s, c;
  if constexpr (single) {
    s = polynomial(z, -1.9515295891e-4f, 8.3321608736e-3f, -1.6666654611e-1f);
    c = polynomial(z, 2.443315711809948e-5f, -1.388731625493765e-3f, 4.166664568298827e-2f);
  } else {
    s = polynomial(z, 1.58962301576546568060e-10, -2.50507477628578072866e-8, 2.75573136213857245213e-6,
                   -1.98412698295895385996e-4, 8.33333333332211858878e-3, -1.66666666666666307295e-1);
    c = polynomial(z, -1.13585365213876817300e-11, 2.08757008419747316778e-9, -2.75573141792967388112e-7,
                   2.48015872888517045348e-5, -1.38888888888730564116e-3, 4.16666666666665929218e-2);
  }
  const Bits<T, N> quadrant = turns.integer + shift;
  const V y = select(Mask<T, N>((quadrant & 1) == 0), s * z * r + r, c * (z * z) - V(T(0.5)) * z + 1);
  return from_bits<T, N>(bits(y) ^ ((quadrant & 2) << (8 * static_cast<int>(sizeof(T)) - 2)));
}

/// The vector form for moderate arguments, the C library's otherwise.
template <class T, int N, class Exact>
ATELIER_INLINE Vec<T, N> sine_or(const Vec<T, N>& x, int_of<T> shift, const Exact& exact) {
  constexpr T limit = sizeof(T) == 4 ? T(4096) : T(1 << 20);
  const Vec<T, N> y = sine(x, shift);
  const Mask<T, N> regular = abs(x) < Vec<T, N>(limit);
  if (all(regular)) [[likely]]
    return y;
  T lane[N];
  x.store(lane);
  for (T& v : lane) v = exact(v);
  return select(regular, y, Vec<T, N>::load(lane));
}

}  // namespace detail

template <class T, int N> ATELIER_INLINE Vec<T, N> sin(const Vec<T, N>& x) {
  return detail::sine_or(x, 0, [](T v) { return std::sin(v); });
}
template <class T, int N> ATELIER_INLINE Vec<T, N> cos(const Vec<T, N>& x) {
  return detail::sine_or(x, 1, [](T v) { return std::cos(v); });
}

}  // namespace atelier::inline v0::simd
