/// A convolution to the data whose result has few channels, or few sources: one product gives every source position's
/// part in each result it reaches, Z[source, (t, c)] = sum over o of dy[source, o] w[o, c, t], and each result adds
/// the parts that meet there. No column of the product is padding but the last few, where a gather would pad each
/// result's channels to whole vectors, or multiply zeros for most of its taps.
#pragma once

#include "atelier/kernels/conv/product.hpp"
#include "atelier/kernels/gemm.hpp"

namespace atelier::inline v0::kernels::conv_impl {

/// Rows of results that are computed together, and the rows of sources that they meet.
template <class P> struct ScatterBands {
  static constexpr Index most_parts = Index{1} << 17;  ///< numbers of Z that a worker keeps, unless one row needs more

  ConvShape s;
  Index columns, rows;  ///< of Z; result rows of a band

  explicit ScatterBands(const ConvShape& shape) : s(shape), columns(s.group_in() * s.taps()) {
    const Index most = std::max<Index>(1, most_parts / std::max<Index>(1, s.out_size[1] * columns));
    rows = std::max<Index>(1, (most - 1) * s.stride[0] - s.dilation[0] * (s.kernel[0] - 1));
    rows = std::max<Index>(1, parts_of(s.size[0], std::max<Index>(1, bands())));  // bands of nearly equal height
  }
  Index bands() const { return parts_of(s.size[0], rows); }
  /// Source rows [first, last) that reach result rows [begin, end).
  Index first(Index begin) const {
    return std::clamp<Index>(ceiling(begin + s.padding[0] - s.dilation[0] * (s.kernel[0] - 1)), 0, s.out_size[0]);
  }
  Index last(Index end) const { return std::clamp<Index>(ceiling(end + s.padding[0]), 0, s.out_size[0]); }
  Index most_source_rows() const {
    return std::min(s.out_size[0], (rows + s.dilation[0] * (s.kernel[0] - 1)) / s.stride[0] + 1);
  }
  GemmShape product(Index source_rows) const {
    return {.m = source_rows * s.out_size[1], .n = columns, .k = s.group_out()};
  }
  Index sums() const { return (most_source_rows() * s.out_size[1] * columns + 15) / 16 * 16; }

 private:
  static Index parts_of(Index n, Index each) { return (n + each - 1) / each; }
  Index ceiling(Index n) const { return n <= 0 ? 0 : (n + s.stride[0] - 1) / s.stride[0]; }
};

/// Whether a gather would multiply much more than a scatter, counting whole vectors.
template <class P> bool scatters(const ConvShape& s) {
  constexpr Index worth = 2, largest = Index{1} << 20;
  const Gather g{s, true};
  const gemm_impl::Panels<P> gathered{s.group_in()}, scattered{s.group_in() * s.taps()};
  Index pairs = 0;  // of results and taps
  for (Index i = 0; i < g.phases(); ++i) pairs += g.phase(i).results() * g.phase(i).taps();
  const Index sources = s.out_size[0] * s.out_size[1];
  return ScatterBands<P>(s).sums() <= largest &&
         pairs * gathered.padded() > worth * sources * std::max<Index>(1, scattered.padded());
}

/// [channels, taps] as [taps, channels].
template <class P> struct TurnTaps {
  using T = typename P::T;
  using V = typename P::V;
  struct Args {
    const T* source = nullptr;
    Index channels = 0, taps = 0;
    T* out = nullptr;
  };
  ATELIER_INLINE static void run(const Args& a) {
    for (Index c = 0; c < a.channels; c += P::lanes)
      for (Index t = 0; t < a.taps; t += P::lanes) square(a, c, t);
  }
  ATELIER_INLINE static void square(const Args& a, Index c, Index t) {
    V r[P::lanes];
#pragma GCC unroll 16
    for (int i = 0; i < P::lanes; ++i) {
      r[i] = V(typename V::Raw{});
      if (c + i < a.channels) r[i] = gemm_impl::load_part<P>(a.source + (c + i) * a.taps + t, a.taps - t);
    }
    gemm_impl::transpose(r);
#pragma GCC unroll 16
    for (int i = 0; i < P::lanes; ++i)
      if (t + i < a.taps) gemm_impl::store_part<P>(r[i], a.out + (t + i) * a.channels + c, a.channels - c);
  }
};

/// Adds the parts of the results of one row that agree modulo the stride, in the order of the taps.
template <class P> struct AddParts {
  using T = typename P::T;
  using V = typename P::V;
  struct Args {
    const T* sums = nullptr;  ///< of the first of the row taps that exist, column tap 0, source column 0
    Index row_taps = 0;       ///< that exist
    Index row_step = 0;       ///< in sums, to the next of them
    Axis x;
    Index column = 0, tap_step = 0;  ///< in sums: to the next source column, to the next column tap
    Index channels = 0;
    T* out = nullptr;          ///< of the first result
    Index out_step = 0;        ///< to the next
    ConvEpilogue<T> epilogue;  ///< bias of the channels
  };
  ATELIER_INLINE static void run(const Args& a) {
    T* out = a.out;
    for (Index j = 0; j < a.x.results; ++j, out += a.out_step) {
      const Index at = j + a.x.tap_first, beyond = at + (a.x.taps - 1) * a.x.tap_step - a.x.source + 1;
      const Index first = at >= 0 ? 0 : (a.x.tap_step - 1 - at) / a.x.tap_step;
      const Index last = a.x.taps - (beyond <= 0 ? 0 : (beyond + a.x.tap_step - 1) / a.x.tap_step);
      const T* sums = a.sums + at * a.column;
      for (Index c = 0; c < a.channels; c += P::lanes) add(a, sums + c, first, last, c, out);
    }
  }
  ATELIER_INLINE static void add(const Args& a, const T* sums, Index first, Index last, Index c, T* out) {
    const Index count = a.channels - c;
    V sum(typename V::Raw{});
    for (Index y = 0; y < a.row_taps; ++y)
      for (Index x = first; x < last; ++x)
        sum = sum + gemm_impl::load_part<P>(sums + y * a.row_step + x * a.tap_step, count);
    if (a.epilogue.bias) sum = sum + gemm_impl::load_part<P>(a.epilogue.bias + c, count);
    const V zero(typename V::Raw{}), slope = gemm_impl::broadcast<V>(a.epilogue.slope);
    if (a.epilogue.rectify && a.epilogue.slope == T(0)) sum = simd::max(zero, sum);  // the second one where unordered
    if (a.epilogue.rectify && a.epilogue.slope != T(0))
      sum = V(typename V::Raw(sum.raw > zero.raw ? sum.raw : sum.raw * slope.raw));
    gemm_impl::store_part<P>(sum, out + c, count);
  }
};

template <class P> class ScatterPlan {
 public:
  using T = typename P::T;

  ScatterPlan(const ScatterBands<P>& bands, const T* dy, const T* packed, T* dx, const ConvEpilogue<T>& epilogue,
              const GemmMode& mode)
      : bands_(bands), s_(bands.s), dy_(dy), packed_(packed), dx_(dx), epilogue_(epilogue), mode_(mode) {}

  static Index packed_size(const ConvShape& s, const GemmMode& mode) {
    return gemm_packed_size<T>(s.group_in() * s.taps(), s.group_out(), mode);
  }
  /// Numbers that a worker needs beside its sums.
  static Index product_size(const ScatterBands<P>& bands, const GemmMode& mode) {
    const ThreadScope alone(1);
    return (gemm_packed_workspace_size<T>(bands.product(bands.most_source_rows()), mode) + 15) / 16 * 16;
  }

  Index units() const { return s_.batch * s_.groups * bands_.bands(); }
  void run(Index u, T* workspace) const {
    const Index band = u % bands_.bands(), group = u / bands_.bands() % s_.groups;
    const Index image = u / bands_.bands() / s_.groups, begin = band * bands_.rows;
    const Index end = std::min(s_.size[0], begin + bands_.rows), first = bands_.first(begin), last = bands_.last(end);
    const T* source = dy_ + (image * s_.out_size[0] + first) * s_.out_size[1] * s_.out + group * s_.group_out();
    const Index size = product_size(bands_, mode_);
    const ThreadScope alone(1);
    gemm_packed<T>(bands_.product(last - first), {source, s_.out}, packed_ + group * packed_size(s_, mode_),
                   Matrix<T>{workspace, bands_.columns}, {},
                   {workspace + bands_.sums(), static_cast<std::size_t>(size)}, mode_);
    for (Index y = begin; y < end; ++y) add_row(image, group, y, first, last, workspace);
  }

 private:
  /// Result row y, from the sums of source rows [first, last).
  void add_row(Index image, Index group, Index y, Index first, Index last, const T* sums) const {
    using Add = AddParts<NumberPath<P>>;
    const Axis axis = data_axis(s_, 0, y % s_.stride[0]);
    const Index at = y / s_.stride[0] + axis.tap_first, n = s_.group_in();
    Index tap = 0, taps = axis.taps;
    while (tap < taps && at + tap * axis.tap_step < first) ++tap;
    while (taps > tap && at + (taps - 1) * axis.tap_step >= last) --taps;
    const Index row = s_.out_size[1] * bands_.columns;
    typename Add::Args a{.row_taps = taps - tap,
                         .row_step = axis.tap_step * row + axis.kernel_step * s_.kernel[1] * n,
                         .x = {},
                         .column = bands_.columns,
                         .channels = n,
                         .out_step = s_.stride[1] * s_.in,
                         .epilogue = epilogue_};
    if (a.epilogue.bias) a.epilogue.bias += group * n;
    sums += (at + tap * axis.tap_step - first) * row + (axis.kernel_first + tap * axis.kernel_step) * s_.kernel[1] * n;
    for (Index x = 0; x < std::min(s_.stride[1], s_.size[1]); ++x) {
      a.x = data_axis(s_, 1, x);
      a.sums = sums + a.x.kernel_first * n;
      a.tap_step = a.x.tap_step * bands_.columns + a.x.kernel_step * n;
      a.out = dx_ + ((image * s_.size[0] + y) * s_.size[1] + x) * s_.in + group * n;
      entry<P::isa, Add, typename Add::Args>()(a);
    }
  }

  const ScatterBands<P>& bands_;
  const ConvShape& s_;
  const T *dy_, *packed_;
  T* const dx_;
  const ConvEpilogue<T>& epilogue_;
  const GemmMode& mode_;
};

/// Numbers of workspace for run_scatter().
template <class P> Index scatter_workspace_size(const ConvShape& s, const GemmMode& mode) {
  const ScatterBands<P> bands(s);
  const Index turned = (s.group_out() * bands.columns + 15) / 16 * 16;
  return turned + s.groups * ScatterPlan<P>::packed_size(s, mode) +
         team_for(s) * (bands.sums() + ScatterPlan<P>::product_size(bands, mode));
}

template <class P>
void run_scatter(const ConvShape& s, const typename P::T* dy, const typename P::T* w, typename P::T* dx,
                 const ConvEpilogue<typename P::T>& epilogue, typename P::T* workspace, const GemmMode& mode) {
  using T = typename P::T;
  using F = NumberPath<P>;
  using Turn = TurnTaps<F>;
  const ScatterBands<P> bands(s);
  const Index rows = s.group_out(), packed_size = ScatterPlan<P>::packed_size(s, mode);
  T* const turned = workspace;
  T* const packed = turned + (rows * bands.columns + 15) / 16 * 16;
  T* const own = packed + s.groups * packed_size;
  for (Index group = 0; group < s.groups; ++group) {
    parallel_for(rows, 32768 / std::max<Index>(1, bands.columns) + 1, [&](Index first, Index last) {
      for (Index o = first; o < last; ++o)
        entry<P::isa, Turn, typename Turn::Args>()({.source = w + (group * rows + o) * bands.columns,
                                                    .channels = s.group_in(),
                                                    .taps = s.taps(),
                                                    .out = turned + o * bands.columns});
    });
    gemm_pack<T>(bands.columns, rows, Transpose::no, {turned, bands.columns}, packed + group * packed_size, mode);
  }
  const Index each = bands.sums() + ScatterPlan<P>::product_size(bands, mode);
  const ScatterPlan<P> plan(bands, dy, packed, dx, epilogue, mode);
  const auto unit = [&](Index u, int worker) { plan.run(u, own + worker * each); };
  parallel_units(plan.units(), unit, team_for(s));
}

}  // namespace atelier::inline v0::kernels::conv_impl
