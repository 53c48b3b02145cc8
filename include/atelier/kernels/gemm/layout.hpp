/// A product as the driver takes it, and the decisions that follow from its sizes and strides: which operands are read
/// in place, the order of the tiles, the workspace.
#pragma once

#include "atelier/kernels/gemm/pack.hpp"

namespace atelier::inline v0::kernels::gemm_impl {

/// A product in the form that the driver takes: C = epilogue(A B).
template <class T> struct Product {
  GemmShape shape;
  Transpose ta = Transpose::no;
  Matrix<const T> a;            ///< [m, k]; [k, m] when transposed
  const T* packed_b = nullptr;  ///< B as pack() lays it out; null: take `b`
  Transpose tb = Transpose::no;
  Matrix<const T> b;  ///< [k, n]; [n, k] when transposed
  Matrix<T> c;        ///< [m, n]
  GemmEpilogue<T> epilogue;
};

/// Rows a power of two of pages apart share their cache sets: worth a copy.
template <class T> bool aliases(Index stride) { return stride * static_cast<Index>(sizeof(T)) % 4096 == 0; }

/// Where a product's operands are read from, in which order its tiles come, and the workspace of one thread.
///
/// Usually the tiles of a column panel follow each other, so that the panel of B stays in the first-level cache. With a
/// short reduction the cost is in C, and the tiles of a row panel follow each other, so that C is written along its
/// rows.
template <class P> struct Layout {
  using T = typename P::T;
  bool a_in_place = false, b_in_place = false;
  bool along_rows = false;  ///< the order of a short reduction; all of B is packed first
  Index block = 0;          ///< most row panels that share a packed A, or pass by a panel of B
  Index a_row = 0;          ///< units between rows of a packed A
  Index a_piece = 0;        ///< units between panels of a packed, transposed A
  Index a_size = 0, b_size = 0;

  Layout(const GemmShape& s, Transpose ta, bool b_is_packed) {
    const Index longest = Blocks<P>{s.k}.longest(), panels = (s.m + P::rows - 1) / P::rows;
    const Index lines = (longest * static_cast<Index>(sizeof(T)) + 63) / 64;
    along_rows = longest <= 64;
    a_row = (lines | 1) * 64 / static_cast<Index>(sizeof(T));  // an odd number of lines: rows fall into different sets
    a_piece = longest * P::slot;
    const Index most = P::block_panels * P::rows * P::block_units;
    block = ta == Transpose::no ? P::block_panels : std::clamp<Index>(most / std::max<Index>(a_piece, 1), 1, 64);
    block = along_rows ? 1 : std::clamp<Index>(panels, 1, block);
    a_size = ta == Transpose::no ? block * P::rows * a_row : block * a_piece;
    b_size = b_is_packed ? 0 : along_rows ? packed_size<P>(s.n, s.k) : longest * 3 * P::lanes;
  }
  explicit Layout(const Product<T>& x) : Layout(x.shape, x.ta, x.packed_b) {
    if (P::unit != Unit::number) return;
    const bool fits = x.ta == Transpose::no || Blocks<P>{x.shape.k}.longest() <= 160;  // a panel in the L1 cache
    a_in_place = fits && !aliases<T>(x.a.stride);
    b_in_place = !x.packed_b && x.tb == Transpose::no && !aliases<T>(x.b.stride);
    if (a_in_place && !along_rows && packs_b(x)) block *= 4;  // packing B costs more than A from the third-level cache
  }
  bool packs_b(const Product<T>& x) const { return !x.packed_b && !b_in_place; }
  Index size() const { return (a_size + b_size + 15) / 16 * 16; }
};

}  // namespace atelier::inline v0::kernels::gemm_impl
