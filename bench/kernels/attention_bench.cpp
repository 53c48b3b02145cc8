/// Attention, forward and backward, against the arithmetic peak.
///
/// Operations are those that the definition needs: a causal query i counts i + 1 keys; two products forward, five
/// backward (the scores are computed again). Pick with --benchmark_filter.
#include "atelier/ops/attention.hpp"

#include <optional>
#include <string>
#include <tuple>

#include "support/measure.hpp"

namespace {
using namespace atelier;

struct Problem {
  Index b, h, t, d;
  bool causal;
  double dropout;
  Precision precision;
  std::string name() const {
    return "B" + std::to_string(b) + "_H" + std::to_string(h) + "_T" + std::to_string(t) + "_D" + std::to_string(d) +
           (causal ? "/causal" : "/full") + (dropout > 0 ? "/dropout" : "") + "/" + atelier::name(precision) +
           "/atelier";
  }
  /// Of one product.
  double operations() const {
    const double keys = causal ? static_cast<double>(t + 1) / 2 : static_cast<double>(t);
    return 2 * static_cast<double>(b * h * t * d) * keys;
  }
};

/// Queries, keys and values are read and the result is written; backward all of these, and gradients of each.
atelier_bench::Work work_of(const Problem& p, int products) {
  const double arrays = products == 2 ? 4 : 9;
  return {.flop = products * p.operations(),
          .bytes = arrays * 4 * static_cast<double>(p.b * p.h * p.t * p.d),
          .precision = p.precision};
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
  atelier_bench::add("attention/forward/" + p.name(), [p](benchmark::State& state) {
    Data d(p);
    atelier_bench::measure(state, work_of(p, 2), [&] { benchmark::DoNotOptimize(d.forward().first.data()); });
  });
  atelier_bench::add("attention/backward/" + p.name(), [p](benchmark::State& state) {
    Data d(p);
    atelier_bench::measure(state, work_of(p, 5), [&] { d.backward(); });
  });
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
  return atelier_bench::run(argc, argv);
}
