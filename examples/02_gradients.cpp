// Gradients: of what, with respect to what, and gradients of gradients. Runs in a few milliseconds; the last line is
//   gradient check: passed
#include <cmath>
#include <iostream>

#include "atelier/autograd/grad.hpp"
#include "atelier/ops/gradcheck.hpp"
#include "atelier/ops/ops.hpp"
#include "atelier/tensor/print.hpp"

using namespace atelier;

int main() {
  const Tensor x({3}, {0, 1, 2}), w({3}, {3, 2, 1});

  // What is computed while a Tape lives is recorded on it. grad() names what it wants; nothing is stored in the
  // tensors.
  {
    Tape tape;
    const auto y = sum(w * sin(x));
    const auto [dx, dw] = grad(y, {x, w});
    std::cout << "y = " << y.item() << "\ndy/dx = w cos(x) = " << dx << "\ndy/dw = sin(x) = " << dw << "\n";
  }

  // With create_graph the gradient is itself recorded, so it can be differentiated again: d2/dx2 sin(x) = -sin(x).
  {
    Tape tape;
    const auto slope = grad(sum(sin(x)), x, {.create_graph = true});
    const auto curvature = grad(sum(slope), x);
    std::cout << "second derivative = " << curvature << "\n";
  }

  // The length of a gradient as a part of a loss, as in WGAN-GP: d/dw (|d/dx (w . x^2)| - 1)^2.
  {
    Tape tape;
    const auto g = grad(sum(w * square(x)), x, {.create_graph = true});
    const auto penalty = square(sqrt(sum(square(g))) - 1);
    std::cout << "penalty = " << penalty.item() << ", its gradient = " << grad(penalty, w) << "\n";
  }

  // Pause leaves a part out, like detaching it.
  {
    Tape tape;
    Tensor constant;
    {
      Tape::Pause pause;
      constant = square(x);
    }
    std::cout << "constant * x: " << grad(sum(constant * x), x) << "\n";
  }

  // Your own function, checked at order 1 and 2 against exact forward-mode numbers.
  const auto mish = [](const auto& v) {
    return map(
        "mish", [](auto t) { return t * tanh(softplus(t)); }, v[0]);
  };
  const GradCheck check = check_gradients(mish, {BasicTensor<double>({4}, {-2, -0.5, 0.3, 4})});
  const bool good = check.order1 < 1e-10 && check.order2 < 1e-10;
  std::cout << "gradient check: " << (good ? "passed" : "failed") << "\n";
  return good ? 0 : 1;
}
