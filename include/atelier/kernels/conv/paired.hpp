/// The source of a weight gradient in pairs of bfloat16: of each pixel with the one that the next result reads in its
/// place, with zeros around the images. So each pair is made once and not for every tap, and a gather copies pairs.
#pragma once

#include "atelier/kernels/conv/gather.hpp"
#include "atelier/kernels/gemm/pack.hpp"
#include "atelier/parallel/team.hpp"

namespace atelier::inline v0::kernels::conv_impl {

template <class P> struct PairedSource {
  ConvShape shape;
  Phase phase;           ///< of the results
  Margin above, beside;  ///< zeros around an image

  explicit PairedSource(const ConvShape& s) : shape(s), phase{forward_axis(s, 0), forward_axis(s, 1)} {
    above.cover(phase.y);
    beside.cover(phase.x);
  }
  /// Where the elements of a unit are two results of the same row.
  static bool serves(const ConvShape& s) {
    return P::unit == gemm_impl::Unit::pair && !P::tiled && s.out_size[1] % P::elements == 0;
  }
  Index height() const { return above.before + shape.size[0] + above.after; }
  Index width() const { return beside.before + shape.size[1] + beside.after; }
  Index row() const { return width() * shape.in; }
  Index numbers() const { return (shape.batch * height() * row() + 15) / 16 * 16; }
  /// The gather of pairs: half as many results, twice as far apart, all of which read inside.
  Phase pairs() const {
    Phase p = phase;
    p.y.source = height(), p.y.tap_first += above.before;
    p.x.source = width(), p.x.tap_first += beside.before;
    p.x.results /= P::elements, p.x.step *= P::elements;
    return p;
  }
};

/// A row of pairs: pixel x with pixel x + step, zeros where these lie outside.
template <class P> struct PairPixels {
  using T = typename P::T;
  using V = typename P::V;
  struct Args {
    const T* source = nullptr;  ///< [size, channels]
    Index size = 0, channels = 0, step = 0;
    Index before = 0, count = 0;  ///< zeros in front; pairs
    T* out = nullptr;             ///< [count, channels]
  };
  ATELIER_INLINE static void run(const Args& a) {
    T* out = a.out;
    for (Index i = -a.before; i < a.count - a.before; ++i, out += a.channels) {
      const bool first = i >= 0 && i < a.size, second = i + a.step >= 0 && i + a.step < a.size;
      const T* const from = a.source + (first ? i * a.channels : 0);
      const T* const next = a.source + (second ? (i + a.step) * a.channels : 0);
      for (Index c = 0; c < a.channels; c += P::lanes)
        gemm_impl::store_part<P>(pair(from + c, first ? a.channels - c : 0, next + c, second ? a.channels - c : 0),
                                 out + c, a.channels - c);
    }
  }
  ATELIER_INLINE static V pair(const T* first, Index first_count, const T* second, Index second_count) {
    if constexpr (P::unit == gemm_impl::Unit::pair)
      return gemm_impl::pairs_across(gemm_impl::load_part<P>(first, first_count),
                                     gemm_impl::load_part<P>(second, second_count));
    else
      return gemm_impl::load_part<P>(first, first_count);
  }
};

/// Fills `out`, PairedSource::numbers() of them, from the source's images.
template <class P> void pair_source(const PairedSource<P>& to, const typename P::T* source, typename P::T* out) {
  using Pair = PairPixels<P>;
  const ConvShape& s = to.shape;
  const Index rows = to.height();
  parallel_for(s.batch * rows, 8192 / std::max<Index>(1, to.row()) + 1, [&](Index first, Index last) {
    for (Index i = first; i < last; ++i) {
      const Index y = i % rows - to.above.before;
      const bool inside = y >= 0 && y < s.size[0];
      entry<P::isa, Pair, typename Pair::Args>()(
          {.source = source + (inside ? (i / rows * s.size[0] + y) * s.size[1] * s.in : 0),
           .size = inside ? s.size[1] : 0,
           .channels = s.in,
           .step = s.stride[1],
           .before = to.beside.before,
           .count = to.width(),
           .out = out + i * to.row()});
    }
  });
}

}  // namespace atelier::inline v0::kernels::conv_impl
