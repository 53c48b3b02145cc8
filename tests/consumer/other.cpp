#include "atelier/atelier.hpp"

atelier::Tensor squared(const atelier::Tensor& x) {
  return atelier::map(
      "squared", [](auto v) { return v * v; }, x);
}
