/// Normalisations against the bandwidth of memory, which bounds them.
///
/// Counted are the numbers that have to pass: batch normalisation reads x twice (moments, then the result) and writes
/// once; its gradient reads x and dy twice and writes once; layer normalisation reads and writes once, its gradient
/// reads x and dy and writes. %triad is the share of c = a + s b over as many bytes as the arrays have together, on the
/// same threads just before and after.
#include <benchmark/benchmark.h>

#include <functional>
#include <string>

#include "atelier/ops/ops.hpp"
#include "machine/bandwidth.hpp"

namespace {
using namespace atelier;
using namespace atelier_bench;

/// Numbers that pass for each one of x; different arrays among them.
struct Traffic {
  Index passes, arrays;
};

double triad_gbs(Index bytes) {
  static const Aligned memory((std::int64_t{256} << 20) / 4 + 1024);
  return bandwidth_gbs(Stream::triad, std::min<Index>(bytes, Index{256} << 20), memory, 6);
}

/// Times `work` on `numbers` numbers.
void measure(benchmark::State& state, Index numbers, const Traffic& traffic, const std::function<void()>& work) {
  work();
  const Index bytes = numbers * 4 * traffic.arrays;
  const double before = triad_gbs(bytes);
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) work();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  const double triad = std::max(before, triad_gbs(bytes));
  const auto moved = static_cast<double>(numbers * 4 * traffic.passes) * static_cast<double>(state.iterations());
  const double rate = moved / seconds.count() / 1e9;
  state.counters["GB/s"] = rate;
  state.counters["%triad"] = 100 * rate / triad;
}

/// Operands of a normalisation.
struct Operands {
  explicit Operands(const Shape& shape) {
    Rng rng(1);
    x = normal(shape, rng), g = normal(shape, rng), w = normal({shape[-1]}, rng), b = normal({shape[-1]}, rng);
  }
  Tensor x, g, w, b;
};

void batch_forward(benchmark::State& state, const Shape& shape, const NormOptions& options) {
  const Operands o(shape);
  measure(state, shape.size(), {3, 2}, [&] { benchmark::DoNotOptimize(batch_norm(o.x, o.w, o.b, options).data()); });
}
void batch_backward(benchmark::State& state, const Shape& shape, const NormOptions& options) {
  const Operands o(shape);
  const auto n = atelier::detail::own_normaliser(o.x, o.w, o.b, atelier::detail::whole_batch(shape), options);
  measure(state, shape.size(), {5, 3}, [&] {
    benchmark::DoNotOptimize(n.gradient(o.g, {true, true, true})[0].data());
  });
}
void batch_eval(benchmark::State& state, const Shape& shape, const NormOptions& options) {
  const Operands o(shape);
  const Tensor variance(o.w.shape(), 1.0f);
  measure(state, shape.size(), {2, 2},
          [&] { benchmark::DoNotOptimize(batch_norm_by(o.x, o.w, o.b, o.b, variance, options).data()); });
}
void layer_forward(benchmark::State& state, const Shape& shape) {
  const Operands o(shape);
  measure(state, shape.size(), {2, 2}, [&] { benchmark::DoNotOptimize(layer_norm(o.x, o.w, o.b).data()); });
}
void layer_backward(benchmark::State& state, const Shape& shape) {
  const Operands o(shape);
  auto y = Tensor::empty(shape), mean = Tensor::empty({shape[0]}), spread = Tensor::empty({shape[0]});
  kernels::layer_norm(y.mutable_data(), mean.mutable_data(), spread.mutable_data(), o.x.data(), o.w.data(), o.b.data(),
                      shape[0], shape[1], 1e-5);
  measure(state, shape.size(), {3, 3}, [&] {
    const auto d = atelier::detail::layer_norm_backward(o.x, o.w, mean, spread, o.g, {true, true, true});
    benchmark::DoNotOptimize(d[0].data());
  });
}

template <class F> void add(const std::string& name, F run) {
  benchmark::RegisterBenchmark(name.c_str(), run)->UseRealTime()->MinTime(0.2);
}
}  // namespace

int main(int argc, char** argv) {
  const NormOptions plain, leaky{.activation = Activation::leaky_relu}, squashed{.activation = Activation::tanh};
  for (const Shape& s : {Shape{32, 32, 32, 64}, Shape{128, 32, 32, 64}, Shape{128, 16, 16, 128}, Shape{128, 8, 8, 256},
                         Shape{128, 4, 4, 512}, Shape{64, 32, 32, 100}}) {
    const std::string at = "/" + s.str();
    add("batch_norm" + at, [=](auto& state) { batch_forward(state, s, plain); });
    add("batch_norm_leaky" + at, [=](auto& state) { batch_forward(state, s, leaky); });
    add("batch_norm_gradient" + at, [=](auto& state) { batch_backward(state, s, plain); });
    add("batch_norm_leaky_gradient" + at, [=](auto& state) { batch_backward(state, s, leaky); });
    add("batch_norm_eval_leaky" + at, [=](auto& state) { batch_eval(state, s, leaky); });
  }
  add("batch_norm_tanh/[128, 32, 32, 64]", [=](auto& state) { batch_forward(state, {128, 32, 32, 64}, squashed); });
  for (const Shape& s : {Shape{2048, 384}, Shape{32768, 384}, Shape{16384, 768}, Shape{8192, 1000}}) {
    add("layer_norm/" + s.str(), [=](auto& state) { layer_forward(state, s); });
    add("layer_norm_gradient/" + s.str(), [=](auto& state) { layer_backward(state, s); });
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("isa", name(isa()));
  benchmark::AddCustomContext("threads", std::to_string(threads()));
  benchmark::RunSpecifiedBenchmarks();
}
