/// Arrays of random numbers, and dropout. Element i is a function of the generator's state and of i: the same for any
/// number of threads and any instruction set (normals: to a few units in the last place, as multiply-adds are fused
/// where there is an instruction).
///
/// Layout: 16 consecutive Philox blocks make a group of 64 words, four rows of 16 floats: row r holds word r of every
/// block. In double the rows are two, of words (0, 1) and (2, 3). So a vector of any width is a part of one row.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>

#include "atelier/core/compiled.hpp"
#include "atelier/core/random.hpp"
#include "atelier/core/scalar.hpp"
#include "atelier/core/shape.hpp"
#include "atelier/kernels/isa.hpp"
#include "atelier/kernels/simd_math.hpp"
#include "atelier/parallel/team.hpp"

namespace atelier::inline v0::kernels {

namespace random_impl {

inline constexpr int row_size = 16;  // blocks in a group, elements in a row
template <Real T> inline constexpr int rows = 16 / static_cast<int>(sizeof(T));
template <Real T> inline constexpr int group_size = row_size * 16 / static_cast<int>(sizeof(T));
/// Elements that are worth a thread of their own.
inline constexpr Index grain = Index{1} << 14;

}  // namespace random_impl

/// Blocks of a stream that n elements of a fill or of dropout() use.
template <Real T> std::uint64_t random_blocks(Index n) {
  constexpr Index size = random_impl::group_size<T>;
  return static_cast<std::uint64_t>((n + size - 1) / size) * random_impl::row_size;
}

namespace random_impl {

// ---- Philox on vectors: one block in each 64-bit lane, its words in the lower halves of four vectors. What stands in
// the upper halves does not matter.

template <int Bytes> struct Lanes64 { typedef std::uint64_t Raw __attribute__((vector_size(Bytes))); };
template <int Bytes> using Words = typename Lanes64<Bytes>::Raw;

/// The 64-bit products of the lower halves.
template <int Bytes> ATELIER_INLINE Words<Bytes> multiply(const Words<Bytes>& a, const Words<Bytes>& b) {
#if defined(ATELIER_X86)  // g++ does not recognise the masked product below as one instruction
  Words<Bytes> product = a;
  if constexpr (Bytes > 16)
    wide::multiply_low_halves(product, b);
  else
    asm("pmuludq %1, %0" : "+x"(product) : "x"(b));
  return product;
#else
  return (a & 0xffffffff) * (b & 0xffffffff);
#endif
}

/// The blocks first, first + step, ... of a stream, encrypted; see Philox::encrypt.
template <int Bytes>
ATELIER_INLINE void encrypt(Words<Bytes> (&x)[4], const Rng::State& s, std::uint64_t first, std::uint64_t step) {
  using W = Words<Bytes>;
  const W lane = [&]<std::uint64_t... I>(std::integer_sequence<std::uint64_t, I...>) ATELIER_LAMBDA { return W{I...}; }
  (std::make_integer_sequence<std::uint64_t, Bytes / 8>{});
  const W m0 = W{} + Philox::multiplier[0], m1 = W{} + Philox::multiplier[1];
  W x0 = lane * step + first, x1 = x0 >> 32, x2 = W{} + s.stream, x3 = x2 >> 32;
  std::uint64_t key0 = s.seed, key1 = s.seed >> 32;
#pragma GCC unroll 10
  for (int round = 0; round < Philox::rounds; ++round) {
    const W p0 = multiply<Bytes>(x0, m0), p1 = multiply<Bytes>(x2, m1);
    x0 = (p1 >> 32) ^ x1 ^ key0;
    x1 = p1;
    x2 = (p0 >> 32) ^ x3 ^ key1;
    x3 = p0;
    key0 += Philox::key_step[0];
    key1 += Philox::key_step[1];
  }
  x[0] = x0;
  x[1] = x1;
  x[2] = x2;
  x[3] = x3;
}

// ---- from bits to numbers

/// The same lanes of every row of a group: their random bits, and the numbers made of them.
template <class T, int N> struct Part {
  using V = simd::Vec<T, N>;
  static constexpr int bytes = N * static_cast<int>(sizeof(T));
  static constexpr bool single = sizeof(T) == 4;
  simd::Bits<T, N> bits[rows<T>];
  V value[rows<T>];

  /// Draws the bits of the blocks first, ..., first + N - 1.
  ATELIER_INLINE void draw(const Rng::State& s, std::uint64_t first) {
    Words<bytes> x[4];
    encrypt<bytes>(x, s, first, single ? 2 : 1);
    if constexpr (single) {
      Words<bytes> odd[4];
      encrypt<bytes>(odd, s, first + 1, 2);
#pragma GCC unroll 4
      for (int r = 0; r < 4; ++r) bits[r] = join(x[r], odd[r]);
    } else {
      bits[0] = join(x[0], x[1]);
      bits[1] = join(x[2], x[3]);
    }
  }
  /// Uniform in [0, 1): 24 bits in float, 52 in double.
  ATELIER_INLINE V unit(int r) const {
    if constexpr (single) {
      return V(__builtin_convertvector(upper(r, 24), typename V::Raw)) * V(0x1p-24f);
    } else {
      return simd::from_bits<T, N>(upper(r, 52) | simd::bits(V(1))) - V(1);
    }
  }
  /// Uniform in (0, 1], for logarithms: 31 bits in float, never below 2^-32; 52 bits in double.
  ATELIER_INLINE V positive_unit(int r) const {
    if constexpr (single) {
      return V(__builtin_convertvector(upper(r, 31), typename V::Raw)) * V(0x1p-31f) + V(0x1p-32f);
    } else {
      return V(1) - unit(r);
    }
  }
  /// Uniform in [-pi, pi].
  ATELIER_INLINE V angle(int r) const {
    if constexpr (single) {
      return V(__builtin_convertvector(bits[r], typename V::Raw)) * V(std::numbers::pi_v<float> * 0x1p-31f);
    } else {
      return (unit(r) - V(0.5)) * V(2 * std::numbers::pi);
    }
  }
  /// True in `share` of 2^31 cases.
  ATELIER_INLINE typename V::mask chance(int r, std::int64_t share) const {
    return typename V::mask(upper(r, 31) <= static_cast<simd::int_of<T>>(share - 1));
  }

 private:
  ATELIER_INLINE static simd::Bits<T, N> join(const Words<bytes>& low, const Words<bytes>& high) {
    return (simd::Bits<T, N>)((low & 0xffffffff) | high << 32);
  }
  /// The upper `count` bits of row r, as integers.
  ATELIER_INLINE simd::Bits<T, N> upper(int r, int count) const {
    return simd::detail::shift_right<T, N>(bits[r], 8 * static_cast<int>(sizeof(T)) - count);
  }
};

// ---- the pass over an array

/// Calls f for the parts of a group; their values begin as `in` where Reads, and go to `out`.
template <bool Reads, class P, class F, class T>
ATELIER_INLINE void group(const F& f, const Rng::State& s, std::uint64_t first, T* out, const T* in) {
  for (int at = 0; at < row_size; at += P::V::lanes) {
    P part;
    part.draw(s, first + static_cast<std::uint64_t>(at));
    if constexpr (Reads)
      for (int r = 0; r < rows<T>; ++r) part.value[r] = P::V::load(in + r * row_size + at);
    f(part);
    for (int r = 0; r < rows<T>; ++r) part.value[r].store(out + r * row_size + at);
  }
}

/// The same for a whole array, on several threads where it is large; an incomplete group goes through a buffer.
/// make(V()) gives f for vectors V: it broadcasts the constants.
template <bool Reads, class T, class Make>
void fill(const Make& make, const Rng::State& s, T* out, const T* in, Index n) {
  constexpr Index size = group_size<T>;
  parallel_for((n + size - 1) / size, grain / size, [&](Index begin, Index end) {
    dispatch([&]<int Bytes>() ATELIER_LAMBDA {
      using P = Part<T, Bytes / static_cast<int>(sizeof(T))>;
      const auto f = make(typename P::V());
      const Rng::State own = s;  // out of reach of the stores
      T padded[size] = {};
      for (Index g = begin; g < end; ++g) {
        const Index count = std::min(size, n - g * size);
        T* to = out + g * size;
        const T* from = Reads ? in + g * size : nullptr;
        if (count < size) {
          if (Reads) std::copy_n(from, count, padded);
          from = to = padded;
        }
        group<Reads, P>(f, own, own.counter + static_cast<std::uint64_t>(g) * row_size, to, from);
        if (count < size) std::copy_n(padded, count, out + g * size);
      }
    });
  });
}
/// An array without input, from the next blocks of `rng`.
template <class T, class Make> void fill(const Make& make, Rng& rng, T* out, Index n) {
  fill<false>(make, rng.reserve(random_blocks<T>(n)), out, static_cast<const T*>(nullptr), n);
}

/// A limit for offsets from `low`: the sum stays below `high`, by a rounding or two (0 when they are equal).
template <class T> T largest_offset(T low, T high) {
  if (low == high) return 0;
  T offset = std::nextafter(high, low) - low;
  while (low + offset >= high) offset = std::nextafter(offset, T(0));
  return offset;
}

/// A probability as a share of 2^31 cases; 0 and 1 are exact. Throws Error, naming `name`, outside [0, 1].
inline std::int64_t share(const char* name, double probability) {
  if (!(probability >= 0 && probability <= 1))
    throw Error(std::string(name) + ": expected a probability in [0, 1], found " + number_text(probability));
  return std::llround(probability * 0x1p31);
}

}  // namespace random_impl

/// Uniform in [low, high); low where they are equal. Throws Error for low > high or an infinite range.
template <Real T>
void fill_uniform(T* p, Index n, std::type_identity_t<T> low, std::type_identity_t<T> high, Rng& rng) {
  if (low > high || !std::isfinite(high - low))  // not finite: NaN among them, too
    throw Error("uniform: expected a range, found [" + number_text(low) + ", " + number_text(high) + ")");
  const T most = random_impl::largest_offset(low, high);
  const auto make = [=]<class V>(const V&) ATELIER_LAMBDA {
    // the minimum also keeps product and sum apart: fused, they would round differently
    return [first = V(low), range = V(high - low), last = V(most)](auto& part) ATELIER_LAMBDA {
#pragma GCC unroll 4
      for (int r = 0; r < random_impl::rows<T>; ++r) part.value[r] = min(part.unit(r) * range, last) + first;
    };
  };
  random_impl::fill(make, rng, p, n);
}
ATELIER_KERNEL(fill_uniform)

/// Normal. At most 6.67 deviations from the mean in float (one number in 3 * 10^10 would lie beyond), 8.5 in double.
/// Rows in pairs: r cos(a) and r sin(a), r = sqrt(-2 log u).                                       Box & Muller 1958
template <Real T>
void fill_normal(T* p, Index n, std::type_identity_t<T> mean, std::type_identity_t<T> deviation, Rng& rng) {
  const auto make = [=]<class V>(const V&) ATELIER_LAMBDA {
    return [centre = V(mean), scale = V(deviation)](auto& part) ATELIER_LAMBDA {
#pragma GCC unroll 2
      for (int r = 0; r < random_impl::rows<T>; r += 2) {
        const V radius = sqrt(-2 * log(part.positive_unit(r))) * scale, a = part.angle(r + 1);
        part.value[r] = radius * cos(a) + centre;
        part.value[r + 1] = radius * sin(a) + centre;
      }
    };
  };
  random_impl::fill(make, rng, p, n);
}
ATELIER_KERNEL(fill_normal)

/// 1 with the given probability (to 2^-32), else 0. Throws Error for a probability outside [0, 1].
template <Real T> void fill_bernoulli(T* p, Index n, double probability, Rng& rng) {
  const auto make = [share = random_impl::share("bernoulli", probability)]<class V>(const V&) ATELIER_LAMBDA {
    return [share](auto& part) ATELIER_LAMBDA {
#pragma GCC unroll 4
      for (int r = 0; r < random_impl::rows<T>; ++r) part.value[r] = select(part.chance(r, share), 1, 0);
    };
  };
  random_impl::fill(make, rng, p, n);
}
ATELIER_KERNEL(fill_bernoulli)

/// y[i] = x[i] / keep_probability with that probability, else 0, whatever x[i] is; y may be x.   Srivastava et al. 2014
/// The choice depends on (state, i) only: the backward pass calls this with the gradient as x and the same state, which
/// comes from rng.reserve(random_blocks<T>(n)). Throws Error for a probability outside [0, 1].
template <Real T> void dropout(T* y, const T* x, Index n, double keep_probability, const Rng::State& state) {
  const auto make = [=, share = random_impl::share("dropout", keep_probability)]<class V>(const V&) ATELIER_LAMBDA {
    return [share, scale = V(1 / keep_probability)](auto& part) ATELIER_LAMBDA {
#pragma GCC unroll 4
      for (int r = 0; r < random_impl::rows<T>; ++r)
        part.value[r] = select(part.chance(r, share), part.value[r] * scale, 0);
    };
  };
  random_impl::fill<true>(make, state, y, x, n);
}
ATELIER_KERNEL(dropout)

}  // namespace atelier::inline v0::kernels
