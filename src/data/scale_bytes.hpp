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

/// to[i] = from[i] / 255, or 2 from[i] / 255 - 1
template <Range range> void scale_bytes(float* to, const std::uint8_t* from, Index n) {
  dispatch([&]<int Bytes>() ATELIER_LAMBDA {
    constexpr int lanes = Bytes / 4;
    using V = simd::Vec<float, lanes>;
    typedef std::uint8_t Raw __attribute__((vector_size(lanes)));
    Index i = 0;
    for (; i + lanes <= n; i += lanes) {
      Raw bytes;
      std::memcpy(&bytes, from + i, sizeof bytes);
      to_range<range>(V(__builtin_convertvector(bytes, typename V::Raw)) / 255).store(to + i);
    }
    for (; i < n; ++i) to[i] = to_range<range>(static_cast<float>(from[i]) / 255.0f);
  });
}

}  // namespace atelier::inline v0::data
