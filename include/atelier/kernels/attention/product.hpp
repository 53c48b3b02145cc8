/// Products of one head's blocks, on the micro-kernels of gemm/: operands stand in a worker's cache, sums of a tile go
/// straight to where the next step reads them, and every row panel may end (or begin) its reduction where a causal
/// mask says so.
#pragma once

#include "atelier/kernels/gemm/pack.hpp"
#include "atelier/kernels/gemm/tile.hpp"

namespace atelier::inline v0::kernels::attention_impl {

using gemm_impl::Panels;
using gemm_impl::Pieces;

inline Index round_up(Index n, Index to) { return (n + to - 1) / to * to; }

/// Units that a reduction over k elements takes.
template <class P> Index units_of(Index k) { return (k + P::elements - 1) / P::elements; }

/// Row panels of `rows` rows.
template <class P> Pieces row_pieces(Index rows) { return {rows, std::max<Index>(1, (rows + P::rows - 1) / P::rows)}; }

/// B[k, n] in panels of columns, each with all steps of the reduction.
template <class P> struct PackedB {
  const typename P::T* data = nullptr;
  Index n = 0, units = 0;

  static Index size(Index n, Index k) { return Panels<P>{n}.padded() * units_of<P>(k); }
  const typename P::T* panel(Index p) const { return data + Panels<P>{n}.begin(p) * units; }
};

/// Packs B[k, n], or transposed from [n, k], into `out`.
template <class P> PackedB<P> pack_b(Index n, Index k, Transpose t, Matrix<const typename P::T> b, typename P::T* out) {
  using gemm_impl::entry;
  using Args = gemm_impl::PackArgs<typename P::T>;
  static constexpr void (*across[])(const Args&) = {entry<P::isa, gemm_impl::PackAcross<P, 1>, Args>(),
                                                    entry<P::isa, gemm_impl::PackAcross<P, 2>, Args>(),
                                                    entry<P::isa, gemm_impl::PackAcross<P, 3>, Args>()};
  constexpr auto transposed = entry<P::isa, gemm_impl::PackTransposed<P>, Args>();
  const Panels<P> panels{n};
  const bool turn = t == Transpose::yes;
  const Index units = units_of<P>(k);
  if (n == 0) return {};
  for (Index p = 0; p < panels.count(); ++p) {
    const Index begin = panels.begin(p), columns = panels.columns(p);
    const int v = panels.vectors(p);
    (turn ? transposed : across[v - 1])({.source = b.data + (turn ? begin * b.stride : begin),
                                         .source_stride = b.stride,
                                         .rows = turn ? columns : k,
                                         .columns = turn ? k : columns,
                                         .out = out + begin * units,
                                         .out_stride = v * P::lanes});
  }
  return {out, n, units};
}

/// A as the micro-kernels read it: row panel q, whose first row is `begin`, at data + q * piece + begin * row.
template <class T> struct Left {
  const T* data = nullptr;
  Index row = 0, step = 0, piece = 0;
};

/// Numbers from one row of `k` elements to the next where rows are packed: an odd number of cache lines, so that they
/// fall into different sets.
template <class P> Index packed_row(Index k) {
  constexpr Index line = 64 / static_cast<Index>(sizeof(typename P::T));
  return (round_up(round_up(units_of<P>(k), P::lanes), line) / line | 1) * line;
}
template <class P> inline constexpr bool reads_in_place = P::unit == gemm_impl::Unit::number;

/// A[m, k] for products over its columns: in place, or in the path's units at `out`, packed_row() numbers a row.
template <class P> Left<typename P::T> left_rows(Matrix<const typename P::T> a, Index m, Index k, typename P::T* out) {
  if constexpr (reads_in_place<P>) return {.data = a.data, .row = a.stride, .step = 1};
  using Args = gemm_impl::PackArgs<typename P::T>;
  gemm_impl::entry<P::isa, gemm_impl::PackAlong<P>, Args>()({.source = a.data,
                                                             .source_stride = a.stride,
                                                             .rows = m,
                                                             .columns = k,
                                                             .out = out,
                                                             .out_stride = packed_row<P>(k)});
  return {.data = out, .row = packed_row<P>(k), .step = 1};
}

/// A^T for A[k, m]: in place, or in the path's units at `out`, whose size is transposed_size().
template <class P> Index transposed_size(Index m, Index k) {
  return reads_in_place<P> ? 0 : row_pieces<P>(m).count * units_of<P>(k) * P::slot;
}
template <class P>
Left<typename P::T> left_transposed(Matrix<const typename P::T> a, Index m, Index k, typename P::T* out) {
  if constexpr (reads_in_place<P>) return {.data = a.data, .row = 1, .step = a.stride};
  using Pack = gemm_impl::PackPieces<P>;
  const Pieces pieces = row_pieces<P>(m);
  const Index piece = units_of<P>(k) * P::slot;
  gemm_impl::entry<P::isa, Pack, typename Pack::Args>()(
      {.copy = {.source = a.data, .source_stride = a.stride, .rows = k, .out = out, .out_stride = piece},
       .pieces = pieces,
       .first = 0,
       .count = pieces.count});
  return {.data = out, .row = 0, .step = P::slot, .piece = piece};
}

/// What a row panel needs: units [first, last) of the reduction, and so many columns of the result.
struct Span {
  Index first = 0, last = 0, columns = 0;
};

/// C = [C +] A B for the row panels `rows`; span(q) says what panel q needs, and columns behind may hold anything.
/// C's rows have room for whole panels of columns.
template <class P, bool transposed, class SpanOf>
void multiply(const Left<typename P::T>& a, const Pieces& rows, const PackedB<P>& b, Matrix<typename P::T> c,
              bool accumulate, const SpanOf& span) {
  using Table = gemm_impl::Tiles<P, transposed>;
  const Panels<P> panels{b.n};
  for (Index p = 0; p < panels.count(); ++p) {
    const int step = panels.vectors(p) * P::lanes;
    for (Index q = 0; q < rows.count; ++q) {
      const Span s = span(q);
      const Index wanted = s.columns - panels.begin(p), begin = rows.begin(q);
      if (wanted <= 0) continue;
      const int v = static_cast<int>(std::min<Index>(panels.vectors(p), (wanted + P::lanes - 1) / P::lanes));
      const int m = static_cast<int>(rows.size(q)), most = P::most_rows(v), parts = (m + most - 1) / most,
                each = (m + parts - 1) / parts;
      gemm_impl::TileArgs<typename P::T> t{.units = std::max<Index>(0, s.last - s.first),
                                           .a = a.data + q * a.piece + begin * a.row + s.first * a.step,
                                           .a_row = transposed ? 1 : a.row,
                                           .a_step = a.step,
                                           .b = b.panel(p) + s.first * step,
                                           .b_step = step,
                                           .c = c.data + begin * c.stride + panels.begin(p),
                                           .c_row = c.stride,
                                           .accumulate = accumulate};
      for (int i = 0; i < m; i += each) {
        t.rows = std::min(each, m - i);
        Table::run(t, v);
        t.a += each * t.a_row;
        t.c += each * t.c_row;
      }
    }
  }
}

}  // namespace atelier::inline v0::kernels::attention_impl
