/// Sizes of a two-dimensional convolution, and its two gathers: which source position each tap of each result reads.
///
/// Images are channels last, [batch, height, width, channels]. Forward, a result reads positions `stride` apart.
/// Backward to the data, with stride s, results whose positions agree modulo s (a *phase*) meet the same taps and read
/// neighbouring positions: s x s gathers with step 1, and no inserted zeros.
#pragma once

#include <algorithm>
#include <array>
#include <numeric>

#include "atelier/core/precision.hpp"
#include "atelier/core/shape.hpp"

namespace atelier::inline v0::kernels {

enum class ConvPass { forward, data, weights };

/// Sizes of y[b, i, o] = sum over taps t and channels c of x[b, i * stride + t * dilation - padding, c] w[o, c, t].
/// Pairs are (height, width). `out_size` says which results exist; what they would read outside x is zero.
struct ConvShape {
  using Pair = std::array<Index, 2>;
  Index batch = 0;
  Pair size{};      ///< of x, [batch, size, in]
  Index in = 0;     ///< channels of x
  Pair out_size{};  ///< of y, [batch, out_size, out]
  Index out = 0;    ///< channels of y
  Pair kernel{};    ///< w: [out, in / groups, kernel]
  Pair stride{1, 1}, padding{0, 0}, dilation{1, 1};
  Index groups = 1;  ///< divides `in` and `out`

  Index taps() const { return kernel[0] * kernel[1]; }
  Index group_in() const { return in / groups; }
  Index group_out() const { return out / groups; }
  Index in_pixels() const { return batch * size[0] * size[1]; }
  Index out_pixels() const { return batch * out_size[0] * out_size[1]; }
  Index weights() const { return out * group_in() * taps(); }
};

/// What follows the sums of a convolution: y = rectify(y + bias), rectify(v) = v for v > 0, slope * v otherwise.
template <class T> struct ConvEpilogue {
  const T* bias = nullptr;  ///< one number a channel of the result; may be absent
  bool rectify = false;
  T slope = T(0);
};

namespace conv_impl {

/// One dimension of a gather. Result j stands at out_first + j * out_step; its tap i reads the source at
/// j * step + tap_first + i * tap_step and is number kernel_first + i * kernel_step of the kernel.
struct Axis {
  Index results = 0, out_first = 0, out_step = 1;
  Index source = 0, step = 1;  ///< size of the source
  Index taps = 0, tap_first = 0, tap_step = 1;
  Index kernel_first = 0, kernel_step = 1;
};

/// Positions in front of and behind a source that taps read, too: zeros.
struct Margin {
  Index before = 0, after = 0;
  void cover(const Axis& a) {
    if (a.results == 0 || a.taps == 0) return;
    const Index last = (a.results - 1) * a.step + a.tap_first + (a.taps - 1) * a.tap_step;
    before = std::max(before, -a.tap_first);
    after = std::max(after, last + 1 - a.source);
  }
};

/// Dimension d of the forward gather.
inline Axis forward_axis(const ConvShape& s, int d) {
  const auto i = static_cast<std::size_t>(d);
  return {.results = s.out_size[i],
          .source = s.size[i],
          .step = s.stride[i],
          .taps = s.kernel[i],
          .tap_first = -s.padding[i],
          .tap_step = s.dilation[i]};
}

/// Dimension d of phase r of the gather to the data. Position r + j * stride of x meets tap k of result
/// j + (r + padding - k * dilation) / stride where that is whole: every (stride / gcd(stride, dilation))-th tap. They
/// are taken backwards, so that the source is read forwards.
inline Axis data_axis(const ConvShape& s, int d, Index r) {
  const auto i = static_cast<std::size_t>(d);
  const Index stride = s.stride[i], dilation = s.dilation[i], common = std::gcd(stride, dilation);
  Axis axis{.results = (s.size[i] - r + stride - 1) / stride,
            .out_first = r,
            .out_step = stride,
            .source = s.out_size[i],
            .tap_step = dilation / common,
            .kernel_step = -(stride / common)};
  Index k = 0;
  const Index every = stride / common;
  while (k < every && (r + s.padding[i] - k * dilation) % stride != 0) ++k;
  if (k == every || k >= s.kernel[i]) return axis;
  axis.taps = (s.kernel[i] - k + every - 1) / every;
  axis.kernel_first = k + (axis.taps - 1) * every;
  axis.tap_first = (r + s.padding[i] - axis.kernel_first * dilation) / stride;
  return axis;
}

/// One gather: the results of all images of the batch, and the taps they meet.
struct Phase {
  Axis y, x;
  Index taps() const { return y.taps * x.taps; }
  Index results() const { return y.results * x.results; }  ///< of an image
  /// Number in the kernel of tap t.
  Index kernel_tap(Index t, Index kernel_width) const {
    return (y.kernel_first + t / x.taps * y.kernel_step) * kernel_width + x.kernel_first + t % x.taps * x.kernel_step;
  }
};

/// Results [begin, end) of an axis whose taps outside [first_tap, last_tap) all read outside the source.
struct Interval {
  Index begin = 0, end = 0, first_tap = 0, last_tap = 0;
};

/// The longest interval from result `begin` on; or, not `cut`, all results with all taps.
inline Interval interval(const Axis& a, Index begin, bool cut) {
  if (!cut) return {begin, a.results, 0, a.taps};
  const auto above = [](Index n, Index step) { return n <= 0 ? 0 : (n + step - 1) / step; };
  const auto at = [&](Index j) {
    const Index position = j * a.step + a.tap_first;
    const Index first = std::min(a.taps, above(-position, a.tap_step));
    return Interval{begin, j + 1, first, std::clamp(above(a.source - position, a.tap_step), first, a.taps)};
  };
  Interval found = at(begin);
  if (found.first_tap == 0 && found.last_tap == a.taps) {  // inside until the last tap leaves the source
    const Index inside = a.source - a.tap_first - (a.taps - 1) * a.tap_step;
    found.end = std::clamp(a.taps ? above(inside, a.step) : a.results, found.end, a.results);
    return found;
  }
  for (; found.end < a.results; ++found.end) {
    const Interval next = at(found.end);
    if (next.first_tap != found.first_tap || next.last_tap != found.last_tap) break;
  }
  return found;
}

/// The results of a phase in one interval of rows and one of columns. `phase` is cut to them, but numbers all taps.
struct Part {
  Index number = 0;  ///< of the whole phase
  Phase phase;
  Interval y, x;

  Part() = default;
  Part(Index phase_number, const Phase& whole, const Interval& rows, const Interval& columns)
      : number(phase_number), phase{narrow(whole.y, rows), narrow(whole.x, columns)}, y(rows), x(columns) {}
  Index taps() const { return (y.last_tap - y.first_tap) * (x.last_tap - x.first_tap); }
  bool whole_rows() const { return x.last_tap - x.first_tap == phase.x.taps; }

  /// Calls f(begin, end) for the pieces of elements [begin, end) of taps x channels that are not all zeros; none of
  /// them longer than a row of taps, if `by_rows`.
  template <class F> void each_piece(Index channels, Index begin, Index end, const F& f, bool by_rows = false) const {
    const Index row = phase.x.taps * channels;
    const auto piece = [&](Index from, Index to) {
      if (std::max(from, begin) < std::min(to, end)) f(std::max(from, begin), std::min(to, end));
    };
    if (whole_rows() && !by_rows) return piece(y.first_tap * row, y.last_tap * row);
    for (Index t = y.first_tap; t < y.last_tap; ++t)
      piece(t * row + x.first_tap * channels, t * row + x.last_tap * channels);
  }

 private:
  static Axis narrow(Axis a, const Interval& i) {
    a.results = i.end - i.begin;
    a.out_first += i.begin * a.out_step;
    a.tap_first += i.begin * a.step;
    return a;
  }
};

/// Which axes are cut where taps begin to read outside, so that nothing is multiplied with the zeros of the padding.
struct Cut {
  bool y = false, x = false;
};

/// Calls f(part) for the parts of a phase.
template <class F> void each_part(Index number, const Phase& whole, Cut cut, const F& f) {
  for (Interval y; y.end < whole.y.results;) {
    y = interval(whole.y, y.end, cut.y);
    for (Interval x; x.end < whole.x.results;) {
      x = interval(whole.x, x.end, cut.x);
      f(Part(number, whole, y, x));
    }
  }
}

/// Where a result stands: its image, row and column among a phase's results.
struct Cursor {
  Index image, y, x;
  Cursor(const Phase& p, Index result)
      : image(result / p.results()), y(result / p.x.results % p.y.results), x(result % p.x.results) {}
  void advance(const Phase& p) {
    if (++x < p.x.results) return;
    x = 0;
    if (++y < p.y.results) return;
    y = 0;
    ++image;
  }
};

/// A convolution forward or to the data: its phases and sizes seen from the side that is computed.
struct Gather {
  ConvShape shape;
  bool to_data = false;

  Index channels() const { return to_data ? shape.group_out() : shape.group_in(); }  ///< of a group, reduced over
  Index columns() const { return to_data ? shape.group_in() : shape.group_out(); }   ///< of a group, computed
  Index source_channels() const { return to_data ? shape.out : shape.in; }
  Index result_channels() const { return to_data ? shape.in : shape.out; }
  ConvShape::Pair result_size() const { return to_data ? shape.size : shape.out_size; }
  ConvShape::Pair source_size() const { return to_data ? shape.out_size : shape.size; }

  /// Phases of a dimension that have results.
  Index phases(int d) const {
    const auto i = static_cast<std::size_t>(d);
    return to_data ? std::min(shape.stride[i], shape.size[i]) : 1;
  }
  Index phases() const { return phases(0) * phases(1); }
  Axis axis(int d, Index phase) const { return to_data ? data_axis(shape, d, phase) : forward_axis(shape, d); }
  Phase phase(Index i) const { return {axis(0, i / phases(1)), axis(1, i % phases(1))}; }
  /// Phase, along dimension d, that meets tap k; may be one without results.
  Index phase_of(int d, Index k) const {
    const auto i = static_cast<std::size_t>(d);
    if (!to_data) return 0;
    const Index r = (k * shape.dilation[i] - shape.padding[i]) % shape.stride[i];
    return r < 0 ? r + shape.stride[i] : r;
  }
  /// Taps of the kernel along dimension d that meet phases before `phase`.
  Index taps_before(int d, Index phase) const {
    Index taps = 0;
    for (Index k = 0; k < shape.kernel[static_cast<std::size_t>(d)]; ++k) taps += phase_of(d, k) < phase;
    return taps;
  }
  /// Taps of all phases before phase i.
  Index taps_before(Index i) const {
    if (phases() == 0) return 0;
    const Index y = i / phases(1), x = i % phases(1);
    return taps_before(0, y) * taps_before(1, phases(1)) + (x ? axis(0, y).taps * taps_before(1, x) : 0);
  }
  Index most_results() const { return phases() ? shape.batch * phase(0).results() : 0; }
  /// Calls f(part) for the parts of all phases.
  template <class F> void each_part(Cut cut, const F& f) const {
    for (Index i = 0; i < phases(); ++i) conv_impl::each_part(i, phase(i), cut, f);
  }
};

/// The cut with the least cost(cut), if that is worth the results it scatters; none when it is not allowed.
template <class Cost> Cut best_cut(bool allowed, const Cost& cost) {
  Cut best;
  if (!allowed) return best;
  const Index whole = cost(best);
  Index least = whole - whole / 24;
  for (Cut cut : {Cut{true, false}, Cut{false, true}, Cut{true, true}})
    if (const Index c = cost(cut); c < least) least = c, best = cut;
  return best;
}

}  // namespace conv_impl
}  // namespace atelier::inline v0::kernels
