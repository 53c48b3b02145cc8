/// Micro-benchmarks judged by what the machine allows: the roofline, measured on the same threads just before and
/// after.
///
/// Names are FAMILY/OPERATION/SHAPE.../PRECISION/PROGRAM, so that scripts/bench can put programs side by side.
/// Counters: flop and bytes of a call, GFLOP/s and GB/s, %roofline: the time that the machine needs at least, of the
/// time taken.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include "atelier/core/shape.hpp"
#include "atelier/version.hpp"
#include "machine/bandwidth.hpp"
#include "support/peak.hpp"

namespace atelier_bench {

/// What a call has to do.                                         Williams, Waterman & Patterson 2009, "Roofline"
struct Work {
  double flop = 0;         // multiply-adds count two
  double bytes = 0;        // that have to pass between the processor and the memory that holds the operands
  double working_set = 0;  // bytes of different memory; 0: `bytes`
  Precision precision = Precision::highest;
  Stream stream = Stream::triad;  // what the traffic resembles
};

/// The best of what was measured within the last two seconds: clock rates and neighbours vary by the minute.
class Lately {
 public:
  double operator()(const std::function<double()>& measure) {
    const auto now = std::chrono::steady_clock::now();
    if (value_ == 0 || now - when_ > std::chrono::seconds(2)) {
      value_ = 0;
      for (int i = 0; i < 4; ++i) value_ = std::max(value_, measure());
      when_ = now;
    }
    return value_;
  }

 private:
  double value_ = 0;
  std::chrono::steady_clock::time_point when_;
};

/// Seconds that the machine needs for the work at least.
inline double least_seconds(const Work& w) {
  static std::map<Precision, Lately> peaks;
  static std::map<std::pair<Stream, double>, Lately> bandwidths;
  double least = 0;
  if (w.flop > 0) {
    const double peak = peaks[w.precision]([&] { return peak_gflops<float>({.precision = w.precision}); });
    least = w.flop / peak / 1e9;
  }
  if (w.bytes > 0) {
    constexpr double most = double{256 << 20}, smallest = double{1 << 14};
    static const Aligned memory(static_cast<std::int64_t>(most) / 4 + 1024);
    const double size = std::clamp(w.working_set > 0 ? w.working_set : w.bytes, smallest, most);
    const double rate = bandwidths[{w.stream, size}](
        [&] { return bandwidth_gbs(w.stream, static_cast<std::int64_t>(size), memory, 2); });
    least = std::max(least, w.bytes / rate / 1e9);
  }
  return least;
}

/// How long threads of other libraries go on spinning after a call (OpenBLAS: 2^26 ticks), on the cores of those that
/// are measured next.
inline constexpr std::chrono::milliseconds others_spin(60);

/// Times `run` and reports it against the roofline. Returns the seconds of a call.
inline double measure(benchmark::State& state, const Work& w, const std::function<void()>& run) {
  std::this_thread::sleep_for(others_spin);
  const double before = least_seconds(w);
  run();
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) run();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::this_thread::sleep_for(others_spin);
  const double least = std::min(before, least_seconds(w));
  const double each = seconds.count() / static_cast<double>(state.iterations());
  state.counters["flop"] = w.flop;
  state.counters["bytes"] = w.bytes;
  if (w.flop > 0) state.counters["GFLOP/s"] = w.flop / each / 1e9;
  if (w.bytes > 0) state.counters["GB/s"] = w.bytes / each / 1e9;
  state.counters["%roofline"] = 100 * least / each;
  return each;
}

template <class F> void add(const std::string& name, F run) {
  benchmark::RegisterBenchmark(name.c_str(), run)->UseRealTime();
}

/// Sizes as part of a name: "128x784x400".
inline std::string by(const Shape& sizes) {
  std::string text;
  for (int d = 0; d < sizes.rank(); ++d) text += (d ? "x" : "") + std::to_string(sizes[d]);
  return text;
}

/// Runs what was added. Returns the exit code.
inline int run(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("isa", name(isa()));
  benchmark::AddCustomContext("threads", std::to_string(threads()));
  benchmark::AddCustomContext("version", ATELIER_VERSION);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace atelier_bench
