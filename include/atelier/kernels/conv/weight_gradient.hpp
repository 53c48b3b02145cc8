/// The convolution's weight gradient: dW[o, (t, c)] = sum over results of dy[o] x[tap t, c], a product whose reduction
/// runs over results. It is cut into parts and blocks that depend on the sizes alone; parts are added in order.
#pragma once

#include "atelier/kernels/conv/product.hpp"

namespace atelier::inline v0::kernels::conv_impl {

/// How the gradient of one group is cut: its columns (t, c) into panels and groups of them, the results into parts.
template <class P> struct GradientCut {
  static constexpr Index block_units = 256;                  ///< of results, packed at a time
  static constexpr Index block = block_units * P::elements;  ///< the same in results
  static constexpr Index units = 16, least_results = 1024;   ///< parallel work; results in a part
  static constexpr Index most_sums = Index{1} << 20;         ///< of all parts

  Index rows, results;
  gemm_impl::Panels<P> panels;
  Index groups, parts = 1;

  explicit GradientCut(const ConvShape& s)
      : rows(s.group_out()), results(s.out_pixels()), panels{s.group_in() * s.taps()} {
    parts = std::clamp<Index>(std::min(results / least_results, most_sums / std::max<Index>(1, s.weights())), 1, units);
    groups = std::clamp<Index>(units / (parts * s.groups), 1, panels.count());
  }
  Index most_panels() const { return (panels.count() + groups - 1) / groups; }  ///< of a group
  Pieces row_panels() const { return {rows, std::max<Index>(1, (rows + P::rows - 1) / P::rows)}; }
  Index piece() const { return block_units * P::slot; }                     ///< of packed dy
  Index panel() const { return block_units * 3 * P::lanes; }                ///< of gathered x
  Index result() const { return (rows * panels.padded() + 15) / 16 * 16; }  ///< one part of one group
  /// Numbers that a worker needs: dy, a panel of x, its elements before they are converted, and which panels have sums.
  Index own() const {
    const Index stage = P::unit == gemm_impl::Unit::number ? 0 : block * 3 * P::lanes;
    return row_panels().count * piece() + panel() + stage + (most_panels() + 15) / 16 * 16;
  }
  /// Place of column j, row o in a part's result: panel after panel.
  Index place(Index o, Index j) const {
    const Index p = panels.of(j);
    return panels.begin(p) * rows + o * panels.vectors(p) * P::lanes + j - panels.begin(p);
  }
};

template <class P> class GradientPlan {
 public:
  using T = typename P::T;

  GradientPlan(const ConvShape& s, const T* x, const T* dy, T* sums)
      : s_(s),
        x_(x),
        dy_(dy),
        sums_(sums),
        cut_(s),
        phase_{forward_axis(s, 0), forward_axis(s, 1)},
        edges_(edges_of(s, phase_)) {}
  Index units() const { return s_.groups * cut_.parts * cut_.groups; }

  void run(Index u, T* workspace) const {
    const Index j = u % cut_.groups, slice = u / cut_.groups % cut_.parts, group = u / cut_.groups / cut_.parts;
    const Pieces panel_groups{cut_.panels.count(), cut_.groups}, slices{cut_.results, cut_.parts};
    const Unit unit{group, panel_groups.begin(j), panel_groups.begin(j + 1), workspace,
                    sums_ + (group * cut_.parts + slice) * cut_.result()};
    std::fill_n(has_sums(unit), unit.p1 - unit.p0, T(0));
    Index at = 0;  // results of the parts before
    each_part(0, phase_, edges_, [&](const Part& part) {
      const Index count = s_.batch * part.phase.results();
      const Index begin = std::max(slices.begin(slice) - at, Index{0}),
                  end = std::min(slices.begin(slice + 1) - at, count);
      at += count;
      for (Index r = begin; r < end; r += cut_.block) run_block(unit, part, r, std::min(cut_.block, end - r));
    });
    for (Index p = unit.p0; p < unit.p1; ++p)
      if (has_sums(unit)[p - unit.p0] == T(0))
        std::fill_n(unit.out + cut_.panels.begin(p) * cut_.rows, cut_.rows * cut_.panels.vectors(p) * P::lanes, T(0));
  }

 private:
  struct Unit {
    Index group, p0, p1;  ///< of the channels; column panels
    T *workspace, *out;
  };
  /// Not 0 for the panels of a unit whose sums have begun.
  T* has_sums(const Unit& u) const { return u.workspace + cut_.own() - (cut_.most_panels() + 15) / 16 * 16; }

  /// Whether results at the edges are taken apart: their taps in the padding are then left out. Pairs of results would
  /// fall apart, too.
  static Cut edges_of(const ConvShape& s, const Phase& phase) {
    constexpr Index tile_steps = 8;  // what a tile costs however few its steps are
    return best_cut(P::elements == 1, [&](Cut cut) {
      Index sum = 0;
      each_part(0, phase, cut, [&](const Part& p) { sum += (s.batch * p.phase.results() + tile_steps) * p.taps(); });
      return sum;
    });
  }

  /// The products of so many results of a part.
  void run_block(const Unit& u, const Part& part, Index first, Index count) const {
    pack_block(u, part, first, count);
    for (Index p = u.p0; p < u.p1; ++p) {
      const Index begin = cut_.panels.begin(p);
      bool any = false;
      part.each_piece(s_.group_in(), begin, begin + cut_.panels.columns(p), [&](Index, Index) { any = true; });
      if (!any) continue;
      T& begun = has_sums(u)[p - u.p0];
      run_panel(u, part, p, first, count, std::exchange(begun, T(1)) != T(0));
    }
  }
  /// dy of so many results, its channels in row panels.
  void pack_block(const Unit& u, const Part& part, Index first, Index count) const {
    const bool whole = part.phase.results() == s_.out_size[0] * s_.out_size[1];
    if (whole) return pack_rows(u, first, count, u.workspace);
    const Axis &y = part.phase.y, &x = part.phase.x;
    Cursor at(part.phase, first);
    for (Index k = 0; k < count;) {
      const Index n = std::min(count - k, x.results - at.x);
      const Index row = at.image * s_.out_size[0] + y.out_first + at.y;
      pack_rows(u, row * s_.out_size[1] + x.out_first + at.x, n, u.workspace + k * P::slot);
      at.x += n - 1;
      at.advance(part.phase);
      k += n;
    }
  }
  /// The same for neighbours in memory.
  void pack_rows(const Unit& u, Index first, Index count, T* packed) const {
    using Pack = gemm_impl::PackPieces<P>;
    const Pieces rows = cut_.row_panels();
    entry<P::isa, Pack, typename Pack::Args>()({.copy = {.source = dy_ + first * s_.out + u.group * cut_.rows,
                                                         .source_stride = s_.out,
                                                         .rows = count,
                                                         .out = packed,
                                                         .out_stride = cut_.piece()},
                                                .pieces = rows,
                                                .first = 0,
                                                .count = rows.count});
  }
  void run_panel(const Unit& u, const Part& part, Index p, Index first, Index count, bool accumulate) const {
    using Tiles = gemm_impl::Tiles<P, true>;
    T* const panel = u.workspace + cut_.row_panels().count * cut_.piece();
    gather_panel(u, part, p, first, count, panel);
    const int v = cut_.panels.vectors(p);
    const Index width = v * P::lanes, most = P::most_rows(v);
    const Pieces row_panels = cut_.row_panels();
    gemm_impl::TileArgs<T> t{.units = (count + P::elements - 1) / P::elements,
                             .a_row = 1,
                             .a_step = P::slot,
                             .b = panel,
                             .b_step = width,
                             .c_row = width,
                             .accumulate = accumulate};
    for (Index q = 0; q < row_panels.count; ++q) {
      const Index rows = row_panels.size(q), parts = std::max<Index>(1, (rows + most - 1) / most);
      const Pieces pieces{rows, parts};
      for (Index i = 0; i < parts && rows > 0; ++i) {
        t.a = u.workspace + q * cut_.piece() + pieces.begin(i);
        t.c = u.out + cut_.panels.begin(p) * cut_.rows + (row_panels.begin(q) + pieces.begin(i)) * width;
        Tiles::run(t, static_cast<int>(pieces.size(i)), v);
      }
    }
  }
  /// Columns of panel p, (t, c) side by side, of so many results.
  void gather_panel(const Unit& u, const Part& part, Index p, Index first, Index count, T* panel) const {
    constexpr bool convert = P::unit != gemm_impl::Unit::number;
    const Index channels = s_.group_in(), begin = cut_.panels.begin(p), end = begin + cut_.panels.columns(p);
    const Index width = cut_.panels.vectors(p) * P::lanes;
    T* const elements = convert ? panel + cut_.panel() : panel;
    conv_impl::gather<P>({.source = x_ + u.group * channels,
                          .source_channels = s_.in,
                          .phase = &part.phase,
                          .run = {},
                          .first = first,
                          .count = count,
                          .out = elements,
                          .out_stride = width},
                         channels, begin, end);
    for (Index k = 0; end - begin < width && k < count; ++k)
      std::fill_n(elements + k * width + end - begin, width - (end - begin), T(0));
    if constexpr (convert) conv_impl::pack_rows(gemm_impl::Panels<P>{width}, elements, count, width, panel);
  }

  const ConvShape& s_;
  const T *x_, *dy_;
  T* const sums_;
  const GradientCut<P> cut_;
  const Phase phase_;
  const Cut edges_;
};

/// Adds the parts in order, and turns squares of channels x taps into w's order.
template <class P> struct StoreGradient {
  using T = typename P::T;
  using V = typename P::V;
  struct Args {
    const GradientCut<P>* cut = nullptr;
    const T* sums = nullptr;  ///< of the group's first part
    Index row = 0, channels = 0, taps = 0;
    T* out = nullptr;  ///< [channels, taps] of the row
  };
  ATELIER_INLINE static void run(const Args& a) {
    for (Index t = 0; t < a.taps; t += P::lanes) {
      Index c = 0;
      if (a.channels % P::lanes == 0)
        for (; c < a.channels; c += P::lanes) square(a, c, t);
      for (; c < a.channels; ++c)
        for (Index k = t; k < std::min<Index>(a.taps, t + P::lanes); ++k)
          a.out[c * a.taps + k] = total(a, k * a.channels + c);
    }
  }
  ATELIER_INLINE static T total(const Args& a, Index j) {
    const T* from = a.sums + a.cut->place(a.row, j);
    T sum = *from;
    for (Index s = 1; s < a.cut->parts; ++s) sum += from[s * a.cut->result()];
    return sum;
  }
  ATELIER_INLINE static void square(const Args& a, Index c, Index t) {
    V r[P::lanes];
#pragma GCC unroll 16
    for (int i = 0; i < P::lanes; ++i) {
      r[i] = V(typename V::Raw{});
      if (t + i >= a.taps) continue;
      const T* from = a.sums + a.cut->place(a.row, (t + i) * a.channels + c);
      r[i] = V::load(from);
      for (Index s = 1; s < a.cut->parts; ++s) r[i] = r[i] + V::load(from + s * a.cut->result());
    }
    gemm_impl::transpose(r);
#pragma GCC unroll 16
    for (int i = 0; i < P::lanes; ++i)
      gemm_impl::store_part<P>(r[i], a.out + (c + i) * a.taps + t, std::min<Index>(P::lanes, a.taps - t));
  }
};

/// Numbers of workspace for run_gradient().
template <class P> Index gradient_workspace_size(const ConvShape& s) {
  const GradientCut<P> cut(s);
  return s.groups * cut.parts * cut.result() + team_for(s) * cut.own();
}

template <class P>
void run_gradient(const ConvShape& s, const typename P::T* x, const typename P::T* dy, typename P::T* dw,
                  typename P::T* workspace) {
  using T = typename P::T;
  using Store = StoreGradient<P>;
  if (s.weights() == 0) return;
  if (s.out_pixels() == 0) return static_cast<void>(std::fill_n(dw, s.weights(), T(0)));
  const GradientCut<P> cut(s);
  T* const own = workspace + s.groups * cut.parts * cut.result();
  const GradientPlan<P> plan(s, x, dy, workspace);
  const auto unit = [&](Index u, int worker) {
    const gemm_impl::TileRegisters registers(P::tiled);
    plan.run(u, own + worker * cut.own());
  };
  parallel_units(plan.units(), unit, team_for(s));
  const Index row = s.group_in() * s.taps();
  parallel_for(s.out, 32768 / (row * cut.parts) + 1, [&](Index first, Index last) {
    for (Index o = first; o < last; ++o)
      entry<P::isa, Store, typename Store::Args>()({.cut = &cut,
                                                    .sums = workspace + o / cut.rows * cut.parts * cut.result(),
                                                    .row = o % cut.rows,
                                                    .channels = s.group_in(),
                                                    .taps = s.taps(),
                                                    .out = dw + o * row});
  });
}

}  // namespace atelier::inline v0::kernels::conv_impl
