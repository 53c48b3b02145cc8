/// Linear layer, softmax and cross-entropy in one, with gradients, against the roofline of its three products and
/// against the products themselves: %gemm is the share of the time that these take alone, in whole (logits stored, as a
/// layer of its own would). Softmax and the loss of logits that stand in memory against its bandwidth.
#include "atelier/atelier.hpp"

#include <string>

#include "support/measure.hpp"

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
  products();
  const double bound = seconds_of(products, 2);
  const auto numbers = static_cast<double>(rows * width + classes * width);
  const double each = atelier_bench::measure(state,
                                             {.flop = 6 * static_cast<double>(rows * width * classes),
                                              .bytes = 8 * numbers,  // operands read, gradients written
                                              .precision = precision},
                                             fused);
  state.counters["%gemm"] = 100 * bound / each;
}

/// Passes over logits that stand in memory: `arrays` of them are read or written.
void bench_rows(benchmark::State& state, Index rows, Index classes, double arrays, Tensor (*f)(const Tensor&)) {
  Rng rng(1);
  const auto z = normal({rows, classes}, rng);
  const double bytes = arrays * 4 * static_cast<double>(z.size());
  const auto stream = arrays > 1 ? atelier_bench::Stream::copy : atelier_bench::Stream::read;
  atelier_bench::measure(state, {.bytes = bytes, .stream = stream}, [&] { benchmark::DoNotOptimize(f(z).data()); });
}

Tensor loss_of(const Tensor& z) {
  static const auto ids = IndexTensor({2048}, 7);
  return cross_entropy(z, ids);
}

void add(Index rows, Index width, Index classes, Precision precision) {
  atelier_bench::add(
      "cross_entropy/linear/" + atelier_bench::by({rows, width, classes}) + "/" + atelier::name(precision) + "/atelier",
      [=](auto& state) { bench(state, rows, width, classes, precision); });
}
}  // namespace

int main(int argc, char** argv) {
  atelier_bench::add("cross_entropy/loss/2048x8192/highest/atelier",
                     [](auto& state) { bench_rows(state, 2048, 8192, 1, loss_of); });
  for (const Index classes : {Index{256}, Index{8192}})
    atelier_bench::add(
        "cross_entropy/softmax/" + atelier_bench::by({2048, classes}) + "/highest/atelier",
        [=](auto& state) { bench_rows(state, 2048, classes, 2, [](const Tensor& z) { return softmax(z); }); });
  for (const Precision precision : {Precision::highest, Precision::medium}) {
    add(2048, 384, 8192, precision);
    add(2048, 384, 33278, precision);
    add(256, 768, 50257, precision);
  }
  return atelier_bench::run(argc, argv);
}
