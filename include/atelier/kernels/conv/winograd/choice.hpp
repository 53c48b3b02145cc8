/// Which convolutions go by Winograd's filters, and by which ones.
#pragma once

#include "atelier/kernels/conv/winograd/weight_gradient.hpp"

namespace atelier::inline v0::kernels::winograd {

/// Whether all of a pass falls into tiles of m x m results.
inline bool falls_into_tiles(const ConvShape& s, ConvPass pass, Index m) {
  for (std::size_t d = 0; d < 2; ++d) {
    const bool to_data = pass == ConvPass::data;
    const Index results = to_data ? s.size[d] / s.stride[d] : s.out_size[d];
    if (results % m != 0 || (to_data && s.size[d] % s.stride[d] != 0)) return false;
  }
  return true;
}

/// m of the F(m x m) that computes a pass, or 0 for the direct convolution: float, one group, no dilation, strides of 1
/// and 2, kernels of 2 or 3 times the stride, channels in multiples of 16. F(4 x 4) is for Precision::high, and for
/// medium where that does not round.
///
/// The rest is a rule of thumb: at least 128 results (256 for the weights by F(4 x 4)) and 4 million products. Every
/// pass transforms the filters, which takes many tiles to pay. Measured on two Zen 4 cores, layers of 4 x 4 kernels
/// over 8 x 8 x 256 -> 4 x 4 x 512 run at these multiples of the direct speed:
///
///   results (images x 4 x 4)    16    64   128   256   512
///   F(2 x 2)  y                1.3   1.3   1.4   1.3   1.3
///             dx               1.1   1.2   1.3   1.3   1.3
///             dw               1.0   1.3   1.4   1.3   1.3
///   F(4 x 4)  y                0.9   1.3   1.6   1.7   1.8
///             dx               0.8   1.2   1.5   1.6   1.7
///             dw               0.6   1.0   1.3   1.4   1.6
///
/// Where the cores share no cache the last row is 0.8, 0.9, 0.9, 1.1, 1.2. With 64 channels, 32 results go at 0.9 of
/// the direct speed. Layers with more pixels gain more, down to 16 channels: 1.5 by F(2 x 2), 2 by F(4 x 4); 3 x 3
/// kernels 1.8 and 2.9.
inline Index tile_of(const ConvShape& s, ConvPass pass, const GemmMode& mode) {
  constexpr Index least_results = 128, least_of_large = 256, least_products = Index{1} << 22;
  if (mode.rounds() || s.groups != 1 || s.dilation != ConvShape::Pair{1, 1}) return 0;
  if (s.in % step != 0 || s.out % step != 0) return 0;
  const Index r = s.kernel[0] / s.stride[0];
  if (r != 2 && r != 3) return 0;
  for (std::size_t d = 0; d < 2; ++d)
    if (s.stride[d] > 2 || s.kernel[d] != r * s.stride[d]) return 0;
  const Index results = pass == ConvPass::data ? s.in_pixels() / (s.stride[0] * s.stride[1]) : s.out_pixels();
  if (results < least_results || results * s.in * s.taps() * s.out < least_products) return 0;
  const bool many = pass != ConvPass::weights || results >= least_of_large;
  if (mode.precision != Precision::highest && many && falls_into_tiles(s, pass, 4)) return 4;
  return falls_into_tiles(s, pass, 2) ? 2 : 0;
}

/// Whether a pass over numbers of type T goes by Winograd's filters.
template <class T> bool serves(const ConvShape& s, ConvPass pass, const GemmMode& mode) {
  return std::same_as<T, float> && tile_of(s, pass, mode) != 0;
}

/// Calls f(Path, Algorithm) for a pass that they serve.
template <class F> auto with_algorithm(const ConvShape& s, ConvPass pass, const GemmMode& mode, const F& f) {
  const bool two_taps = s.kernel[0] == 2 * s.stride[0], fours = tile_of(s, pass, mode) == 4;
  const auto choose = [&](auto path) {
    if (fours) return two_taps ? f(path, Algorithm<4, 2>{}) : f(path, Algorithm<4, 3>{});
    return two_taps ? f(path, Algorithm<2, 2>{}) : f(path, Algorithm<2, 3>{});
  };
  using gemm_impl::Path;
#if defined(ATELIER_X86)
  if (mode.isa >= Isa::avx512) return choose(Path<float, Isa::avx512, gemm_impl::Unit::number>{});
  if (mode.isa == Isa::avx2) return choose(Path<float, Isa::avx2, gemm_impl::Unit::number>{});
#endif
  return choose(Path<float, Isa::portable, gemm_impl::Unit::number>{});
}

}  // namespace atelier::inline v0::kernels::winograd
