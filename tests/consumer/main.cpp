#include <cstdio>

#include "atelier/atelier.hpp"

atelier::Tensor squared(const atelier::Tensor& x);  // other.cpp

int main() {
  const atelier::Tensor x({3}, {1, 2, 3});
  atelier::Tape tape;
  const auto gradient = atelier::grad(atelier::sum(squared(x)), x);
  std::printf("atelier %s: %g\n", ATELIER_VERSION, static_cast<double>(gradient.at({2})));
  return gradient.at({2}) == 6 ? 0 : 1;
}
