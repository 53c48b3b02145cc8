/// Elementwise functions, bounded by the bandwidth of memory as long as they are cheap: exp and its like are beside it
/// to show what they cost where the operands stand in a cache.
#include "atelier/ops/activation.hpp"
#include "atelier/ops/arithmetic.hpp"
#include "atelier/ops/elementwise.hpp"
#include "atelier/ops/random.hpp"
#include "support/measure.hpp"

namespace {
using namespace atelier;
using namespace atelier_bench;

void one(benchmark::State& state, Index n, Tensor (*f)(const Tensor&)) {
  Rng rng(1);
  const auto x = uniform({n}, rng, 0.1f, 2.0f);
  const double bytes = 8.0 * static_cast<double>(n);
  measure(state, {.bytes = bytes, .stream = Stream::copy}, [&] { benchmark::DoNotOptimize(f(x).data()); });
}
void two(benchmark::State& state, Index n, Tensor (*f)(const Tensor&, const Tensor&)) {
  Rng rng(1);
  const auto x = uniform({n}, rng, 0.1f, 2.0f), y = uniform({n}, rng, 0.1f, 2.0f);
  measure(state, {.bytes = 12.0 * static_cast<double>(n)}, [&] { benchmark::DoNotOptimize(f(x, y).data()); });
}

using Unary = std::pair<const char*, Tensor (*)(const Tensor&)>;
using Binary = std::pair<const char*, Tensor (*)(const Tensor&, const Tensor&)>;
const Unary unary[] = {{"exp", [](const Tensor& x) { return exp(x); }},
                       {"log", [](const Tensor& x) { return log(x); }},
                       {"tanh", [](const Tensor& x) { return tanh(x); }},
                       {"erf", [](const Tensor& x) { return erf(x); }},
                       {"sigmoid", [](const Tensor& x) { return sigmoid(x); }},
                       {"relu", [](const Tensor& x) { return relu(x); }},
                       {"leaky_relu", [](const Tensor& x) { return leaky_relu(x); }},
                       {"silu", [](const Tensor& x) { return silu(x); }},
                       {"gelu", [](const Tensor& x) { return gelu(x); }},
                       {"gelu_tanh", [](const Tensor& x) { return gelu_tanh(x); }}};
const Binary binary[] = {{"add", [](const Tensor& x, const Tensor& y) { return x + y; }},
                         {"mul", [](const Tensor& x, const Tensor& y) { return x * y; }},
                         {"div", [](const Tensor& x, const Tensor& y) { return x / y; }}};
}  // namespace

int main(int argc, char** argv) {
  for (const Index n : {Index{1} << 12, Index{1} << 20}) {
    const std::string end = "/" + std::to_string(n) + "/highest/atelier";
    for (const auto& [name, f] : unary)
      add(std::string("elementwise/") + name + end, [=, f = f](auto& s) { one(s, n, f); });
    for (const auto& [name, f] : binary)
      add(std::string("elementwise/") + name + end, [=, f = f](auto& s) { two(s, n, f); });
  }
  return run(argc, argv);
}
