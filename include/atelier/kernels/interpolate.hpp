/// Linear interpolation along one dimension, and its transpose.
#pragma once

#include <cmath>

#include "atelier/kernels/map.hpp"

namespace atelier::inline v0::kernels {

/// x: [outer, n, inner] to [outer, n * scale, inner]. Places are the middles of their intervals: o lies at
/// (o + 1/2) / scale - 1/2 between two of the n, or at the nearest end.
struct Interpolation {
  Index outer = 0, n = 0, inner = 0, scale = 1;

  /// y[o] = (1 - t) x[i] + t x[next]
  struct Tap {
    Index i, next;
    double t;
  };
  Tap tap(Index o) const {
    const double at = std::max(0.0, (static_cast<double>(o) + 0.5) / static_cast<double>(scale) - 0.5);
    const auto i = std::min(static_cast<Index>(at), n - 1);
    return {i, std::min(i + 1, n - 1), at - static_cast<double>(i)};
  }
};

namespace detail {
/// f.operator()<Bytes>(r) for rows [0, rows) of T, shared by the threads.
template <class T, class F> void each_line(Index rows, Index inner, const F& f) {
  parallel_for(rows, map_grain / std::max<Index>(1, 4 * inner) + 1, [&](Index begin, Index end) {
    dispatch_for<T>([&]<int Bytes>() ATELIER_LAMBDA {
      for (Index r = begin; r < end; ++r) f.template operator()<Bytes>(r);
    });
  });
}
}  // namespace detail

template <class T> void interpolate(T* y, const T* x, const Interpolation& p) {
  const Index out = p.n * p.scale;
  detail::each_line<T>(p.outer * out, p.inner, [&]<int Bytes>(Index r) ATELIER_LAMBDA {
    const auto tap = p.tap(r % out);
    const auto t = static_cast<real_of<T>>(tap.t), rest = static_cast<real_of<T>>(1 - tap.t);
    const T* from = x + r / out * p.n * p.inner;
    map_span<Bytes>([t, rest](auto a, auto b) ATELIER_LAMBDA { return a * rest + b * t; }, y + r * p.inner,
                    std::array<const T*, 2>{from + tap.i * p.inner, from + tap.next * p.inner}, {true, true}, p.inner);
  });
}

/// x = what interpolate's transpose makes of y: each place gathers from those whose taps reach it, in order.
template <class T> void interpolate_back(T* x, const T* y, const Interpolation& p) {
  const Index out = p.n * p.scale;
  detail::each_line<T>(p.outer * p.n, p.inner, [&]<int Bytes>(Index r) ATELIER_LAMBDA {
    const Index i = r % p.n;
    const T* from = y + r / p.n * out * p.inner;
    T* to = x + r * p.inner;
    std::fill_n(to, p.inner, T(0));
    for (Index o = std::max<Index>(0, (i - 1) * p.scale); o < std::min(out, (i + 2) * p.scale); ++o) {
      const auto tap = p.tap(o);
      const double weight = (tap.i == i ? 1 - tap.t : 0) + (tap.next == i ? tap.t : 0);
      if (weight == 0) continue;
      const auto w = static_cast<real_of<T>>(weight);
      map_span<Bytes>([w](auto a, auto sum) ATELIER_LAMBDA { return sum + a * w; }, to,
                      std::array<const T*, 2>{from + o * p.inner, to}, {true, true}, p.inner);
    }
  });
}

}  // namespace atelier::inline v0::kernels
