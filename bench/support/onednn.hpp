/// oneDNN's benchmarks on processors that it has no implementation for.
#pragma once

#include <benchmark/benchmark.h>

#include <oneapi/dnnl/dnnl.hpp>

namespace atelier_bench {

/// Runs a benchmark of oneDNN, or skips it where oneDNN has nothing for the types on this processor.
template <class F> void where_implemented(benchmark::State& state, F run) {
  try {
    run();
  } catch (const dnnl::error& error) {
    if (error.status != dnnl_unimplemented) throw;
    state.SkipWithError("not on this processor");  // scripts/bench/kernels.py knows these words
  }
}

}  // namespace atelier_bench
