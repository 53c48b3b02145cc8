/// Linear layer, softmax and cross-entropy in one, with gradients, against its three products and against the peak.
///
/// %gemm is the share of the time that the products alone take, in whole (logits stored, as a layer of its own would).
/// %peak is the share of the peak of multiply-adds on the same threads.
#include "atelier/atelier.hpp"

#include <benchmark/benchmark.h>

#include <functional>
#include <string>

#include "support/peak.hpp"

namespace {
using namespace atelier;

double seconds_of(const std::function<void()>& work, int times) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < times; ++i) work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / times;
}

void bench(benchmark::State& state, Index rows, Index width, Index classes, Precision precision) {
  const PrecisionScope scope(precision);
  Rng rng(1);
  const auto x = normal({rows, width}, rng), w = normal({classes, width}, rng);
  auto ids = IndexTensor::empty({rows});
  for (Index r = 0; r < rows; ++r) ids.mutable_data()[r] = static_cast<std::int32_t>(r * 31 % classes);
  const auto fused = [&] {
    Tape tape;
    benchmark::DoNotOptimize(grad(linear_cross_entropy(x, w, Tensor{}, ids), {x, w})[0].data());
  };
  const auto products = [&] {
    const auto z = matmul(x, w, {.transpose_b = true});
    benchmark::DoNotOptimize(matmul(z, w).data());
    benchmark::DoNotOptimize(matmul(z, x, {.transpose_a = true}).data());
  };
  fused(), products();
  const double before = seconds_of(products, 2);
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) fused();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  const double bound = std::min(before, seconds_of(products, 2));
  const double each = seconds.count() / static_cast<double>(state.iterations());
  const double gflops = 6 * static_cast<double>(rows * width * classes) / each / 1e9;
  state.counters["GFLOP/s"] = gflops;
  state.counters["%gemm"] = 100 * bound / each;
  state.counters["%peak"] = 100 * gflops / atelier_bench::peak_gflops<float>({.precision = precision});
}

void add(Index rows, Index width, Index classes, Precision precision) {
  const std::string name = "linear_cross_entropy/" + std::to_string(rows) + "x" + std::to_string(width) + "x" +
                           std::to_string(classes) + "/" + atelier::name(precision);
  benchmark::RegisterBenchmark(name.c_str(), [=](auto& state) {
    bench(state, rows, width, classes, precision);
  })->UseRealTime();
}
}  // namespace

int main(int argc, char** argv) {
  for (const Precision precision : {Precision::highest, Precision::medium}) {
    add(2048, 384, 8192, precision);
    add(2048, 384, 33278, precision);
    add(256, 768, 50257, precision);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("isa", name(isa()));
  benchmark::AddCustomContext("threads", std::to_string(threads()));
  benchmark::RunSpecifiedBenchmarks();
}
