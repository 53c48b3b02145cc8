/// Which convolutions go by Winograd's filters, and by which ones.
#pragma once

#include "atelier/kernels/conv/winograd/weight_gradient.hpp"

namespace atelier::inline v0::kernels::winograd {

/// Results of a filter, along either dimension: 4, 2, or 0 for a direct convolution. Depends on sizes and precision.
template <class T> Index results_of(const ConvShape& s, bool to_data, Precision precision) {
  if (!std::is_same_v<T, float> || precision == Precision::medium) return 0;
  if (s.groups != 1 || s.dilation != ConvShape::Pair{1, 1} || s.batch == 0) return 0;
  const Index taps = s.kernel[0] / std::max<Index>(1, s.stride[0]);
  bool fours = precision == Precision::high;
  for (std::size_t d = 0; d < 2; ++d) {
    if (s.stride[d] > 2 || s.kernel[d] != taps * s.stride[d] || (taps != 2 && taps != 3)) return 0;
    const Index results = to_data ? s.size[d] / s.stride[d] : s.out_size[d];
    if (results == 0 || results % 2 != 0 || (to_data && s.size[d] % s.stride[d] != 0)) return 0;
    fours = fours && results % 4 == 0;
  }
  constexpr Index fewest = 32;
  if (std::min(s.in, s.out) < fewest || s.in % step != 0 || s.out % step != 0) return 0;
  return fours ? 4 : 2;
}

/// Calls f(Path, Algorithm) for a convolution that results_of() gives `m` for.
template <class F> auto with_algorithm(const ConvShape& s, Index m, const GemmMode& mode, const F& f) {
  const Index r = s.kernel[0] / s.stride[0];
  return gemm_impl::with_path<float>({.isa = mode.isa, .precision = Precision::highest}, [&]<class P>(P p) {
    if constexpr (P::unit == gemm_impl::Unit::number) {
      if (m == 4) return r == 2 ? f(p, Algorithm<4, 2>{}) : f(p, Algorithm<4, 3>{});
      return r == 2 ? f(p, Algorithm<2, 2>{}) : f(p, Algorithm<2, 3>{});
    } else {
      return decltype(f(gemm_impl::Path<float, Isa::portable, gemm_impl::Unit::number>{}, Algorithm<2, 2>{}))();
    }
  });
}

}  // namespace atelier::inline v0::kernels::winograd
