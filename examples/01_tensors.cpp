// Tensors: making them, looking at them, computing with them. Runs in a few milliseconds; the last line is
//   largest of the means: 4.5
#include <iostream>

#include "atelier/ops/ops.hpp"
#include "atelier/tensor/print.hpp"

using namespace atelier;

int main() {
  // A tensor is a shape and numbers in row-major order. float is the default; double and int32 exist too.
  const Tensor a({2, 3}, {1, 2, 3, 4, 5, 6});
  const Tensor row({3}, {10, 20, 30});
  std::cout << "a = " << a << "\nshape " << a.shape().str() << ", element [1, 2]: " << a.at({1, 2}) << "\n";

  // Shapes broadcast: sizes are aligned at the end, and a size of 1, or a missing one, repeats.
  std::cout << "a + row = " << a + row << "\n";

  // Views and moves: reshape shares the memory, slice of the outermost dimension too; permute copies.
  std::cout << "reshaped: " << reshape(a, {3, -1}) << "\ntransposed: " << transpose(a) << "\n";
  std::cout << "last column: " << slice(a, 1, -1, 3) << "\n";

  // Reductions over any dimensions, comparisons and where().
  std::cout << "sum: " << sum(a).item() << ", means of rows: " << mean(a, {1}) << "\n";
  std::cout << "even numbers doubled: " << where(a > 3, 2 * a, a) << "\n";

  // Matrix products, with transposition as an option instead of a copy.
  std::cout << "a a^T = " << matmul(a, a, {.transpose_b = true}) << "\n";

  // Your own elementwise function is one lambda; it is vectorised, and it has derivatives.
  const auto softsign = map(
      "softsign", [](auto x) { return x / (1 + abs(x)); }, a);
  std::cout << "softsign(a) = " << softsign << "\n";

  // Random numbers come from an explicit generator: the same seed gives the same numbers on any number of threads.
  Rng rng(42);
  std::cout << "normal: " << normal({2, 2}, rng) << "\n";

  // Elements by number: row 1 twice, then row 0.
  const Tensor picked = take(a, IndexTensor({3}, {1, 1, 0}));
  std::cout << "picked rows: " << picked << "\n";

  std::cout << "largest of the means: " << max(mean(a, {0})).item() << "\n";
}
