/// Normalisations against the bandwidth of memory, which bounds them.
///
/// Counted are the numbers that have to pass: batch normalisation reads x twice (moments, then the result) and writes
/// once; its gradient reads x and dy twice and writes once; layer normalisation reads and writes once, its gradient
/// reads x and dy and writes.
#include <string>

#include "atelier/ops/ops.hpp"
#include "support/measure.hpp"

namespace {
using namespace atelier;
using namespace atelier_bench;

/// Numbers that pass for each one of x; different arrays among them.
struct Traffic {
  Index passes, arrays;
};

/// Of `numbers` numbers in x.
Work work_of(Index numbers, const Traffic& t) {
  const double bytes = 4 * static_cast<double>(numbers);
  return {.bytes = bytes * static_cast<double>(t.passes), .working_set = bytes * static_cast<double>(t.arrays)};
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
  measure(state, work_of(shape.size(), {3, 2}),
          [&] { benchmark::DoNotOptimize(batch_norm(o.x, o.w, o.b, options).data()); });
}
void batch_backward(benchmark::State& state, const Shape& shape, const NormOptions& options) {
  const Operands o(shape);
  const auto n = atelier::detail::own_normaliser(o.x, o.w, o.b, atelier::detail::whole_batch(shape), options);
  measure(state, work_of(shape.size(), {5, 3}), [&] {
    benchmark::DoNotOptimize(n.gradient(o.g, {true, true, true})[0].data());
  });
}
void batch_eval(benchmark::State& state, const Shape& shape, const NormOptions& options) {
  const Operands o(shape);
  const Tensor variance(o.w.shape(), 1.0f);
  measure(state, work_of(shape.size(), {2, 2}),
          [&] { benchmark::DoNotOptimize(batch_norm_by(o.x, o.w, o.b, o.b, variance, options).data()); });
}
void layer_forward(benchmark::State& state, const Shape& shape) {
  const Operands o(shape);
  measure(state, work_of(shape.size(), {2, 2}), [&] { benchmark::DoNotOptimize(layer_norm(o.x, o.w, o.b).data()); });
}
void layer_backward(benchmark::State& state, const Shape& shape) {
  const Operands o(shape);
  auto y = Tensor::empty(shape), mean = Tensor::empty({shape[0]}), spread = Tensor::empty({shape[0]});
  kernels::layer_norm(y.mutable_data(), mean.mutable_data(), spread.mutable_data(), o.x.data(), o.w.data(), o.b.data(),
                      shape[0], shape[1], 1e-5);
  measure(state, work_of(shape.size(), {3, 3}), [&] {
    const auto d = atelier::detail::layer_norm_backward(o.x, o.w, mean, spread, o.g, {true, true, true});
    benchmark::DoNotOptimize(d[0].data());
  });
}

}  // namespace

int main(int argc, char** argv) {
  const NormOptions plain, leaky{.activation = Activation::leaky_relu}, squashed{.activation = Activation::tanh};
  for (const Shape& s : {Shape{32, 32, 32, 64}, Shape{128, 32, 32, 64}, Shape{128, 16, 16, 128}, Shape{128, 8, 8, 256},
                         Shape{128, 4, 4, 512}, Shape{64, 32, 32, 100}}) {
    const std::string at = "/" + by(s) + "/highest/atelier";
    add("norm/batch_norm" + at, [=](auto& state) { batch_forward(state, s, plain); });
    add("norm/batch_norm_leaky" + at, [=](auto& state) { batch_forward(state, s, leaky); });
    add("norm/batch_norm_gradient" + at, [=](auto& state) { batch_backward(state, s, plain); });
    add("norm/batch_norm_leaky_gradient" + at, [=](auto& state) { batch_backward(state, s, leaky); });
    add("norm/batch_norm_eval_leaky" + at, [=](auto& state) { batch_eval(state, s, leaky); });
  }
  add("norm/batch_norm_tanh/128x32x32x64/highest/atelier", [=](auto& state) {
    batch_forward(state, {128, 32, 32, 64}, squashed);
  });
  for (const Shape& s : {Shape{2048, 384}, Shape{32768, 384}, Shape{16384, 768}, Shape{8192, 1000}}) {
    add("norm/layer_norm/" + by(s) + "/highest/atelier", [=](auto& state) { layer_forward(state, s); });
    add("norm/layer_norm_gradient/" + by(s) + "/highest/atelier", [=](auto& state) { layer_backward(state, s); });
  }
  return run(argc, argv);
}
