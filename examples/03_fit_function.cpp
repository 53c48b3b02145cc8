// Fitting a function: a small network learns sin(x) from noisy points. Takes about a tenth of a second; the last line
// is
//   mean squared error on [-pi, pi]: below 0.0001
#include <cstdio>
#include <numbers>

#include "atelier/nn/nn.hpp"
#include "atelier/ops/ops.hpp"
#include "atelier/optim/optim.hpp"

using namespace atelier;

// A module is a struct with one function that names its parts. Optimizers, files and copies follow from it.
struct Net {
  nn::Linear first{1, 64}, second{64, 64}, last{64, 1};

  Tensor operator()(const Tensor& x) const { return last(second(first(x, Activation::tanh), Activation::tanh)); }
  static void visit(auto& m, auto&& f) {
    f("first", m.first);
    f("second", m.second);
    f("last", m.last);
  }
};

int main() {
  constexpr float pi = std::numbers::pi_v<float>;
  Rng rng(1);
  Net net;
  nn::init(net, rng.fork("init"));
  std::printf("%s", nn::describe(net).c_str());

  const Index steps = 2000;
  optim::Adam adam(net, {.lr = 3e-3});
  const optim::Schedule schedule{.course = optim::Schedule::Course::cosine, .warmup = 50, .total = steps};
  for (Index step = 0; step < steps; ++step) {
    const Tensor x = uniform({64, 1}, rng, -pi, pi);
    const Tensor y = sin(x) + 0.1f * normal({64, 1}, rng);
    Tape tape;
    const Tensor loss = mean(square(net(x) - y));
    adam.learning_rate = 3e-3 * schedule(step);
    adam.step(loss);
    if (step % 500 == 0) std::printf("step %4lld  loss %.4f\n", static_cast<long long>(step), loss.item());
  }

  const Tensor x = uniform({1000, 1}, rng, -pi, pi);
  const float error = mean(square(net(x) - sin(x))).item();
  std::printf("mean squared error on [-pi, pi]: %s 0.0001\n", error < 1e-4f ? "below" : "above");
}
