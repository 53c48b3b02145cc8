/// Random numbers, and dropout, which draws its mask again instead of reading it. Bounded by the memory that is
/// written.
#include "atelier/ops/random.hpp"

#include "support/measure.hpp"

namespace {
using namespace atelier;
using namespace atelier_bench;

void draws(benchmark::State& state, Index n, const std::function<void(float*, Index, Rng&)>& fill) {
  const Aligned x(n);
  Rng rng(1);
  measure(state, {.bytes = 4.0 * static_cast<double>(n), .stream = Stream::copy}, [&] { fill(x.data(), n, rng); });
}

void drops(benchmark::State& state, Index n, double p) {
  Rng rng(1);
  const auto x = normal({n}, rng);
  const double bytes = 8.0 * static_cast<double>(n);
  measure(state, {.bytes = bytes, .stream = Stream::copy},
          [&] { benchmark::DoNotOptimize(dropout(x, p, rng).data()); });
}
}  // namespace

int main(int argc, char** argv) {
  for (const Index n : {Index{1} << 12, Index{1} << 20, Index{1} << 24}) {
    const std::string end = "/" + std::to_string(n) + "/highest/atelier";
    add("random/uniform" + end, [=](auto& s) {
      draws(s, n, [](float* x, Index count, Rng& rng) { kernels::fill_uniform(x, count, 0.0f, 1.0f, rng); });
    });
    add("random/normal" + end, [=](auto& s) {
      draws(s, n, [](float* x, Index count, Rng& rng) { kernels::fill_normal(x, count, 0.0f, 1.0f, rng); });
    });
    add("random/bernoulli" + end, [=](auto& s) {
      draws(s, n, [](float* x, Index count, Rng& rng) { kernels::fill_bernoulli(x, count, 0.5, rng); });
    });
    add("random/dropout" + end, [=](auto& s) { drops(s, n, 0.1); });
  }
  return run(argc, argv);
}
