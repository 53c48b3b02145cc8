/// Attention, forward and backward, against the arithmetic peak.
///
/// Operations are those that the definition needs: a causal query i counts i + 1 keys; two products forward, five
/// backward (the scores are computed again). %peak is the share of the peak of multiply-adds, measured on the same
/// threads just before and after. Pick with --benchmark_filter.
#include "atelier/ops/attention.hpp"

#include <benchmark/benchmark.h>

#include <functional>
#include <optional>
#include <string>
#include <tuple>

#include "support/peak.hpp"

namespace {
using namespace atelier;

struct Problem {
  Index b, h, t, d;
  bool causal;
  double dropout;
  Precision precision;
  std::string name() const {
    return "B" + std::to_string(b) + "_H" + std::to_string(h) + "_T" + std::to_string(t) + "_D" + std::to_string(d) +
           (causal ? "/causal" : "/full") + (dropout > 0 ? "/dropout" : "") + "/" + atelier::name(precision);
  }
  /// Of one product.
  double operations() const {
    const double keys = causal ? static_cast<double>(t + 1) / 2 : static_cast<double>(t);
    return 2 * static_cast<double>(b * h * t * d) * keys;
  }
};

void measure(benchmark::State& state, const Problem& p, int products, const std::function<void()>& work) {
  const kernels::GemmMode mode{.precision = p.precision};
  work();
  const double before = atelier_bench::peak_gflops<float>(mode);
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) work();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  const double peak = std::max(before, atelier_bench::peak_gflops<float>(mode));
  const double gflops = products * p.operations() * static_cast<double>(state.iterations()) / seconds.count() / 1e9;
  state.counters["GFLOP/s"] = gflops;
  state.counters["%peak"] = 100 * gflops / peak;
}

/// One projection and its attention.
struct Data {
  explicit Data(const Problem& p) : precision(p.precision) {
    Rng rng(1);
    const Index width = p.h * p.d;
    qkv = normal({p.b, p.t, 3 * width}, rng), g = normal({p.b, p.t, width}, rng);
    dqkv = Tensor::empty(qkv.shape());
    plan.emplace(p.b, p.h, p.t, p.t, p.d, AttentionOptions{.causal = p.causal, .dropout = p.dropout, .rng = &rng});
    plan->draw<float>(&rng);
    std::tie(y, lse) = forward();
  }
  template <class T> detail::AttentionViews<T> views(T* p) const {
    const auto part = [&](Index i) { return detail::heads_of(p, *plan, plan->queries, 3, i); };
    return {part(0), part(1), part(2)};
  }
  std::pair<Tensor, Tensor> forward() const {
    const auto [value, rows] = detail::attention_value<float>(*plan, views(qkv.data()), g.shape());
    return {value, rows};
  }
  void backward() {
    detail::attention_gradient<float>(*plan, views(qkv.data()), y, lse, g, views(dqkv.mutable_data()));
  }
  PrecisionScope precision;
  Tensor qkv, g, dqkv, y, lse;
  std::optional<detail::AttentionPlan> plan;
};

void add(const Problem& p) {
  benchmark::RegisterBenchmark(("forward/" + p.name()).c_str(),
                               [p](benchmark::State& state) {
                                 Data d(p);
                                 measure(state, p, 2, [&] { benchmark::DoNotOptimize(d.forward().first.data()); });
                               })
      ->UseRealTime()
      ->MinTime(0.2);
  benchmark::RegisterBenchmark(("backward/" + p.name()).c_str(),
                               [p](benchmark::State& state) {
                                 Data d(p);
                                 measure(state, p, 5, [&] { d.backward(); });
                               })
      ->UseRealTime()
      ->MinTime(0.2);
}
}  // namespace

int main(int argc, char** argv) {
  for (const Precision precision : {Precision::highest, Precision::medium})
    for (const bool causal : {true, false}) {
      add({8, 6, 256, 64, causal, 0, precision});
      add({8, 6, 256, 64, causal, 0.1, precision});
      add({1, 12, 1024, 64, causal, 0, precision});
      add({32, 4, 64, 32, causal, 0, precision});
    }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("isa", name(isa()));
  benchmark::AddCustomContext("threads", std::to_string(threads()));
  benchmark::RunSpecifiedBenchmarks();
}
