/// Bytes to floats, vectorised.
#pragma once

#include <cstdint>
#include <cstring>

#include "atelier/data/image_batch.hpp"
#include "atelier/kernels/isa.hpp"
#include "atelier/kernels/simd.hpp"

namespace atelier::inline v0::data {

/// Of a byte divided by 255. Doubling is exact, so that contraction to a fused product does not change the bits.
template <Range range> ATELIER_INLINE auto to_range(auto share) {
  if constexpr (range == Range::zero_one)
    return share;
  else
    return share * 2 - 1;
}

/// Asks for the first lines of what is read next: pictures of a batch lie anywhere.
inline void prefetch(const std::uint8_t* from, Index n) {
  for (Index i = 0; i < n && i < 1024; i += 64) __builtin_prefetch(from + i);
}

/// to[i] = from[i] / 255, or 2 from[i] / 255 - 1
template <Range range> void scale_bytes(float* to, const std::uint8_t* from, Index n) {
  dispatch([&]<int Bytes>() ATELIER_LAMBDA {
    constexpr int lanes = Bytes / 4;
    using V = simd::Vec<float, lanes>;
    typedef std::int32_t Wide __attribute__((vector_size(Bytes)));
    Index i = 0;
    for (; i + lanes <= n; i += lanes) {
      std::int32_t number[lanes];  // g++ takes the direct conversion of bytes apart
#pragma GCC unroll 16
      for (int k = 0; k < lanes; ++k) number[k] = from[i + k];
      Wide numbers;
      std::memcpy(&numbers, number, sizeof numbers);
      to_range<range>(V(__builtin_convertvector(numbers, typename V::Raw)) / 255).store(to + i);
    }
    for (; i < n; ++i) to[i] = to_range<range>(static_cast<float>(from[i]) / 255.0f);
  });
}

}  // namespace atelier::inline v0::data
