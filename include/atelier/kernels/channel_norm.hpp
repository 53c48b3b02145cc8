/// Normalisation of channels: moments, the pass that normalises, scales, shifts and activates, and its gradient.
///
/// x: [segments, rows, channels]. Batch normalisation has one segment; the segments of instance and group normalisation
/// are the images. Sums are made of fixed blocks of rows, whose results are joined in double in a fixed order.
#pragma once

#include "atelier/kernels/channels.hpp"

namespace atelier::inline v0::kernels {

/// Sizes, and how the rows are shared out: as the sizes say, whoever computes.
struct ChannelGrid {
  Index segments = 1, rows = 0, channels = 0;

  Index columns() const { return segments * channels; }
  /// Rows that are summed in T: few enough to stay in cache for a second look.
  Index block_rows() const {
    return std::clamp<Index>(16384 / std::max<Index>(1, std::min(channels, channel_chunk)), 16, 256) / 4 * 4;
  }
  /// Whole blocks for one thread: at least 2^15 numbers, at most 64 units a segment.
  Index unit_rows() const {
    const Index block = block_rows();
    const Index least = std::max((rows + 63) / 64, (Index{1} << 15) / std::max<Index>(1, channels));
    return (least / block + 1) * block;
  }
  Index units() const { return std::max<Index>(1, (rows + unit_rows() - 1) / unit_rows()); }
  /// Doubles that sums need on their way: two for each unit and channel.
  Index workspace() const { return segments * units() * 2 * channels; }
};

namespace detail {
/// One block of rows for one chunk of channels.
struct ChannelBlock {
  Index unit, segment;
  Index channel, width;   // the chunk
  Index row, rows, done;  // first row over all segments, their number, rows of this unit that came before
};

/// Calls f.operator()<L>(block) for all blocks, those of a unit in order by one thread.
template <class T, class F> void each_block(const ChannelGrid& g, const F& f) {
  const Index units = g.units(), unit_rows = g.unit_rows(), block_rows = g.block_rows();
  const Index grain = map_grain / std::max<Index>(1, std::min(unit_rows, g.rows) * g.channels) + 1;
  parallel_for(g.segments * units, grain, [&](Index begin, Index end) {
    dispatch_for<T>([&]<int Bytes>() ATELIER_LAMBDA {
      for (Index u = begin; u < end; ++u)
        for (Index c = 0; c < g.channels; c += channel_chunk) {
          const Index first = u % units * unit_rows, last = std::min(g.rows, first + unit_rows);
          const Index width = std::min(channel_chunk, g.channels - c), segment = u / units;
          with_lanes<T, Bytes>(width, [&]<class L>() ATELIER_LAMBDA {
            for (Index r = first; r < last; r += block_rows)
              f.template operator()<L>(
                  ChannelBlock{u, segment, c, width, segment * g.rows + r, std::min(block_rows, last - r), r - first});
          });
        }
    });
  });
}

/// mean and m2 (sum of squared deviations) of n numbers joined with those of `more`.          Chan et al. 1979
ATELIER_INLINE void join_moments(double& mean, double& m2, double n, double more_mean, double more_m2, double more) {
  const double d = more_mean - mean, share = more / (n + more);
  mean += d * share;
  m2 += more_m2 + d * d * n * share;
}

/// The moments of a block's rows, joined to those of the rows before. Sums are taken of x - guess, the guess being the
/// mean of the first k = 16 of the n rows: so the sum of squares is at most n / k times m2, whatever the numbers are,
/// and the difference of the two keeps its digits.
template <class L, class T>
ATELIER_INLINE void block_moments(double* mean, double* m2, const T* x, Index stride, const ChannelBlock& b) {
  using Value = typename L::Value;
  alignas(64) T guess[channel_chunk], sum[channel_chunk], square[channel_chunk];
  const Index first = std::min<Index>(16, b.rows);
  const auto plain = [&](Index r, Index c, std::array<Value, 1>& s)
                         ATELIER_LAMBDA { s[0] = s[0] + L::load(x + r * stride + c); };
  sum_rows_at<L>(std::array<T*, 1>{guess}, plain, first, b.width);
  for (Index c = 0; c < b.width; ++c) guess[c] /= static_cast<T>(first);
  const auto shifted = [&](Index r, Index c, std::array<Value, 2>& s) ATELIER_LAMBDA {
    const Value d = L::load(x + r * stride + c) - L::load(guess + c);
    s[0] = s[0] + d;
    s[1] = s[1] + d * d;
  };
  sum_rows_at<L>(std::array<T*, 2>{sum, square}, shifted, b.rows, b.width);
  const auto n = static_cast<double>(b.rows), before = static_cast<double>(b.done);
  for (Index c = 0; c < b.width; ++c) {
    const auto s = static_cast<double>(sum[c]), q = static_cast<double>(square[c]);
    join_moments(mean[c], m2[c], before, static_cast<double>(guess[c]) + s / n, q - s * s / n, n);
  }
}
}  // namespace detail

/// mean[s, c] and m2[s, c], the sum of squared deviations from it, over the rows of x, which is read once. Nothing
/// cancels, whatever the mean. workspace: g.workspace() doubles.
template <Real T> void channel_moments(double* mean, double* m2, double* workspace, const T* x, const ChannelGrid& g) {
  const Index units = g.units(), unit_rows = g.unit_rows(), channels = g.channels;
  std::fill_n(workspace, g.workspace(), 0.0);
  detail::each_block<T>(g, [&]<class L>(const detail::ChannelBlock& b) ATELIER_LAMBDA {
    double* to = workspace + b.unit * 2 * channels + b.channel;
    detail::block_moments<L>(to, to + channels, x + b.row * channels + b.channel, channels, b);
  });
  std::fill_n(mean, g.columns(), 0.0);
  std::fill_n(m2, g.columns(), 0.0);
  for (Index u = 0; u < g.segments * units && g.rows > 0; ++u) {
    const Index column = u / units * channels, before = u % units * unit_rows;
    const double* from = workspace + u * 2 * channels;
    for (Index c = 0; c < channels; ++c)
      detail::join_moments(mean[column + c], m2[column + c], static_cast<double>(before), from[c], from[channels + c],
                           static_cast<double>(std::min(unit_rows, g.rows - before)));
  }
}

// ---- activations of the normalising pass: value(v), and chain(v, g) = g times the derivative at v

struct NoActivation {
  template <class V> ATELIER_INLINE V value(const V& v) const { return v; }
  template <class V> ATELIER_INLINE V chain(const V&, const V& g) const { return g; }
};
struct ReluActivation {
  template <class V> ATELIER_INLINE V value(const V& v) const { return select(v <= V(0), V(0), v); }
  template <class V> ATELIER_INLINE V chain(const V& v, const V& g) const { return select(v <= V(0), V(0), g); }
};
struct LeakyReluActivation {
  double slope;
  template <class V> ATELIER_INLINE V value(const V& v) const { return select(v > V(0), v, V(slope) * v); }
  template <class V> ATELIER_INLINE V chain(const V& v, const V& g) const { return select(v > V(0), g, V(slope) * g); }
};
struct TanhActivation {
  template <class V> ATELIER_INLINE V value(const V& v) const { return tanh(v); }
  template <class V> ATELIER_INLINE V chain(const V& v, const V& g) const {
    const V t = tanh(v);
    return g * (V(1) - t * t);
  }
};

/// What v = (x - mean) * scale + shift is made of: mean and scale [segments, channels], shift [channels].
template <class T> struct ChannelAffine { const T *mean, *scale, *shift; };

namespace detail {
/// f.operator()<L>(row, rows, segment) for up to four rows of one segment at a time. Stretches of rows go from the last
/// to the first: the caches still hold what the pass of sums before has read last. Inside one they go forward, as the
/// hardware looks ahead; and so does all of what caches hold little of.
template <class T, class F> void each_row(const ChannelGrid& g, const F& f) {
  constexpr Index together = Index{1} << 16, most = Index{1} << 22;  // numbers of a stretch; of x, to go backwards
  const Index rows = g.segments * g.rows;
  const Index stretch = rows * g.channels > most ? rows : together / std::max<Index>(1, g.channels) + 1;
  parallel_for(rows, map_grain / std::max<Index>(1, g.channels) + 1, [&](Index begin, Index end) {
    dispatch_for<T>([&]<int Bytes>() ATELIER_LAMBDA {
      with_lanes<T, Bytes>(g.channels, [&]<class L>() ATELIER_LAMBDA {
        for (Index last = end, first; last > begin; last = first) {
          first = std::max(begin, last - stretch);
          for (Index r = first, n = 0; r < last; r += n) {
            const Index segment = r / g.rows;
            n = std::min({Index{4}, last - r, (segment + 1) * g.rows - r});
            f.template operator()<L>(r, n, segment);
          }
        }
      });
    });
  });
}
}  // namespace detail

/// y = activation(v), in one pass.
template <class A, Real T>
void channel_normalise(const A& activation, T* y, const T* x, const ChannelAffine<T>& p, const ChannelGrid& g) {
  const Index channels = g.channels;
  detail::each_row<T>(g, [&]<class L>(Index row, Index rows, Index segment) ATELIER_LAMBDA {
    const T *mean = p.mean + segment * channels, *scale = p.scale + segment * channels;
    each_vector<L>(channels, [&](Index c) ATELIER_LAMBDA {
      const auto m = L::load(mean + c), s = L::load(scale + c), b = L::load(p.shift + c);
      for (Index r = row; r < row + rows; ++r)
        L::store(activation.value((L::load(x + r * channels + c) - m) * s + b), y + r * channels + c);
    });
  });
}

/// sums of dv and of dv * (x - mean) over the rows, [segments, channels] each, with dv = gradient * activation'(v).
template <class A, Real T>
void channel_gradient_sums(const A& activation, double* sum, double* sum_x, double* workspace, const T* gradient,
                           const T* x, const ChannelAffine<T>& p, const ChannelGrid& g) {
  const Index units = g.units(), channels = g.channels;
  std::fill_n(workspace, g.workspace(), 0.0);
  detail::each_block<T>(g, [&]<class L>(const detail::ChannelBlock& b) ATELIER_LAMBDA {
    alignas(64) T part[channel_chunk], part_x[channel_chunk];
    const Index at = b.row * channels + b.channel, column = b.segment * channels + b.channel;
    using Value = typename L::Value;
    const auto add = [&](Index r, Index c, std::array<Value, 2>& s) ATELIER_LAMBDA {
      const Index i = at + r * channels + c;
      const Value d = L::load(x + i) - L::load(p.mean + column + c);
      const Value v = d * L::load(p.scale + column + c) + L::load(p.shift + b.channel + c);
      const Value dv = activation.chain(v, L::load(gradient + i));
      s[0] = s[0] + dv;
      s[1] = s[1] + dv * d;
    };
    sum_rows_at<L>(std::array<T*, 2>{part, part_x}, add, b.rows, b.width);
    double* to = workspace + b.unit * 2 * channels + b.channel;
    for (Index c = 0; c < b.width; ++c) to[c] += static_cast<double>(part[c]);
    for (Index c = 0; c < b.width; ++c) to[channels + c] += static_cast<double>(part_x[c]);
  });
  std::fill_n(sum, g.columns(), 0.0);
  std::fill_n(sum_x, g.columns(), 0.0);
  for (Index u = 0; u < g.segments * units; ++u)
    for (Index c = 0; c < channels; ++c) {
      sum[u / units * channels + c] += workspace[u * 2 * channels + c];
      sum_x[u / units * channels + c] += workspace[(u * 2 + 1) * channels + c];
    }
}

/// dx = scale * dv - slope * (x - mean) - offset, in one pass; slope and offset: [segments, channels].
template <class A, Real T>
void channel_gradient(const A& activation, T* dx, const T* gradient, const T* x, const ChannelAffine<T>& p,
                      const T* slope, const T* offset, const ChannelGrid& g) {
  const Index channels = g.channels;
  detail::each_row<T>(g, [&]<class L>(Index row, Index rows, Index segment) ATELIER_LAMBDA {
    const Index column = segment * channels;
    each_vector<L>(channels, [&](Index c) ATELIER_LAMBDA {
      const auto m = L::load(p.mean + column + c), s = L::load(p.scale + column + c), b = L::load(p.shift + c);
      const auto k = L::load(slope + column + c), o = L::load(offset + column + c);
      for (Index r = row; r < row + rows; ++r) {
        const Index i = r * channels + c;
        const auto d = L::load(x + i) - m;
        L::store(s * activation.chain(d * s + b, L::load(gradient + i)) - k * d - o, dx + i);
      }
    });
  });
}

}  // namespace atelier::inline v0::kernels
