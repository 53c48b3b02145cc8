/// Updates of parameters in one pass over flat arrays, bounded by the bandwidth of memory: AdamW reads gradient,
/// parameter and two moments and writes three of them back, 28 bytes for each number.
#include "atelier/kernels/optimizer.hpp"

#include "support/measure.hpp"

namespace {
using namespace atelier;
using namespace atelier_bench;

void adam(benchmark::State& state, Index n) {
  const Aligned p(n), m(n), v(n), g(n);
  std::fill_n(v.data(), n, 0.0f);
  const auto count = static_cast<double>(n);
  measure(state, {.bytes = 28 * count, .working_set = 16 * count}, [&] {
    kernels::adam(p.data(), m.data(), v.data(), g.data(), n, kernels::AdamScalars{.weight_decay = 0.01});
  });
}

void sgd(benchmark::State& state, Index n) {
  const Aligned p(n), velocity(n), g(n);
  const auto count = static_cast<double>(n);
  measure(state, {.bytes = 20 * count, .working_set = 12 * count}, [&] {
    kernels::sgd(p.data(), velocity.data(), g.data(), n, kernels::SgdScalars{.lr = 1e-6, .momentum = 0.9});
  });
}
}  // namespace

int main(int argc, char** argv) {
  for (const Index n : {Index{313600}, Index{1} << 20, Index{13822464}}) {  // a layer of the VAE, 1M, the GPT's weights
    const std::string end = "/" + std::to_string(n) + "/highest/atelier";
    add("optimizer/adamw" + end, [=](auto& s) { adam(s, n); });
    add("optimizer/sgd" + end, [=](auto& s) { sgd(s, n); });
  }
  return run(argc, argv);
}
