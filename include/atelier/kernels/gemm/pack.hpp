/// Packed operands: how the columns and the reduction are cut up, and the loops that copy, round and transpose into
/// them.
///
/// A packed B is cut along the reduction into blocks, a block into panels of columns; a panel holds its columns of one
/// step after the other. The cuts depend on the sizes alone, so the order of every sum is fixed.
#pragma once

#include "atelier/kernels/gemm/lanes.hpp"

namespace atelier::inline v0::kernels::gemm_impl {

/// [0, n) cut into `count` pieces whose sizes differ by one at most. Larger and smaller ones are evenly mixed, so that
/// every run of neighbours has its share of [0, n): threads that take equally many have equal work. n < 2^35, count <
/// 2^28.
struct Pieces {
  static constexpr int fraction = 28;  ///< bits
  Index n = 0, count = 1;
  Index each = (n << fraction) / count + 1;  ///< in fixed point, a little too much: count pieces reach n, and not n + 1
  Index begin(Index i) const { return (i * each) >> fraction; }
  Index size(Index i) const { return begin(i + 1) - begin(i); }
  Index largest() const { return (n + count - 1) / count; }  ///< size of any piece, at most
  /// The piece that holds element x < n.
  Index of(Index x) const { return (((x + 1) << fraction) - 1) / each; }
};

/// Columns [0, n) in panels of two or three vectors, as wide as the path's tiles, with no sliver among them: where
/// tiles have two, one panel of three if need be; where they have three, one or two panels of two. Alone, a panel may
/// have one.
class ColumnPanels {
 public:
  Index n;

  ColumnPanels(Index columns, int lanes, int vectors)
      : n(columns), lanes_(lanes), pieces_(cut((columns + lanes - 1) / lanes, vectors)) {}
  Index count() const { return pieces_.count; }
  Index begin(Index p) const { return pieces_.begin(p) * lanes_; }
  int vectors(Index p) const { return static_cast<int>(pieces_.size(p)); }
  int most_vectors() const { return static_cast<int>(pieces_.largest()); }
  /// Columns of panel p that exist; at most vectors(p) * lanes.
  Index columns(Index p) const { return std::min<Index>(n - begin(p), vectors(p) * lanes_); }
  Index padded() const { return pieces_.n * lanes_; }
  /// The panel that holds a column.
  Index of(Index column) const { return pieces_.of(column / lanes_); }

 private:
  static Pieces cut(Index all, int vectors) {
    return {all, std::max<Index>(1, vectors == 3 ? (all + 2) / 3 : all / 2)};
  }
  Index lanes_;
  Pieces pieces_;  ///< of the vectors
};
/// The same for a path that is known when compiling.
template <class P> struct Panels : ColumnPanels {
  Panels(Index columns) : ColumnPanels(columns, P::lanes, P::vectors) {}
};

/// The reduction [0, k) in blocks of nearly equal length; one empty block when k is 0.
template <class T> class Blocks {
 public:
  static constexpr Index bytes = 4096;  ///< of one operand row within a block
  static constexpr Index most = bytes / sizeof(T);

  Blocks(Index k, int elements_a_unit) : k_(k), elements_(elements_a_unit), pieces_(cut(k, elements_a_unit)) {}
  Index units() const { return pieces_.n; }
  Index count() const { return pieces_.count; }
  Index begin(Index b) const { return pieces_.begin(b); }
  Index length(Index b) const { return pieces_.size(b); }
  Index longest() const { return pieces_.largest(); }
  /// First element of block b, and how many there are.
  Index first(Index b) const { return begin(b) * elements_; }
  Index elements(Index b) const { return std::min(length(b) * elements_, k_ - first(b)); }

 private:
  static Pieces cut(Index k, int elements) {
    const Index units = (k + elements - 1) / elements;
    return {units, std::max<Index>(1, (units + most - 1) / most)};
  }
  Index k_, elements_;
  Pieces pieces_;  ///< of the units
};

/// Units of A that a worker packs at a time: 500 KB of L2 for 9 x 3 registers, 220 KB for 6 x 2, 1.2 MB for tile
/// registers.
constexpr Index most_packed_a(int vectors, int rows) { return Index{9} * vectors * rows * 512; }

/// One copy into packed form. Which sizes mean what is said at each Leaf.
template <class T> struct PackArgs {
  const T* source = nullptr;
  Index source_stride = 0;
  Index rows = 0, columns = 0;  ///< of the source
  T* out = nullptr;
  Index out_stride = 0;
};
/// The copy of A transposed into row panels.
template <class T> struct PieceArgs {
  PackArgs<T> copy;
  Pieces pieces;               ///< of the source's columns
  Index first = 0, count = 0;  ///< the panels to copy
};

/// Fetches what is copied sixteen rows later: a few columns of each row are more than the hardware foresees.
template <class P> ATELIER_INLINE void fetch_ahead(const typename P::T* from, Index stride) {
  constexpr Index ahead = 16;
  for (Index row = ahead; row < ahead + P::elements; ++row) __builtin_prefetch(from + row * stride);
}

/// Copies rows: step k of the reduction is row k of the source, its columns become `vectors` vectors.
template <class P, int vectors> struct PackAcross {
  using T = typename P::T;
  using V = typename P::V;
  ATELIER_INLINE static void run(const PackArgs<T>& s) {
    const T* row = s.source;
    T* out = s.out;
    for (Index k = 0; k < s.rows; k += P::elements) {
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        const T* from = row + v * P::lanes;
        fetch_ahead<P>(from, s.source_stride);
        units(from, s.columns - v * P::lanes, k + 1 < s.rows ? s.source_stride : 0).store(out + v * P::lanes);
      }
      row += P::elements * s.source_stride;
      out += s.out_stride;
    }
  }
  /// One vector of units; `next` is the distance to the second row of a pair, 0 where there is none.
  ATELIER_INLINE static V units(const T* from, Index count, Index next) {
    if constexpr (P::unit == Unit::pair) {
      const V zero(typename V::Raw{});
      return pairs_across(load_part<P>(from, count), next ? load_part<P>(from + next, count) : zero);
    } else {
      return load_part<P>(from, count);
    }
  }
};

/// Copies rows that run along the reduction: row i of the source becomes row i of the result, in units. The hardware
/// foresees the rest of a row, but not the next one where that stands elsewhere: it is fetched a row ahead.
template <class P> struct PackAlong {
  using T = typename P::T;
  using V = typename P::V;
  static constexpr Index step = P::elements * P::lanes, line = 64 / sizeof(T);
  static_assert(step % line == 0 || line % step == 0);  // so each line is fetched once
  ATELIER_INLINE static void run(const PackArgs<T>& s) {
    const bool apart = s.source_stride > s.columns;
    for (Index i = 0; i < s.rows; ++i) {
      const T* from = s.source + i * s.source_stride;
      T* out = s.out + i * s.out_stride;
      for (Index k = 0; k < s.columns; k += step, out += P::lanes) {
        units(from + k, s.columns - k).store(out);
        if (apart)
          for (Index e = k % line; e < step; e += line) __builtin_prefetch(from + s.source_stride + k + e);
      }
    }
  }
  ATELIER_INLINE static V units(const T* from, Index count) {
    if constexpr (P::unit == Unit::pair) {
      const V zero(typename V::Raw{});
      const V low = load_part<P>(from, count);
      return pairs_along(low, count > P::lanes ? load_part<P>(from + P::lanes, count - P::lanes) : zero);
    } else {
      return load_part<P>(from, count);
    }
  }
};

/// Transposes: row j of the source, which runs along the reduction, becomes column j of a panel that is out_stride
/// wide.
template <class P> struct PackTransposed {
  using T = typename P::T;
  using V = typename P::V;
  ATELIER_INLINE static void run(const PackArgs<T>& s) {
    const Index units = (s.columns + P::elements - 1) / P::elements;
    for (Index u = 0; u < units; u += P::lanes)
      for (Index first = 0; first < s.out_stride; first += P::lanes)
        square(s, u, first, std::min<Index>(P::lanes, units - u));
  }
  /// `steps` units from unit u on, of the columns from `first` on.
  ATELIER_INLINE static void square(const PackArgs<T>& s, Index u, Index first, Index steps) {
    const Index k = u * P::elements;
    V r[P::lanes];
#pragma GCC unroll 16
    for (int i = 0; i < P::lanes; ++i) {
      const bool exists = first + i < s.rows;
      const T* from = s.source + (exists ? (first + i) * s.source_stride + k : 0);
      r[i] = PackAlong<P>::units(from, exists ? s.columns - k : 0);
      __builtin_prefetch(from + 8 * P::elements * P::lanes);  // the hardware does not follow so many rows
    }
    transpose(r);
    T* out = s.out + u * s.out_stride + first;
#pragma GCC unroll 16
    for (int i = 0; i < P::lanes; ++i)
      if (i < steps) r[i].store(out + i * s.out_stride);
  }
};

/// Copies rows across row panels of A transposed: step k is row k of the source, cut into pieces of at most
/// P::rows columns. Piece q goes to out + q * out_stride, a step every P::slot units. Behind a piece stands anything.
/// Some rows at a time go piece by piece, while the same of the next rows is fetched.
template <class P> struct PackPieces {
  using T = typename P::T;
  using V = typename P::V;
  using Args = PieceArgs<T>;
  static constexpr Index together = 32 * P::elements;  ///< rows
  ATELIER_INLINE static void run(const Args& args) {
    const PackArgs<T>& s = args.copy;
    for (Index k = 0; k < s.rows; k += together)
      for (Index q = 0; q < args.count; ++q) {
        const Index begin = args.pieces.begin(args.first + q), end = std::min(s.rows, k + together);
        T* const out = s.out + q * s.out_stride + k / P::elements * P::slot;
        if (begin + P::slot <= args.pieces.n)
          copy<true>(s, k, end, begin, P::slot, out);
        else
          copy<false>(s, k, end, begin, args.pieces.n - begin, out);
      }
  }
  /// Rows [k, end), from column `begin` on, of which `count` exist: with `whole`, as many as a step has.
  template <bool whole>
  ATELIER_INLINE static void copy(const PackArgs<T>& s, Index k, Index end, Index begin, Index count, T* out) {
    const T* from = s.source + k * s.source_stride + begin;
    for (; k < end; k += P::elements, from += P::elements * s.source_stride, out += P::slot) {
      const Index next = k + 1 < s.rows ? s.source_stride : 0;
#pragma GCC unroll 4
      for (int v = 0; v < P::slot; v += P::lanes) {
        for (Index e = 0; e < P::elements; ++e) __builtin_prefetch(from + v + (together + e) * s.source_stride);
        PackAcross<P, 1>::units(from + v, whole ? P::lanes : count - v, next).store(out + v);
      }
    }
  }
};

/// The same for tile registers, whose rows run along the reduction: sixteen steps of a piece are turned into P::slot
/// rows of sixteen units, zero where there are no more steps.
template <class P>
requires P::tiled struct PackPieces<P> {
  using T = typename P::T;
  using V = typename P::V;
  using Args = PieceArgs<T>;
  ATELIER_INLINE static void run(const Args& args) {
    const PackArgs<T>& s = args.copy;
    for (Index k = 0, square = 0; k < s.rows; k += P::elements * P::lanes, square += P::lanes * P::slot)
      for (Index q = 0; q < args.count; ++q) {
        const Index begin = args.pieces.begin(args.first + q);
        for (Index i = 0; i < P::slot; i += P::lanes)
          turn(s, k, begin + i, args.pieces.n - begin - i, s.out + q * s.out_stride + square + i * P::lanes);
      }
  }
  ATELIER_INLINE static void turn(const PackArgs<T>& s, Index k, Index column, Index count, T* out) {
    V r[P::lanes];
#pragma GCC unroll 16
    for (int u = 0; u < P::lanes; ++u, k += P::elements) {
      const Index next = k + 1 < s.rows ? s.source_stride : 0;
      const T* const from = s.source + (k < s.rows ? k * s.source_stride + column : 0);
      r[u] = PackAcross<P, 1>::units(from, k < s.rows ? count : 0, next);
    }
    transpose(r);
#pragma GCC unroll 16
    for (int i = 0; i < P::lanes; ++i) r[i].store(out + i * P::lanes);
  }
};

}  // namespace atelier::inline v0::kernels::gemm_impl
