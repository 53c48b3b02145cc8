/// The ways to compute a product: instruction set, contents of packed operands, tile sizes.
///
/// A packed operand is made of *units* of sizeof(T) bytes, so that all paths share layouts and driver: a number, or a
/// pair of bfloat16 that are neighbours in the reduction.
#pragma once

#include <algorithm>
#include <concepts>

#include "atelier/kernels/gemm/types.hpp"
#include "atelier/kernels/simd.hpp"

namespace atelier::inline v0::kernels::gemm_impl {

enum class Unit { number, pair };

/// One way to compute. The tile, `rows` x `vectors` registers of sums, leaves room for a row of B and an element of A:
/// 9 x 3 of 32 registers, 6 x 2 of 16. The wider tile has fewer instructions for each product: what counts where two
/// threads share a core. With tile registers (amx.hpp) there are 32 rows for one to three vectors.
template <class Scalar, Isa isa_, Unit unit_> struct Path {
  using T = Scalar;
  static constexpr Isa isa = isa_;
  static constexpr Unit unit = unit_;
  static constexpr int elements = unit == Unit::pair ? 2 : 1;  ///< of the reduction, in a unit
  static constexpr int lanes = vector_bytes(isa) / static_cast<int>(sizeof(T));
  using V = simd::Vec<T, lanes>;

  static constexpr bool tiled = isa == Isa::amx;  ///< sums stand in tile registers
  static constexpr int sums = tiled ? 96 : isa >= Isa::avx512 ? 27 : 12;
  static constexpr int vectors = !tiled && isa >= Isa::avx512 ? 3 : 2;  ///< of most column panels, see ColumnPanels
  static constexpr int width = vectors * lanes;                         ///< columns of such a panel
  static constexpr int rows = tiled ? 32 : sums / vectors;              ///< of a row panel
  static constexpr int slot = (rows + lanes - 1) / lanes * lanes;       ///< units between steps of a packed A^T

  /// Most rows of any tile, and of one that is `v` vectors wide.
  static constexpr int tallest = tiled ? rows : sums / 2;
  static constexpr int most_rows(int v) { return std::min(tallest, sums / v); }
  static_assert(!tiled || sums / 3 == rows);  // a packed, transposed A may not be cut within a panel then
};

/// One tile of C, M rows by NV vectors: the arguments of its kernel.
template <class T> struct TileArgs {
  int rows = 0;                 ///< M; for those whose kernel serves several
  Index units = 0;              ///< steps of the reduction
  const T* a = nullptr;         ///< element (i, step) at a[i * a_row + step * a_step]
  Index a_row = 0, a_step = 0;  ///< the tile's template argument says which one is 1
  const T* b = nullptr;         ///< row `step` at b + step * b_step
  Index b_step = 0;
  Index b_ahead = 0;  ///< from a row of B to what is fetched beside it; 0: some rows of the panel
  T* c = nullptr;     ///< [M, NV * lanes], in full
  Index c_row = 0;
  const T* bias = nullptr;  ///< [NV * lanes]
  bool accumulate = false, relu = false;
};

/// Entry points: one function for each instruction set that runs Leaf::run(args) with everything it calls inlined.
template <class Leaf, class Args> __attribute__((flatten)) void enter_portable(const Args& args) { Leaf::run(args); }
#if defined(ATELIER_X86)
template <class Leaf, class Args> ATELIER_TARGET_AVX2 __attribute__((flatten)) void enter_avx2(const Args& args) {
  Leaf::run(args);
}
template <class Leaf, class Args> ATELIER_TARGET_AVX512 __attribute__((flatten)) void enter_avx512(const Args& args) {
  Leaf::run(args);
}
template <class Leaf, class Args>
ATELIER_TARGET_AVX512BF16 __attribute__((flatten)) void enter_avx512bf16(const Args& args) {
  Leaf::run(args);
}
template <class Leaf, class Args> ATELIER_TARGET_AMX __attribute__((flatten)) void enter_amx(const Args& args) {
  Leaf::run(args);
}
#endif

/// The function that runs `Leaf` under an instruction set.
template <Isa isa, class Leaf, class Args> constexpr auto entry() -> void (*)(const Args&) {
#if defined(ATELIER_X86)
  if constexpr (isa == Isa::amx) return &enter_amx<Leaf, Args>;
  if constexpr (isa == Isa::avx512bf16) return &enter_avx512bf16<Leaf, Args>;
  if constexpr (isa == Isa::avx512) return &enter_avx512<Leaf, Args>;
  if constexpr (isa == Isa::avx2) return &enter_avx2<Leaf, Args>;
#endif
  return &enter_portable<Leaf, Args>;
}

/// Calls f(Path<...>{}) with the path of a mode that does without tile registers. `high` is `highest` on all of them:
/// three bfloat16 products cost more than one float product without those. Processors with AMX multiply pairs in
/// vectors at a third of the speed of floats.
template <class T, class F> auto with_vector_path(const GemmMode& mode, F&& f) {
  static_assert(std::same_as<T, float> || std::same_as<T, double>);
#if defined(ATELIER_X86)
  if constexpr (std::same_as<T, double>) {  // serves checks of gradients: one wide path is enough
    if (mode.isa >= Isa::avx2) return f(Path<T, Isa::avx2, Unit::number>{});
  } else {
    if (mode.isa == Isa::avx512bf16 && mode.precision == Precision::medium)
      return f(Path<T, Isa::avx512bf16, Unit::pair>{});
    if (mode.isa >= Isa::avx512) return f(Path<T, Isa::avx512, Unit::number>{});
    if (mode.isa == Isa::avx2) return f(Path<T, Isa::avx2, Unit::number>{});
  }
#endif
  return f(Path<T, Isa::portable, Unit::number>{});
}

/// Calls f(Path<...>{}) with the path of a mode. f opens TileRegisters around what runs its tiles.
template <class T, class F> auto with_path(const GemmMode& mode, F&& f) {
#if defined(ATELIER_X86)
  if constexpr (std::same_as<T, float>)
    if (mode.isa == Isa::amx && mode.precision == Precision::medium) return f(Path<T, Isa::amx, Unit::pair>{});
#endif
  return with_vector_path<T>(mode, f);
}

}  // namespace atelier::inline v0::kernels::gemm_impl
