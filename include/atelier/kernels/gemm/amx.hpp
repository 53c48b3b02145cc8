/// Products of bfloat16 pairs in AMX's tile registers: eight of 16 rows of 64 bytes, all sums and operands.
///
/// A register of A holds 16 rows of 16 pairs, one of B 16 steps of 16 columns' pairs, one of sums 16 x 16 floats.
/// Packed operands stand as for AVX512-BF16 (pack.hpp) with one exception: a packed, transposed A is turned, since a
/// register takes its rows along the reduction; it stands in squares, see PackPieces. An instruction may add the 32
/// products of a row before it adds them to the sum; where such steps begin depends on the sizes alone, as blocks do.
#pragma once

#include "atelier/kernels/gemm/pack.hpp"

namespace atelier::inline v0::kernels::gemm_impl {

inline constexpr int register_rows = 16, register_units = 16;  ///< pairs in a row

namespace amx {
#if defined(ATELIER_X86)
/// The compilers' intrinsics of the registers do not say that they read and write memory; these do. Numbers of
/// registers are part of the instructions.
template <int n> ATELIER_INLINE void load(const float* p, Index row) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(p), "r"(row * 4), "i"(n) : "memory");
}
template <int n> ATELIER_INLINE void store(float* p, Index row) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(p), "r"(row * 4), "i"(n) : "memory");
}
template <int n> ATELIER_INLINE void clear() { asm volatile("tilezero %%tmm%c0" : : "i"(n)); }
/// sum += a b
template <int sum, int a, int b> ATELIER_INLINE void add_products() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(sum), "i"(a), "i"(b));
}

/// Palette 1 with all registers in full: ldtilecfg's operand.
struct alignas(64) Configuration {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t bytes_a_row[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(Configuration) == 64);

ATELIER_TARGET_AMX inline void open() {
  static constexpr Configuration all;
  asm volatile("ldtilecfg %0" : : "m"(all));
}
ATELIER_TARGET_AMX inline void close() { asm volatile("tilerelease"); }
#endif
}  // namespace amx

/// This thread's tile registers while it lives: what runs tiles of a path with `tiled` needs one. To open them takes
/// as long as some tiles do; closed, they cost nothing when threads are switched.
class TileRegisters {
 public:
  explicit TileRegisters(bool used) : used_(used) {
#if defined(ATELIER_X86)
    if (used_) amx::open();
#endif
  }
  ~TileRegisters() {
#if defined(ATELIER_X86)
    if (used_) amx::close();
#endif
  }
  TileRegisters(const TileRegisters&) = delete;
  TileRegisters& operator=(const TileRegisters&) = delete;

 private:
  [[maybe_unused]] bool used_;
};

template <class P, int R, int NV, bool transposed_a> struct RegisterTile;

#if defined(ATELIER_X86)
/// A tile of 16 R rows by NV vectors in R x NV registers; t.rows of them are stored. It reads 16 R rows of A, whatever
/// stands in those behind.
template <class P, int R, int NV, bool transposed_a> struct RegisterTile {
  using T = typename P::T;
  using V = typename P::V;
  static constexpr int rows = R * register_rows, width = NV * P::lanes;
  static constexpr bool all_stay = R * NV + R + NV <= 8;  ///< registers for all of A and B beside the sums
  static constexpr int first_a = R * NV, first_b = all_stay ? first_a + R : first_a + 1;

  ATELIER_INLINE static void run(const TileArgs<T>& t) {
    each([&]<int r, int v>() ATELIER_LAMBDA { amx::clear<r * NV + v>(); });
    for (int i = 0; i < t.rows; ++i)
      for (int v = 0; v < NV; ++v) __builtin_prefetch(t.c + i * t.c_row + v * P::lanes, 1);
    const Index a_row = transposed_a ? register_units : t.a_row, whole = t.units / register_units;
    const T *a = t.a, *b = t.b;
    for (Index i = 0; i < whole; ++i) {
      add_products(a, a_row, b, t.b_step);
      a += transposed_a ? register_units * t.a_step : register_units;
      b += register_units * t.b_step;
    }
    if (const Index rest = t.units % register_units; rest > 0) add_rest(a, a_row, b, t.b_step, rest);
    finish(t);
  }

 private:
  /// f<r, v>() for each register of sums.
  template <class F> ATELIER_INLINE static void each(const F& f) {
    [&]<int... I>(std::integer_sequence<int, I...>) ATELIER_LAMBDA { (f.template operator()<I / NV, I % NV>(), ...); }
    (std::make_integer_sequence<int, R * NV>{});
  }

  /// Sixteen steps of the reduction.
  ATELIER_INLINE static void add_products(const T* a, Index a_row, const T* b, Index b_step) {
    if constexpr (all_stay) {
      each([&]<int r, int v>() ATELIER_LAMBDA {
        if constexpr (v == 0) amx::load<first_a + r>(a + r * register_rows * a_row, a_row);
        if constexpr (r == 0) amx::load<first_b + v>(b + v * P::lanes, b_step);
        amx::add_products<r * NV + v, first_a + r, first_b + v>();
      });
    } else {
      each([&]<int r, int v>() ATELIER_LAMBDA {
        if constexpr (v == 0) amx::load<first_a>(a + r * register_rows * a_row, a_row);
        amx::load<first_b>(b + v * P::lanes, b_step);
        amx::add_products<r * NV + v, first_a, first_b>();
      });
    }
  }

  /// The last `rest` steps, with zeros for those that are missing: anything may stand behind.
  ATELIER_INLINE static void add_rest(const T* a, Index a_row, const T* b, Index b_step, Index rest) {
    alignas(64) T a_rest[rows * register_units], b_rest[register_units * width];
    for (int i = 0; i < rows; ++i) load_part<P>(a + i * a_row, rest).store(a_rest + i * register_units);
    for (int k = 0; k < register_units; ++k)
      for (int v = 0; v < NV; ++v)
        load_part<P>(b + k * b_step + v * P::lanes, k < rest ? P::lanes : 0).store(b_rest + k * width + v * P::lanes);
    add_products(a_rest, register_units, b_rest, width);
  }

  ATELIER_INLINE static void finish(const TileArgs<T>& t) {
    const auto store = [&](T* c, Index row) ATELIER_LAMBDA {
      each([&]<int r, int v>()
               ATELIER_LAMBDA { amx::store<r * NV + v>(c + r * register_rows * row + v * P::lanes, row); });
    };
    if (t.rows == rows && !t.accumulate && !t.bias && !t.relu) return store(t.c, t.c_row);
    alignas(64) T sums[rows * width];
    store(sums, width);
    const V zero(typename V::Raw{});
    for (int v = 0; v < NV; ++v) {
      const V bias = t.bias ? V::load(t.bias + v * P::lanes) : zero;
      for (int i = 0; i < t.rows; ++i) {
        T* const c = t.c + i * t.c_row + v * P::lanes;
        V sum = V::load(sums + i * width + v * P::lanes);
        if (t.accumulate) sum.raw += V::load(c).raw;
        if (t.bias) sum.raw += bias.raw;
        if (t.relu) sum = simd::max(zero, sum);  // the second one where unordered
        sum.store(c);
      }
    }
  }
};
#endif

}  // namespace atelier::inline v0::kernels::gemm_impl
