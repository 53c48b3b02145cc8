/// A product as the driver takes it, and the decisions that follow from its sizes and strides: which operands are read
/// in place, the order of the tiles, the workspace.
#pragma once

#include <numeric>

#include "atelier/kernels/gemm/kernels.hpp"

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
  bool turned = false;  ///< C stands in memory as [n, m], and the bias has one number a row
};

/// Rows a power of two of pages apart share their cache sets: worth a copy.
template <class T> bool aliases(Index stride) { return stride * static_cast<Index>(sizeof(T)) % 4096 == 0; }

/// Rows of a matrix, `stride` numbers apart, of which a cache holds the same few columns: its sets, every
/// `period` bytes the same one, have room for eight lines.
template <class T> Index rows_held(Index stride, Index period) {
  const Index bytes = stride * static_cast<Index>(sizeof(T));
  return 8 * period / std::max<Index>(64, std::gcd(bytes, period));
}
/// Whether columns of B, k rows, are worth a copy before they are read m times. What falls out of the first-level cache
/// costs some per cent, what falls out of the second-level one (512 KB, eight ways) a third; the copy costs as much as
/// eight readings.
template <class T> bool worth_copy(Index m, Index k, Index stride) {
  constexpr Index few = 16, many = 512, first_level = 4096, second_level = 65536;
  return (m >= few && k > rows_held<T>(stride, second_level)) || (m >= many && k > rows_held<T>(stride, first_level));
}

/// Numbers in a packed B.
template <class T> Index packed_size(const Kernels<T>& p, Index n, Index k) {
  return p.panels(n).padded() * p.blocks(k).units();
}

/// Blocks [first, end) of a reduction.
struct BlockRange {
  Index first, end;
};

/// Row panels in a unit, or nearly so many, that pass by a panel of B which comes from far away.
template <class T> Index rows_together(const Kernels<T>& p) { return 2 * p.vectors; }

/// Where a product's operands are read from, in which order its tiles come, and the workspace.
///
/// Usually the tiles of a column panel follow each other, so that the panel of B stays in the first-level cache. With a
/// short reduction the cost is in C, and the tiles of a row panel follow each other, so that C is written along its
/// rows.
template <class T> struct Layout {
  static constexpr Index most_packed = Index{1} << 20;  ///< units of an operand that all workers share, packed

  bool transposed_a = false;
  bool a_in_place = false, b_in_place = false;
  bool along_rows = false;  ///< the order of a short reduction
  Index block = 0;          ///< most row panels that share a packed A, or pass by a panel of B
  Index a_row = 0;          ///< units between rows of a packed A
  Index a_piece = 0;        ///< units between panels of a packed, transposed A
  Index a_size = 0;         ///< numbers that one worker packs A into

  Layout(const Kernels<T>& p, const GemmShape& s, Transpose ta) : transposed_a(ta == Transpose::yes) {
    const Index longest = p.blocks(s.k).longest();
    const Index lines = (longest * static_cast<Index>(sizeof(T)) + 63) / 64;
    along_rows = longest <= 64;
    a_row = (lines | 1) * 64 / static_cast<Index>(sizeof(T));  // an odd number of lines: rows fall into different sets
    a_piece = (p.tiled ? (longest + p.lanes - 1) / p.lanes * p.lanes : longest) * p.slot + 64 / Index{sizeof(T)};
    const Index panel = transposed_a ? a_piece : p.rows * a_row, panels = (s.m + p.rows - 1) / p.rows;
    block = std::clamp<Index>(most_packed_a(p.vectors, p.rows) / std::max<Index>(panel, 1), rows_together(p), 64);
    block = std::clamp<Index>(panels, 1, block);
    a_size = (block * panel + 15) / 16 * 16;
  }
  Layout(const Kernels<T>& p, const Product<T>& x) : Layout(p, x.shape, x.ta) {
    if (p.converts) return;
    a_in_place = !aliases<T>(x.a.stride) && (!transposed_a || reads_turned(p, x));
    b_in_place =
        !x.packed_b && x.tb == Transpose::no && !worth_copy<T>(x.shape.m, p.blocks(x.shape.k).longest(), x.b.stride);
  }

  /// Whether a transposed A is read in place: a panel of it, a few neighbours of each of k rows, fits the first-level
  /// cache, and stands on few pages (the processor keeps the addresses of 64 or more at hand, and B and C have some) or
  /// serves few columns.
  static bool reads_turned(const Kernels<T>& p, const Product<T>& x) {
    constexpr Index longest = 160, page = 4096, few_pages = 32, few_panels = 4;
    const Index k = x.shape.k, pages = k * x.a.stride * static_cast<Index>(sizeof(T)) / page;
    return p.blocks(k).longest() <= longest && (pages <= few_pages || x.shape.n < few_panels * p.width());
  }

  /// What is packed of B and used at a time, `most_packed` or a panel: some columns of all blocks of the reduction, or
  /// all columns of some blocks. With the former A passes by once more for each time, with the latter C, twice: m k
  /// numbers against 2 m n, and of A not all comes from the caches.
  struct Portion {
    Index columns, blocks;
  };
  static Portion portion(const Kernels<T>& p, const GemmShape& s) {
    const Blocks<T> blocks = p.blocks(s.k);
    const Index units = std::max<Index>(blocks.units(), 1), width = p.width();
    const Index fit = most_packed / std::max<Index>(blocks.longest() * p.panels(s.n).padded(), 1);
    if (fit >= 1 && fit < blocks.count() && s.k >= 4 * s.n) return {s.n, fit};
    const Index most = std::max(most_packed / units / width * width, width), n = std::max<Index>(s.n, 1);
    const Index each = (n - 1) / ((n + most - 1) / most) + 1;  // equal shares, which whole panels make up
    return {std::min((each + width - 1) / width * width, n), blocks.count()};
  }
  /// Numbers of workspace for the last panel of a B that is read in place otherwise.
  static Index last_size(const Kernels<T>& p, const GemmShape& s) {
    return (3 * p.lanes * p.blocks(s.k).units() + 15) / 16 * 16;
  }
  /// Numbers of workspace for so much of B.
  static Index b_size(const Kernels<T>& p, const GemmShape& s, const Portion& some) {
    const Blocks<T> blocks = p.blocks(s.k);
    const Index units = std::min(blocks.units(), some.blocks * blocks.longest());
    return std::max((p.panels(some.columns).padded() * units + 15) / 16 * 16, last_size(p, s));
  }
  static Index b_size(const Kernels<T>& p, const GemmShape& s) { return b_size(p, s, {s.n, p.blocks(s.k).count()}); }

  /// Units from row panel q0 to row panel q of a packed A. Blocks of an A that is packed as a whole are all panels
  /// apart.
  Index a_offset(const Pieces& rows, Index q0, Index q) const {
    return transposed_a ? (q - q0) * a_piece : (rows.begin(q) - rows.begin(q0)) * a_row;
  }
  Index a_block(const Pieces& rows) const { return a_offset(rows, 0, rows.count); }
};

/// Whether B^T A^T is computed, and stored turned. That leaves the bits as they are: the factors of each product change
/// places. With X W^T that has fewer rows than columns, to pack X takes less than to pack W. With dY^T X that has fewer
/// rows, dY is B then, which is packed once, and X as the rows is packed once, too: it would be packed in portions, and
/// dY for each of them and each group of columns.
template <class T>
bool is_turned(const Kernels<T>& kernels, const GemmShape& s, Transpose ta, Transpose tb, bool accumulate) {
  constexpr Index shortest = 128;          // storing a tile turned costs about as much as six steps of a reduction
  constexpr Index large = Index{1} << 20;  // beyond the caches, turned tiles should find the lines that others began
  if (s.m >= s.n || s.k < shortest || (s.m * s.n > large && aliases<T>(s.n))) return false;
  if (ta == Transpose::no) return tb == Transpose::yes && !accumulate && kernels.blocks(s.k).count() == 1;
  return tb == Transpose::no && Layout<T>::portion(kernels, s).columns < s.n;
}
inline GemmShape turned(const GemmShape& s) { return {.m = s.n, .n = s.m, .k = s.k}; }
template <class T> Product<T> turned(const Product<T>& x) {
  Product<T> y = x;
  y.shape = turned(x.shape);
  std::swap(y.a, y.b);
  y.turned = true;
  return y;
}

}  // namespace atelier::inline v0::kernels::gemm_impl
