/// Bandwidth of memory and caches: loops over arrays that together fill a given number of bytes.     McCalpin 1995
#pragma once

#include <algorithm>
#include <chrono>

#include "atelier/kernels/isa.hpp"
#include "atelier/kernels/simd.hpp"
#include "atelier/parallel/team.hpp"
#include "support/aligned.hpp"

namespace atelier_bench {

using namespace atelier;

/// read: sum of a. copy: b = a. triad: c = a + s b. What is counted is what the program names: 4, 8, 12 bytes a number.
enum class Stream { read, copy, triad };

constexpr const char* name(Stream s) {
  constexpr const char* names[] = {"read", "copy", "triad"};
  return names[static_cast<int>(s)];
}
constexpr std::int64_t arrays(Stream s) { return static_cast<std::int64_t>(s) + 1; }

namespace detail {
/// Keeps the compiler from moving or dropping what was stored.
inline void memory_fence() { asm volatile("" : : : "memory"); }

template <class V> ATELIER_INLINE void read_pass(const float* a, std::int64_t n) {
  constexpr int chains = 8, lanes = V::lanes;
  V sum[chains];
  for (V& s : sum) s = V(0);
  for (std::int64_t i = 0; i + chains * lanes <= n; i += chains * lanes) {
#pragma GCC unroll 8
    for (int k = 0; k < chains; ++k) sum[k] = sum[k] + V::load(a + i + k * lanes);
  }
  for (const V& s : sum) asm volatile("" : : "v"(s.raw));
}

template <class V> ATELIER_INLINE void copy_pass(const float* a, float* b, std::int64_t n) {
  constexpr int lanes = V::lanes;
  for (std::int64_t i = 0; i + 4 * lanes <= n; i += 4 * lanes) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) V::load(a + i + k * lanes).store(b + i + k * lanes);
  }
}

template <class V> ATELIER_INLINE void triad_pass(const float* a, const float* b, float* c, std::int64_t n) {
  constexpr int lanes = V::lanes;
  const V s(0.5f);
  for (std::int64_t i = 0; i + 4 * lanes <= n; i += 4 * lanes) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) {
      const std::int64_t j = i + k * lanes;
      (V::load(a + j) + s * V::load(b + j)).store(c + j);
    }
  }
}

/// `passes` over the part [0, n) of up to three arrays that start `stride` numbers apart.
inline void run_passes(Stream stream, float* data, std::int64_t stride, std::int64_t n, int passes) {
  dispatch([&]<int Bytes>() ATELIER_LAMBDA {
    using V = simd::Vec<float, Bytes / 4>;
    for (int pass = 0; pass < passes; ++pass) {
      if (stream == Stream::read) read_pass<V>(data, n);
      if (stream == Stream::copy) copy_pass<V>(data, data + stride, n);
      if (stream == Stream::triad) triad_pass<V>(data, data + stride, data + 2 * stride, n);
      memory_fence();
    }
  });
}
}  // namespace detail

/// GB/s on all of threads(), each with its own part of the arrays; best of `repeats` of about 5 ms or one pass.
/// `bytes`: of all arrays and threads together.
inline double bandwidth_gbs(Stream stream, std::int64_t bytes, const Aligned& memory, int repeats) {
  const std::int64_t team = threads(), numbers = bytes / 4 / arrays(stream);
  const std::int64_t part = numbers / team / 256 * 256;
  const int passes = static_cast<int>(std::max<std::int64_t>(1, (std::int64_t{100} << 20) / bytes));
  double best = 0;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    parallel_tasks(static_cast<int>(team),
                   [&](int t) { detail::run_passes(stream, memory.data() + t * part, part * team, part, passes); });
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const auto moved = static_cast<double>(4 * arrays(stream) * part * team) * passes;
    best = std::max(best, moved / seconds.count() / 1e9);
  }
  return best;
}

}  // namespace atelier_bench
