/// The convolution's weight gradient: dW[o, (t, c)] = sum over results of dy[o] x[tap t, c], a product whose reduction
/// runs over results. All threads pack dy, then each takes some rows o and some panels of columns (t, c), and gathers x
/// for them block by block. Cuts depend on the sizes alone, and sums are added in order.
#pragma once

#include "atelier/kernels/conv/paired.hpp"
#include "atelier/kernels/conv/product.hpp"

namespace atelier::inline v0::kernels::conv_impl {

/// How the gradient is cut. Columns (t, c) of a channel group are cut into panels and groups of those, rows o into
/// panels and groups of those, results into slices: with few rows and columns these are what keeps threads busy. In
/// each of some rounds a piece of every slice is packed and multiplied.
template <class P> struct GradientCut {
  static constexpr Index block_units = 256;                  ///< of results, multiplied at a time
  static constexpr Index block = block_units * P::elements;  ///< the same in results
  static constexpr Index units = 16, least_results = 1024;   ///< parallel work; results in a slice
  static constexpr Index most_sums = Index{1} << 20;         ///< of all slices
  static constexpr Index most_packed = Index{1} << 20;       ///< units of dy in a round, or nearly so many

  ConvShape shape;
  Phase phase;
  Cut edges;
  Index rows, results;  ///< o of a group; pixels of all images
  gemm_impl::Panels<P> panels;
  Index row_groups, panel_groups, slices, rounds;
  Index packed = 0, blocks = 0;  ///< numbers, and blocks, of a slice in a round, at most
  bool paired;                   ///< x is taken from PairedSource

  explicit GradientCut(const ConvShape& s)
      : shape(s),
        phase{forward_axis(s, 0), forward_axis(s, 1)},
        edges(edges_of(s, phase)),
        rows(s.group_out()),
        results(s.out_pixels()),
        panels{s.group_in() * s.taps()},
        paired(PairedSource<P>::serves(s)) {
    constexpr Index together = gemm_impl::most_packed_a(P::vectors, P::rows) / (block_units * P::slot);
    row_groups = groups_of(row_panels().count, together);
    const Index most_groups = (panels.count() + 1) / 2, tasks = s.groups * row_groups;
    slices = std::min(results / least_results, most_sums / std::max<Index>(1, s.weights()));
    slices = std::clamp<Index>(slices, 1, groups_of(units, tasks * most_groups));
    panel_groups = std::clamp<Index>(groups_of(units, tasks * slices), 1, most_groups);
    const Index all = results / P::elements * s.groups * row_panels().count * P::slot;
    rounds = std::clamp<Index>(groups_of(all, most_packed), 1, std::max<Index>(1, results / (slices * block)));
    for (Index i = 0; i < slices * rounds; ++i) {
      Index size = 0, count = 0;
      each_block(i, [&](const Part&, Index, Index n, Index) { size += row_panels().count * piece(n), ++count; });
      packed = std::max(packed, (size + 15) / 16 * 16);
      blocks = std::max(blocks, count);
    }
  }
  Pieces row_panels() const { return {rows, std::max<Index>(1, groups_of(rows, P::rows))}; }
  Index sums() const { return shape.groups * slices; }  ///< that stand side by side
  Index tasks() const { return sums() * row_groups * panel_groups; }
  Index result() const { return (rows * panels.padded() + 15) / 16 * 16; }  ///< numbers in one of the sums
  /// Numbers of packed dy in a row panel of a block. An odd number of lines: panels fall into different cache sets.
  static Index piece(Index n) {
    const Index steps = (n + P::elements - 1) / P::elements;
    return (P::tiled ? groups_of(steps, P::lanes) * P::lanes : steps) * P::slot + Index{64 / sizeof(typename P::T)};
  }
  Index panel() const { return block_units * 3 * P::lanes; }  ///< of gathered x
  /// Numbers that a worker needs: a panel of x, and its elements before they are converted.
  Index own() const { return panel() + (P::unit == gemm_impl::Unit::number || paired ? 0 : block * 3 * P::lanes); }
  /// Numbers of x in pairs.
  Index pairs() const { return paired ? PairedSource<P>(shape).numbers() : 0; }
  /// Numbers that tell which panels of which sums have begun.
  Index marks() const { return (sums() * row_groups * panels.count() + 15) / 16 * 16; }

  /// Calls f(part, first, count, place) for the blocks of piece i of the results, round after round of slice after
  /// slice: `count` results of a part, whose dy is packed to `place`.
  template <class F> void each_block(Index i, const F& f) const {
    const Index together = results % P::elements ? 1 : P::elements;  // no unit is shared by two pieces
    const Pieces pieces{results / together, slices * rounds};
    const Index first = pieces.begin(i) * together, last = pieces.begin(i + 1) * together;
    Index before = 0, place = 0;
    each_part(0, phase, edges, [&](const Part& part) {
      const Index count = shape.batch * part.phase.results();
      const Index begin = std::max(first - before, Index{0}), end = std::min(last - before, count);
      before += count;
      for (Index r = begin; r < end; r += block) {
        const Index n = std::min(block, end - r);
        f(part, r, n, place);
        place += row_panels().count * piece(n);
      }
    });
  }

 private:
  static Index groups_of(Index n, Index each) { return (n + each - 1) / each; }
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
};

template <class P> class GradientPlan {
 public:
  using T = typename P::T;
  /// Where a gradient's numbers stand in its workspace; each worker's own come last.
  struct Places {
    T *sums, *packed, *marks, *pairs, *own;
    Places(const GradientCut<P>& cut, T* workspace)
        : sums(workspace),
          packed(sums + cut.sums() * cut.result()),
          marks(packed + cut.sums() * cut.packed),
          pairs(marks + cut.marks()),
          own(pairs + cut.pairs()) {}
  };

  GradientPlan(const GradientCut<P>& cut, const T* x, const T* dy, const Places& places)
      : cut_(cut), s_(cut.shape), x_(x), dy_(dy), to_(places), pairs_(PairedSource<P>(s_).pairs()) {}

  Index packing_units() const { return cut_.sums() * cut_.blocks; }
  /// Packs a block of dy.
  void pack(Index round, Index u) const {
    const Index sum = u / cut_.blocks, group = sum / cut_.slices;
    Index number = u % cut_.blocks;
    cut_.each_block(piece_of(sum, round), [&](const Part& part, Index first, Index count, Index place) {
      if (number-- == 0) pack_block(group, part, first, count, to_.packed + sum * cut_.packed + place);
    });
  }

  Index units() const { return cut_.tasks(); }
  /// Adds the products of a round to some panels of some rows.
  void run(Index round, Index u, T* own) const {
    const Index j = u % cut_.panel_groups, g = u / cut_.panel_groups % cut_.row_groups;
    const Index sum = u / cut_.panel_groups / cut_.row_groups, all = cut_.panels.count();
    const Pieces panel_groups{all, cut_.panel_groups}, row_groups{cut_.row_panels().count, cut_.row_groups};
    const Unit unit{.group = sum / cut_.slices,
                    .p0 = panel_groups.begin(j),
                    .p1 = panel_groups.begin(j + 1),
                    .q0 = row_groups.begin(g),
                    .q1 = row_groups.begin(g + 1),
                    .packed = to_.packed + sum * cut_.packed,
                    .out = to_.sums + sum * cut_.result(),
                    .marks = to_.marks + (sum * cut_.row_groups + g) * all,
                    .own = own};
    if (round == 0) std::fill(unit.marks + unit.p0, unit.marks + unit.p1, T(0));
    cut_.each_block(piece_of(sum, round), [&](const Part& part, Index first, Index count, Index place) {
      run_block(unit, part, first, count, unit.packed + place);
    });
    if (round == cut_.rounds - 1) clear_rest(unit);
  }

 private:
  struct Unit {
    Index group, p0, p1, q0, q1;  ///< of the channels; column panels; row panels
    const T* packed;
    T *out, *marks, *own;  ///< marks: not 0 for the panels whose sums have begun
  };
  Index piece_of(Index sum, Index round) const { return sum % cut_.slices * cut_.rounds + round; }

  /// dy of so many results, its channels in row panels.
  void pack_block(Index group, const Part& part, Index first, Index count, T* packed) const {
    const Index piece = cut_.piece(count);
    const bool whole = part.phase.results() == s_.out_size[0] * s_.out_size[1];
    if (whole) return pack_rows(group, first, count, packed, piece);
    const Axis &y = part.phase.y, &x = part.phase.x;
    Cursor at(part.phase, first);
    for (Index k = 0; k < count;) {
      const Index n = std::min(count - k, x.results - at.x);
      const Index row = at.image * s_.out_size[0] + y.out_first + at.y;
      pack_rows(group, row * s_.out_size[1] + x.out_first + at.x, n, packed + k * P::slot, piece);
      at.x += n - 1;
      at.advance(part.phase);
      k += n;
    }
  }
  /// The same for neighbours in memory.
  void pack_rows(Index group, Index first, Index count, T* packed, Index piece) const {
    using Pack = gemm_impl::PackPieces<P>;
    const Pieces rows = cut_.row_panels();
    entry<P::isa, Pack, typename Pack::Args>()({.copy = {.source = dy_ + first * s_.out + group * cut_.rows,
                                                         .source_stride = s_.out,
                                                         .rows = count,
                                                         .out = packed,
                                                         .out_stride = piece},
                                                .pieces = rows,
                                                .first = 0,
                                                .count = rows.count});
  }

  void run_block(const Unit& u, const Part& part, Index first, Index count, const T* packed) const {
    for (Index p = u.p0; p < u.p1; ++p) {
      const Index begin = cut_.panels.begin(p);
      bool any = false;
      part.each_piece(s_.group_in(), begin, begin + cut_.panels.columns(p), [&](Index, Index) { any = true; });
      if (!any) continue;
      gather_panel(u, part, p, first, count);
      run_panel(u, p, count, packed, std::exchange(u.marks[p], T(1)) != T(0));
    }
  }
  void run_panel(const Unit& u, Index p, Index count, const T* packed, bool accumulate) const {
    using Tiles = gemm_impl::Tiles<P, true>;
    const int v = cut_.panels.vectors(p);
    const Index width = v * P::lanes, most = P::most_rows(v);
    const Pieces row_panels = cut_.row_panels();
    gemm_impl::TileArgs<T> t{.units = (count + P::elements - 1) / P::elements,
                             .a_row = 1,
                             .a_step = P::slot,
                             .b = u.own,
                             .b_step = width,
                             .c_row = width,
                             .accumulate = accumulate};
    for (Index q = u.q0; q < u.q1; ++q) {
      const Index rows = row_panels.size(q), parts = std::max<Index>(1, (rows + most - 1) / most);
      const Pieces pieces{rows, parts};
      for (Index i = 0; i < parts && rows > 0; ++i) {
        t.rows = static_cast<int>(pieces.size(i));
        t.a = packed + q * cut_.piece(count) + pieces.begin(i);
        t.c = u.out + cut_.panels.begin(p) * cut_.rows + (row_panels.begin(q) + pieces.begin(i)) * width;
        Tiles::run(t, v);
      }
    }
  }
  /// Columns of panel p, (t, c) side by side, of so many results: a unit of them a row.
  void gather_panel(const Unit& u, const Part& part, Index p, Index first, Index count) const {
    constexpr bool convert = P::unit != gemm_impl::Unit::number;
    const Index channels = s_.group_in(), begin = cut_.panels.begin(p), end = begin + cut_.panels.columns(p);
    const Index width = cut_.panels.vectors(p) * P::lanes, a_row = cut_.paired ? P::elements : 1;
    T* const rows = convert && !cut_.paired ? u.own + cut_.panel() : u.own;
    conv_impl::gather<P>({.source = (cut_.paired ? to_.pairs : x_) + u.group * channels,
                          .source_channels = s_.in,
                          .phase = cut_.paired ? &pairs_ : &part.phase,
                          .run = {},
                          .first = first / a_row,
                          .count = count / a_row,
                          .out = rows,
                          .out_stride = width},
                         channels, begin, end);
    for (Index k = 0; end - begin < width && k < count / a_row; ++k)
      std::fill_n(rows + k * width + end - begin, width - (end - begin), T(0));
    if constexpr (convert)
      if (!cut_.paired) conv_impl::pack_rows(gemm_impl::Panels<P>{width}, rows, count, width, u.own);
  }
  /// Zeros for the panels that no result meets.
  void clear_rest(const Unit& u) const {
    const Pieces rows = cut_.row_panels();
    for (Index p = u.p0; p < u.p1; ++p) {
      const Index width = cut_.panels.vectors(p) * P::lanes;
      if (u.marks[p] == T(0))
        std::fill_n(u.out + cut_.panels.begin(p) * cut_.rows + rows.begin(u.q0) * width,
                    (rows.begin(u.q1) - rows.begin(u.q0)) * width, T(0));
    }
  }

  const GradientCut<P>& cut_;
  const ConvShape& s_;
  const T *x_, *dy_;
  const Places to_;
  const Phase pairs_;  ///< of all results
};

/// Adds the slices in order, and turns squares of channels x taps into w's order.
template <class P> struct StoreGradient {
  using T = typename P::T;
  using V = typename P::V;
  struct Args {
    const GradientCut<P>* cut = nullptr;
    const T* sums = nullptr;           ///< of the group's first slice
    Index channel = 0, tap = 0;        ///< where the square begins
    Index first_row = 0, end_row = 0;  ///< of the group
    T* out = nullptr;                  ///< dw of the group
  };
  ATELIER_INLINE static void run(const Args& a) {
    const ConvShape& s = a.cut->shape;
    const Index taps = s.taps(), channels = s.group_in(), n = std::min<Index>(P::lanes, taps - a.tap);
    const Index wide = std::min<Index>(P::lanes, channels - a.channel);
    Index place[P::lanes], step[P::lanes];
    if (wide == P::lanes && stand_together(a, n, place, step)) {
      for (Index o = a.first_row; o < a.end_row; ++o)
        square(a, n, place, step, o, a.out + (o * channels + a.channel) * taps + a.tap);
      return;
    }
    for (Index i = 0; i < n; ++i)
      for (Index c = a.channel; c < a.channel + wide; ++c) {
        const Index j = (a.tap + i) * channels + c, p = a.cut->panels.of(j),
                    width = a.cut->panels.vectors(p) * P::lanes;
        const Index first = a.cut->panels.begin(p);
        for (Index o = a.first_row; o < a.end_row; ++o)
          a.out[(o * channels + c) * taps + a.tap + i] = total(a, first * a.cut->rows + o * width + j - first);
      }
  }
  /// Where row 0 of each of n taps stands, and how far it is to the next row; whether each one's channels are a vector.
  ATELIER_INLINE static bool stand_together(const Args& a, Index n, Index (&place)[P::lanes], Index (&step)[P::lanes]) {
    for (Index i = 0; i < n; ++i) {
      const Index j = (a.tap + i) * a.cut->shape.group_in() + a.channel, p = a.cut->panels.of(j);
      const Index first = a.cut->panels.begin(p);
      if (j % P::lanes) return false;  // panels begin at whole vectors
      place[i] = first * a.cut->rows + j - first;
      step[i] = a.cut->panels.vectors(p) * P::lanes;
    }
    return true;
  }
  ATELIER_INLINE static T total(const Args& a, Index at) {
    T sum = a.sums[at];
    for (Index s = 1; s < a.cut->slices; ++s) sum += a.sums[s * a.cut->result() + at];
    return sum;
  }
  ATELIER_INLINE static void square(const Args& a, Index n, const Index (&place)[P::lanes],
                                    const Index (&step)[P::lanes], Index o, T* out) {
    const Index slices = a.cut->slices, result = a.cut->result(), taps = a.cut->shape.taps();
    V r[P::lanes];
#pragma GCC unroll 16
    for (int i = 0; i < P::lanes; ++i) {
      r[i] = V(typename V::Raw{});
      if (i >= n) continue;
      const T* const from = a.sums + place[i] + o * step[i];
      r[i] = V::load(from);
      for (Index s = 1; s < slices; ++s) r[i] = r[i] + V::load(from + s * result);
    }
    gemm_impl::transpose(r);
#pragma GCC unroll 16
    for (int i = 0; i < P::lanes; ++i) gemm_impl::store_part<P>(r[i], out + i * taps, n);
  }
};

/// Numbers of workspace for run_gradient().
template <class P> Index gradient_workspace_size(const ConvShape& s) {
  if (s.weights() == 0 || s.out_pixels() == 0) return 0;
  const GradientCut<P> cut(s);
  return cut.sums() * (cut.result() + cut.packed) + cut.marks() + cut.pairs() + team_for(s) * cut.own();
}

/// Adds up the slices of all groups into dw.
template <class P> void store_gradient(const GradientCut<P>& cut, const typename P::T* sums, typename P::T* dw) {
  using Store = StoreGradient<P>;
  constexpr Index rows = 32;  // of a square, at a time
  const ConvShape& s = cut.shape;
  const Index row_parts = (cut.rows + rows - 1) / rows;
  const Index across = (s.group_in() + P::lanes - 1) / P::lanes, down = (s.taps() + P::lanes - 1) / P::lanes;
  const Index work = rows * P::lanes * std::min<Index>(P::lanes, s.taps()) * cut.slices;
  parallel_for(s.groups * row_parts * across * down, 32768 / work + 1, [&](Index first, Index last) {
    for (Index i = first; i < last; ++i) {
      const Index tap = i % down * P::lanes, channel = i / down % across * P::lanes;
      const Index row = i / down / across % row_parts * rows, group = i / down / across / row_parts;
      entry<P::isa, Store, typename Store::Args>()({.cut = &cut,
                                                    .sums = sums + group * cut.slices * cut.result(),
                                                    .channel = channel,
                                                    .tap = tap,
                                                    .first_row = row,
                                                    .end_row = std::min(row + rows, cut.rows),
                                                    .out = dw + group * cut.rows * s.group_in() * s.taps()});
    }
  });
}

template <class P>
void run_gradient(const ConvShape& s, const typename P::T* x, const typename P::T* dy, typename P::T* dw,
                  typename P::T* workspace) {
  using T = typename P::T;
  if (s.weights() == 0) return;
  if (s.out_pixels() == 0) return static_cast<void>(std::fill_n(dw, s.weights(), T(0)));
  const GradientCut<P> cut(s);
  const typename GradientPlan<P>::Places places(cut, workspace);
  const GradientPlan<P> plan(cut, x, dy, places);
  if (cut.paired) pair_source(PairedSource<P>(s), x, places.pairs);
  for (Index round = 0; round < cut.rounds; ++round) {
    const auto pack = [&](Index u, int) { plan.pack(round, u); };
    const auto unit = [&](Index u, int worker) {
      const gemm_impl::TileRegisters registers(P::tiled);
      plan.run(round, u, places.own + worker * cut.own());
    };
    parallel_units(plan.packing_units(), pack, team_for(s));
    parallel_units(plan.units(), unit, team_for(s));
  }
  store_gradient(cut, places.sums, dw);
}

}  // namespace atelier::inline v0::kernels::conv_impl
