/// The micro-kernel: one tile of C, M rows by NV vectors, summed in registers over a block of the reduction.
/// After Goto & van de Geijn, "Anatomy of high-performance matrix multiplication", 2008.
///
/// Without tile registers each element is one chain of fused multiply-adds in the order of k. So its bits depend
/// neither on the tile it falls into, nor on the threads, nor on how the operands were packed.
#pragma once

#include <array>
#include <utility>

#include "atelier/kernels/gemm/amx.hpp"

namespace atelier::inline v0::kernels::gemm_impl {

/// A value that the compiler shall keep in a register, and not derive from others.
template <class X> ATELIER_INLINE void keep(X& x) { asm("" : "+r"(x)); }

/// Elements of M rows in the same step, `distance` numbers apart. An address is a base plus 1, 2, 4 or 8 times another
/// register: five rows share a base, with the distance and three times the distance. The compilers would keep a
/// register for each row, more than there are, and load half of them anew in every step.
template <class T, int M> class RowsOfA {
 public:
  ATELIER_INLINE RowsOfA(const T* a, Index distance) : one_(distance * Index{sizeof(T)}), three_(3 * one_) {
    for (int i = 0; i < bases; ++i) {
      base_[i] = reinterpret_cast<const char*>(a + i * shared * distance);
      keep(base_[i]);
    }
    keep(one_);
    keep(three_);
  }
  ATELIER_INLINE T operator[](int row) const {
    const int i = row % shared;
    return *reinterpret_cast<const T*>(base_[row / shared] + (i == 3 ? three_ : i * one_));
  }
  ATELIER_INLINE void advance(Index) {
    for (auto& base : base_) base += sizeof(T);
  }

 private:
  static constexpr int shared = 5, bases = (M + shared - 1) / shared;
  const char* base_[bases];
  Index one_, three_;
};
/// The same where they are neighbours.
template <class T> struct NeighboursOfA {
  const T* a;
  ATELIER_INLINE NeighboursOfA(const T* first, Index) : a(first) {}
  ATELIER_INLINE T operator[](int row) const { return a[row]; }
  ATELIER_INLINE void advance(Index step) { a += step; }
};

template <class P, int M, int NV, bool transposed_a> struct Tile {
  using T = typename P::T;
  using V = typename P::V;
  using Sums = V[M][NV];
  static constexpr int ahead = 16;  ///< steps between prefetch and use of B
  static constexpr bool begins_line(int v) { return v * P::lanes * sizeof(T) % 64 == 0; }

  ATELIER_INLINE static void run(const TileArgs<T>& t) {
    Sums sum;
    clear(sum, t);
    add_products(sum, t);
    finish(sum, t);
  }

  ATELIER_INLINE static void clear(Sums& sum, const TileArgs<T>& t) {
#pragma GCC unroll 16
    for (int i = 0; i < M; ++i)
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) {
        sum[i][v] = V(typename V::Raw{});
        if (begins_line(v)) __builtin_prefetch(t.c + i * t.c_row + v * P::lanes, 1);
      }
  }

  ATELIER_INLINE static void add_products(Sums& sum, const TileArgs<T>& t) {
    std::conditional_t<transposed_a, NeighboursOfA<T>, RowsOfA<T, M>> a(t.a, t.a_row);
    const T* b = t.b;
    const Index a_step = t.a_step, b_step = t.b_step;
    const Index b_ahead = t.b_ahead ? t.b_ahead : ahead * b_step;
    for (Index step = t.units; step > 0; --step) {
      V bv[NV];
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) {
        bv[v] = V::load(b + v * P::lanes);
        if (begins_line(v)) __builtin_prefetch(b + b_ahead + v * P::lanes);
      }
#pragma GCC unroll 16
      for (int i = 0; i < M; ++i) {
        const V av = broadcast<V>(a[i]);
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) multiply_add<P>(sum[i][v], av, bv[v]);
      }
      a.advance(a_step);
      b += b_step;
    }
  }

  ATELIER_INLINE static void finish(Sums& sum, const TileArgs<T>& t) {
    T* const c = t.c;
    const Index c_row = t.c_row;
    if (t.accumulate) {
#pragma GCC unroll 16
      for (int i = 0; i < M; ++i)
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) sum[i][v].raw += V::load(c + i * c_row + v * P::lanes).raw;
    }
    if (t.bias) {
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) {
        const V bias = V::load(t.bias + v * P::lanes);
#pragma GCC unroll 16
        for (int i = 0; i < M; ++i) sum[i][v].raw += bias.raw;
      }
    }
    if (t.relu) {
      const V zero(typename V::Raw{});
#pragma GCC unroll 16
      for (int i = 0; i < M; ++i)
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) sum[i][v] = simd::max(zero, sum[i][v]);  // the second one where unordered
    }
#pragma GCC unroll 16
    for (int i = 0; i < M; ++i)
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) sum[i][v].store(c + i * c_row + v * P::lanes);
  }
};

template <class T> using TileFunction = void (*)(const TileArgs<T>&);

/// Place of the tile of m rows and `vectors` vectors in a table of tiles.
constexpr std::size_t tile_place(int m, int vectors) { return static_cast<std::size_t>((m - 1) * 3 + vectors - 1); }

/// The tiles of a path, in `table`; null where one would not fit the registers.
template <class P, bool transposed_a> struct Tiles {
  using Function = TileFunction<typename P::T>;

  /// By reference: a copy right after its fields were written would wait for all of them.
  static void run(const TileArgs<typename P::T>& t, int vectors) { table[tile_place(t.rows, vectors)](t); }

  template <int M, int NV> static constexpr Function tile() {
    if constexpr (M > P::most_rows(NV))
      return nullptr;
    else if constexpr (P::tiled)
      return entry<P::isa, RegisterTile<P, M <= register_rows ? 1 : 2, NV, transposed_a>, TileArgs<typename P::T>>();
    else
      return entry<P::isa, Tile<P, M, NV, transposed_a>, TileArgs<typename P::T>>();
  }
  template <int... I> static constexpr auto make(std::integer_sequence<int, I...>) {
    return std::array<Function, sizeof...(I)>{tile<I / 3 + 1, I % 3 + 1>()...};
  }
  static constexpr auto table = make(std::make_integer_sequence<int, P::tallest * 3>{});
};

}  // namespace atelier::inline v0::kernels::gemm_impl
