/// Pooling of images, channels last: sums and maxima over windows, and what their gradients are made of. Everything is
/// written as what a place gathers, so threads share places and every sum has one order.
#pragma once

#include "atelier/kernels/channels.hpp"

namespace atelier::inline v0::kernels {

/// Windows along one side of an image: window o holds the places [begin(o), end(o)), none outside the image.
struct PoolAxis {
  Index in = 0, out = 0;  // places, windows
  Index kernel = 1, stride = 1, padding = 0;
  bool adaptive = false;  // out windows that share the places out evenly; kernel, stride, padding do not count

  Index begin(Index o) const { return adaptive ? o * in / out : std::max<Index>(0, o * stride - padding); }
  Index end(Index o) const {
    return adaptive ? ((o + 1) * in + out - 1) / out : std::min(in, o * stride - padding + kernel);
  }
  /// The windows that hold place i: [first(i), last(i)).
  Index first(Index i) const {
    if (adaptive) return i * out / in;
    return i + padding < kernel ? 0 : (i + padding - kernel) / stride + 1;
  }
  Index last(Index i) const {
    return adaptive ? ((i + 1) * out + in - 1) / in : std::min(out, (i + padding) / stride + 1);
  }
  /// The number of place i within window o, padding counted.
  Index number(Index o, Index i) const { return i - (o * stride - padding); }
};

/// x: [batch, rows.in, cols.in, channels] with windows [batch, rows.out, cols.out, channels].
struct PoolPlane {
  Index batch = 0, channels = 0;
  PoolAxis rows, cols;
  Index divisor = 0;  // of averages; 0: the number of places in the window

  Index x_at(Index b, Index r, Index c) const { return ((b * rows.in + r) * cols.in + c) * channels; }
  Index y_at(Index b, Index r, Index c) const { return ((b * rows.out + r) * cols.out + c) * channels; }
  double weight(Index r, Index c) const {
    const Index places = (rows.end(r) - rows.begin(r)) * (cols.end(c) - cols.begin(c));
    return 1 / static_cast<double>(divisor ? divisor : places);
  }
};

namespace detail {
/// f.operator()<L>(b, r, c) for every place (b, r, c) of [batch, rows, cols]; `work` numbers are read for each.
template <class T, class F> void each_place(const PoolPlane& p, Index rows, Index cols, Index work, const F& f) {
  const Index grain = map_grain / std::max<Index>(1, cols * work * p.channels) + 1;
  parallel_for(p.batch * rows, grain, [&](Index begin, Index end) {
    dispatch_for<T>([&]<int Bytes>() ATELIER_LAMBDA {
      with_lanes<T, Bytes>(p.channels, [&]<class L>() ATELIER_LAMBDA {
        for (Index i = begin; i < end; ++i)
          for (Index c = 0; c < cols; ++c) f.template operator()<L>(i / rows, i % rows, c);
      });
    });
  });
}
template <class T, class F> void each_window(const PoolPlane& p, const F& f) {
  const Index work = p.rows.in * p.cols.in / std::max<Index>(1, p.rows.out * p.cols.out) + 1;
  each_place<T>(p, p.rows.out, p.cols.out, work, f);
}
template <class T, class F> void each_pixel(const PoolPlane& p, const F& f) {
  each_place<T>(p, p.rows.in, p.cols.in, 1, f);
}
/// The plain number in a (nested) dual one.
template <class T> auto plain(const T& x) {
  if constexpr (is_dual<T>::value) {
    return plain(x.v);
  } else {
    return x;
  }
}
}  // namespace detail

/// y = the mean of each window (see divisor), row by row.
template <class T> void pool_average(T* y, const T* x, const PoolPlane& p) {
  detail::each_window<T>(p, [&]<class L>(Index b, Index r, Index c) ATELIER_LAMBDA {
    const Index r0 = p.rows.begin(r), r1 = p.rows.end(r), c0 = p.cols.begin(c), c1 = p.cols.end(c);
    const auto weight = static_cast<real_of<T>>(p.weight(r, c));
    each_vector<L>(p.channels, [&](Index ch) ATELIER_LAMBDA {
      typename L::Value sum(0);
      for (Index i = r0; i < r1; ++i) {
        const T* from = x + p.x_at(b, i, c0) + ch;
        typename L::Value row(0);
        for (Index j = c0; j < c1; ++j, from += p.channels) row = row + L::load(from);
        sum = sum + row;
      }
      L::store(sum * weight, y + p.y_at(b, r, c) + ch);
    });
  });
}

/// x = what pool_average's transpose makes of y: every place gathers from the windows that hold it.
template <class T> void pool_spread(T* x, const T* y, const PoolPlane& p) {
  detail::each_pixel<T>(p, [&]<class L>(Index b, Index r, Index c) ATELIER_LAMBDA {
    const Index r0 = p.rows.first(r), r1 = p.rows.last(r), c0 = p.cols.first(c), c1 = p.cols.last(c);
    each_vector<L>(p.channels, [&](Index ch) ATELIER_LAMBDA {
      typename L::Value sum(0);
      for (Index i = r0; i < r1; ++i)
        for (Index j = c0; j < c1; ++j)
          sum = sum + L::load(y + p.y_at(b, i, j) + ch) * static_cast<real_of<T>>(p.weight(i, j));
      L::store(sum, x + p.x_at(b, r, c) + ch);
    });
  });
}

/// y = the largest of each window, the first of equals, NaN where there is one; which = its number in the window.
template <class T> void pool_max(T* y, T* which, const T* x, const PoolPlane& p) {
  detail::each_window<T>(p, [&]<class L>(Index b, Index r, Index c) ATELIER_LAMBDA {
    using Value = typename L::Value;
    const Index r0 = p.rows.begin(r), r1 = p.rows.end(r), c0 = p.cols.begin(c), c1 = p.cols.end(c);
    each_vector<L>(p.channels, [&](Index ch) ATELIER_LAMBDA {
      Value best = L::load(x + p.x_at(b, r0, c0) + ch);
      Value number(p.rows.number(r, r0) * p.cols.kernel + p.cols.number(c, c0));
      for (Index i = r0; i < r1; ++i)
        for (Index j = c0; j < c1; ++j) {
          const Value v = L::load(x + p.x_at(b, i, j) + ch);
          const auto better = (v > best) | (v != v);
          best = select(better, v, best);
          number = select(better, Value(p.rows.number(r, i) * p.cols.kernel + p.cols.number(c, j)), number);
        }
      L::store(best, y + p.y_at(b, r, c) + ch);
      L::store(number, which + p.y_at(b, r, c) + ch);
    });
  });
}

/// x = y's numbers, each at the place of its window that `which` names; sums where windows agree, 0 elsewhere.
template <class T> void pool_scatter(T* x, const T* y, const T* which, const PoolPlane& p) {
  detail::each_pixel<T>(p, [&]<class L>(Index b, Index r, Index c) ATELIER_LAMBDA {
    using Value = typename L::Value;
    const Index r0 = p.rows.first(r), r1 = p.rows.last(r), c0 = p.cols.first(c), c1 = p.cols.last(c);
    each_vector<L>(p.channels, [&](Index ch) ATELIER_LAMBDA {
      Value sum(0);
      for (Index i = r0; i < r1; ++i)
        for (Index j = c0; j < c1; ++j) {
          const Value mine(p.rows.number(i, r) * p.cols.kernel + p.cols.number(j, c));
          const Index at = p.y_at(b, i, j) + ch;
          sum = sum + select(L::load(which + at) == mine, L::load(y + at), Value(0));
        }
      L::store(sum, x + p.x_at(b, r, c) + ch);
    });
  });
}

/// y = x at the places that `which` names: the transpose of pool_scatter.
template <class T> void pool_gather(T* y, const T* x, const T* which, const PoolPlane& p) {
  parallel_for(p.batch * p.rows.out, map_grain / std::max<Index>(1, p.cols.out * p.channels) + 1,
               [&](Index begin, Index end) {
                 for (Index i = begin; i < end; ++i)
                   for (Index c = 0; c < p.cols.out; ++c)
                     for (Index ch = 0; ch < p.channels; ++ch) {
                       const Index b = i / p.rows.out, r = i % p.rows.out, at = p.y_at(b, r, c) + ch;
                       const auto number = static_cast<Index>(detail::plain(which[at]));
                       const Index row = r * p.rows.stride - p.rows.padding + number / p.cols.kernel;
                       const Index col = c * p.cols.stride - p.cols.padding + number % p.cols.kernel;
                       y[at] = x[p.x_at(b, row, col) + ch];
                     }
               });
}

}  // namespace atelier::inline v0::kernels
