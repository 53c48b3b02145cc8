/// The arithmetic peak of this machine, measured: what kernels are judged by. Clock rates and neighbours vary by the
/// minute, so measure it beside each kernel.
#pragma once

#include <algorithm>
#include <chrono>
#include <utility>

#include "atelier/kernels/gemm/amx.hpp"
#include "atelier/parallel/team.hpp"

namespace atelier_bench {

using namespace atelier;

namespace detail {
/// 24 independent chains of multiply-adds in registers (12 where there are 16 registers).
template <class P> struct PeakLoop {
  using V = typename P::V;
  static constexpr int chains = P::isa >= Isa::avx512 ? 24 : 12;
  static constexpr double operations = 2.0 * chains * P::lanes * P::elements;  ///< a step
  struct Args {
    long steps;
  };
  ATELIER_INLINE static void run(const Args& args) {
    typename V::Raw x = typename P::T(1e-9) - typename V::Raw{}, sum[chains];
    asm("" : "+v"(x));
#pragma GCC unroll 24
    for (int i = 0; i < chains; ++i) {
      sum[i] = x;
      asm("" : "+v"(sum[i]));  // else the chains are found to be equal
    }
    for (long step = 0; step < args.steps; ++step) {
#pragma GCC unroll 24
      for (int i = 0; i < chains; ++i) {
        V s(sum[i]);
        kernels::gemm_impl::multiply_add<P>(s, V(x), V(x));
        sum[i] = s.raw;
      }
    }
#pragma GCC unroll 24
    for (int i = 0; i < chains; ++i) asm volatile("" : : "v"(sum[i]));
  }
};

#if defined(ATELIER_X86)
/// Four registers of sums, as a product's tile has.
template <class P>
requires P::tiled struct PeakLoop<P> {
  static constexpr double registers = 4, rows = kernels::gemm_impl::register_rows;
  static constexpr double operations = registers * 2.0 * rows * P::lanes * P::lanes * P::elements;  ///< a step
  struct Args {
    long steps;
  };
  ATELIER_INLINE static void run(const Args& args) {
    namespace amx = kernels::gemm_impl::amx;
    const kernels::gemm_impl::TileRegisters opened(true);
    for (long step = 0; step < args.steps; ++step) {
      amx::add_products<0, 4, 6>();
      amx::add_products<1, 4, 7>();
      amx::add_products<2, 5, 6>();
      amx::add_products<3, 5, 7>();
    }
  }
};
#endif
}  // namespace detail

/// GFLOP/s of multiply-adds on all of threads(), under a mode; about 2 ms.
template <class T> double peak_gflops(const kernels::GemmMode& mode) {
  return kernels::gemm_impl::with_path<T>(mode, []<class P>(P) {
    using Loop = detail::PeakLoop<P>;
    const typename Loop::Args args{.steps = P::tiled ? 50'000 : 200'000};
    const auto run = kernels::gemm_impl::entry<P::isa, Loop, typename Loop::Args>();
    const auto start = std::chrono::steady_clock::now();
    parallel_tasks(threads(), [&](int) { run(args); });
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    return Loop::operations * static_cast<double>(args.steps) * threads() / seconds.count() / 1e9;
  });
}

}  // namespace atelier_bench
