// What this machine can do, measured: the rooflines that everything else is judged by.
//   bench_machine [--threads N] [--quick]
// One list of JSON records on standard output. --threads: measure 1 and N (default: all processors); --quick: fewer
// repeats and sizes.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>

#include "atelier/version.hpp"
#include "machine/bandwidth.hpp"
#include "support/peak.hpp"

#if defined(__linux__)
#include <sys/mman.h>
#endif

using namespace atelier;
using namespace atelier_bench;
using Json = nlohmann::ordered_json;

namespace {
struct Options {
  int threads = atelier::threads();
  bool quick = false;
};

Options parse(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--quick")
      o.quick = true;
    else if (word == "--threads" && i + 1 < argc)
      o.threads = std::atoi(argv[++i]);
    else
      throw ConfigError("usage: bench_machine [--threads N] [--quick]; found '" + word + "'");
  }
  return o;
}

std::vector<int> team_sizes(const Options& o) {
  return o.threads > 1 ? std::vector<int>{1, o.threads} : std::vector<int>{1};
}

Json record(const std::string& work, int threads, double value, const char* unit) {
  return {{"kind", "machine"},  {"work", work},   {"impl", "atelier"}, {"version", ATELIER_VERSION},
          {"threads", threads}, {"value", value}, {"unit", unit}};
}

template <class F> double best_of(int repeats, const F& f) {
  double best = 0;
  for (int i = 0; i < repeats; ++i) best = std::max(best, f());
  return best;
}

/// Multiply-adds of floats under each instruction set, and of bfloat16 pairs where there is an instruction for them.
void measure_peaks(Json& out, const Options& o) {
  const int repeats = o.quick ? 60 : 300;
  for (int i = 0; i <= static_cast<int>(isa()); ++i) {
    const auto set = static_cast<Isa>(i);
    const bool pairs = set >= Isa::avx512bf16;  // floats: the same instructions as under avx512
    const kernels::GemmMode mode{.isa = set, .precision = pairs ? Precision::medium : Precision::highest};
    for (int team : team_sizes(o)) {
      const ThreadScope scope(team);
      const double peak = best_of(repeats, [&] { return peak_gflops<float>(mode); });
      out.push_back(record(std::string(pairs ? "bf16_peak/" : "fma_peak/") + name(set), team, peak, "GFLOP/s"));
    }
  }
}

void measure_bandwidth(Json& out, const Options& o) {
  constexpr std::int64_t kib = 1024, mib = kib * kib;
  std::vector<std::int64_t> sizes{16 * kib, 512 * kib, 8 * mib, 55'000'000, 256 * mib};
  if (!o.quick) sizes = {16 * kib, 64 * kib, 256 * kib, 512 * kib, 2 * mib, 8 * mib, 24 * mib, 55'000'000, 256 * mib};
  const Aligned memory(256 * mib / 4 + 1024);
  for (const auto stream : {Stream::read, Stream::copy, Stream::triad}) {
    for (const std::int64_t bytes : sizes) {
      for (int team : team_sizes(o)) {
        const ThreadScope scope(team);
        const double rate = bandwidth_gbs(stream, bytes, memory, o.quick ? 8 : 20);
        auto r = record(std::string(name(stream)) + "/" + std::to_string(bytes), team, rate, "GB/s");
        r["bytes"] = bytes;
        out.push_back(r);
      }
    }
  }
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

constexpr int patience = 10'000'000;  // a thread may get no core: then nobody answers

/// Microseconds from the start of a parallel region until all its threads are there, and then to its end; the median of
/// many.
void measure_region(Json& out, const Options& o) {
  const ThreadScope scope(o.threads);
  std::vector<double> times(o.quick ? 2000 : 20000);
  for (double& t : times) {
    const auto start = std::chrono::steady_clock::now();
    std::atomic<int> here{0};
    parallel_tasks(o.threads, [&](int) {
      ++here;
      for (int waits = 0; here < o.threads && waits < patience; ++waits) {
      }
    });
    t = 1e6 * seconds_since(start);
  }
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  out.push_back(record("parallel_region", o.threads, times[times.size() / 2], "us"));
}

/// Nanoseconds from one thread's write of a cache line until another has read it and its answer is seen: two or three
/// times as long where the two run on cores that do not share a cache. Nothing when there is only one thread.
void measure_round_trip(Json& out, const Options& o) {
  if (o.threads < 2) return;
  const ThreadScope scope(2);
  constexpr int rounds = 20000;
  alignas(64) std::atomic<int> turn{0};
  std::atomic<bool> answered{true};
  double seconds = 0;
  parallel_tasks(2, [&](int me) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < rounds && answered; ++i) {
      int waits = 0;
      while (turn.load(std::memory_order_acquire) != 2 * i + me && ++waits < patience) {
      }
      if (waits == patience) answered = false;
      turn.store(2 * i + me + 1, std::memory_order_release);
    }
    if (me == 0) seconds = seconds_since(start);
  });
  if (answered) out.push_back(record("core_round_trip", 2, 1e9 * seconds / rounds, "ns"));
}

#if defined(__linux__)
/// Microseconds for the first touch of a page; `huge` asks for pages of 2 MiB. 0 when memory cannot be had.
double page_fault_us(std::size_t bytes, bool huge) {
  constexpr std::size_t huge_page = std::size_t{1} << 21;
  const std::size_t page = huge ? huge_page : 4096;
  void* block = mmap(nullptr, bytes + huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) return 0;
  madvise(block, bytes + huge_page, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
  const auto address = reinterpret_cast<std::uintptr_t>(block);
  auto* first = reinterpret_cast<volatile char*>((address + huge_page - 1) / huge_page * huge_page);
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < bytes; i += page) first[i] = 1;
  const double us = 1e6 * seconds_since(start) / static_cast<double>(bytes / page);
  munmap(block, bytes + huge_page);
  return us;
}

void measure_page_faults(Json& out) {
  constexpr std::size_t bytes = std::size_t{64} << 20;
  for (bool huge : {false, true}) {
    double least = page_fault_us(bytes, huge);
    for (int i = 0; i < 3; ++i) least = std::min(least, page_fault_us(bytes, huge));
    out.push_back(record(huge ? "page_fault/2MiB" : "page_fault/4KiB", 1, least, "us"));
  }
}
#else
void measure_page_faults(Json&) {}
#endif
}  // namespace

int main(int argc, char** argv) try {
  const Options o = parse(argc, argv);
  const ThreadScope check(o.threads);
  Json out = Json::array();
  measure_peaks(out, o);
  measure_bandwidth(out, o);
  measure_region(out, o);
  measure_round_trip(out, o);
  measure_page_faults(out);
  std::cout << out.dump(1) << std::endl;
  return 0;
} catch (const Error& error) {
  std::cerr << "bench_machine: error: " << error.what() << "\n";
  return error.exit_code();
}
