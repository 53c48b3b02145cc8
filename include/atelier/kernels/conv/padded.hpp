/// The source of a gather in the units of its path, with zeros around each image: what the taps of a row read are
/// neighbours there, so tiles take them where they stand, and each number is converted once and not for every tap.
#pragma once

#include "atelier/kernels/conv/gather.hpp"
#include "atelier/kernels/gemm/pack.hpp"
#include "atelier/parallel/team.hpp"

namespace atelier::inline v0::kernels::conv_impl {

template <class P> struct PaddedSource {
  Index batch, units;    ///< units: of a pixel
  ConvShape::Pair size;  ///< of an image
  Margin above, beside;  ///< zeros around it

  explicit PaddedSource(const Gather& g)
      : batch(g.shape.batch), units((g.channels() + P::elements - 1) / P::elements), size(g.source_size()) {
    for (Index i = 0; i < g.phases(); ++i) {
      above.cover(g.phase(i).y);
      beside.cover(g.phase(i).x);
    }
  }
  /// Where it serves: elements are converted, none is shared by two pixels, the taps of a row have no gaps between
  /// them, and rows of results are long enough for tiles that do not go beyond them.
  static bool serves(const Gather& g) {
    if (P::unit == gemm_impl::Unit::number || P::tiled || g.shape.groups > 1 || g.channels() % P::elements)
      return false;
    for (Index i = 0; i < g.phases(); ++i)
      if (const Axis x = g.phase(i).x; x.tap_step != 1 || !fills_tiles(x.results)) return false;
    return true;
  }
  Index height() const { return above.before + size[0] + above.after; }
  Index width() const { return beside.before + size[1] + beside.after; }
  Index numbers() const { return (batch * height() * width() * units + 15) / 16 * 16; }
  /// Where the pixel at (y, x) of an image stands; those around it may be named, too.
  Index place(Index image, Index y, Index x) const {
    return ((image * height() + above.before + y) * width() + beside.before + x) * units;
  }

 private:
  static bool fills_tiles(Index results) {
    const Index tiles = std::max<Index>(1, (results + P::rows - 1) / P::rows);
    return results * 4 >= tiles * P::rows * 3;
  }
};

/// Numbers in units, and nothing behind them: what stands there may be another thread's.
template <class P> struct PackExactly {
  using T = typename P::T;
  struct Args {
    const T* source = nullptr;
    Index count = 0;  ///< a multiple of the elements in a unit
    T* out = nullptr;
  };
  ATELIER_INLINE static void run(const Args& a) {
    for (Index k = 0; k < a.count; k += P::elements * P::lanes)
      gemm_impl::store_part<P>(gemm_impl::PackAlong<P>::units(a.source + k, a.count - k), a.out + k / P::elements,
                               (a.count - k) / P::elements);
  }
};

/// Fills `out`, PaddedSource::numbers() of them, from the source's images.
template <class P> void pad_source(const PaddedSource<P>& to, const typename P::T* source, typename P::T* out) {
  using T = typename P::T;
  using Pack = PackExactly<P>;
  const Index row = to.width() * to.units, pixels = to.size[1] * to.units;  // in units
  const Index elements = to.size[1] * to.units * P::elements;
  parallel_for(to.batch * to.height(), 8192 / std::max<Index>(1, row) + 1, [&](Index first, Index last) {
    for (Index i = first; i < last; ++i) {
      const Index y = i % to.height() - to.above.before;
      T* const begin = out + i * row;
      if (y < 0 || y >= to.size[0]) {
        std::fill_n(begin, row, T(0));
        continue;
      }
      T* const inside = begin + to.beside.before * to.units;
      std::fill(begin, inside, T(0));
      std::fill(inside + pixels, begin + row, T(0));
      const T* const from = source + (i / to.height() * to.size[0] + y) * elements;
      entry<P::isa, Pack, typename Pack::Args>()({.source = from, .count = elements, .out = inside});
    }
  });
}

}  // namespace atelier::inline v0::kernels::conv_impl
