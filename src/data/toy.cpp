#include "atelier/data/toy.hpp"

#include <cmath>
#include <numbers>

#include "atelier/kernels/random.hpp"

namespace atelier::inline v0::data {

namespace {
void check(const char* name, Index modes, float extent, float sigma) {
  if (modes < 1 || modes > 1'000'000)
    throw Error(std::string(name) + ": expected 1 to 1000000 modes, found " + std::to_string(modes));
  for (const float length : {extent, sigma})
    if (!(length >= 0) || !std::isfinite(length))
      throw Error(std::string(name) + ": expected finite lengths from 0 up, found " + number_text(length));
}
}  // namespace

Mixture ring_mixture(Index modes, float radius, float sigma) {
  check("ring_mixture", modes, radius, sigma);
  auto centres = Tensor::empty({modes, 2});
  for (Index k = 0; k < modes; ++k) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(modes);
    centres.mutable_data()[2 * k] = static_cast<float>(radius * std::cos(angle));
    centres.mutable_data()[2 * k + 1] = static_cast<float>(radius * std::sin(angle));
  }
  return {centres, sigma};
}

Mixture grid_mixture(Index side, float spacing, float sigma) {
  check("grid_mixture", side > 0 && side <= 1000 ? side * side : 0, spacing, sigma);
  auto centres = Tensor::empty({side * side, 2});
  const auto place = [&](Index i) { return spacing * (static_cast<float>(i) - static_cast<float>(side - 1) / 2); };
  for (Index k = 0; k < side * side; ++k) {
    centres.mutable_data()[2 * k] = place(k % side);
    centres.mutable_data()[2 * k + 1] = place(k / side);
  }
  return {centres, sigma};
}

Tensor sample(const Mixture& mixture, Index n, Rng& rng) {
  const Tensor& centres = mixture.centres;
  if (!centres || centres.rank() != 2 || centres.size() == 0)
    throw Error("sample: expected a mixture with centres [K, D], found " + (centres ? centres.shape().str() : "none"));
  const Index modes = centres.size(0), dims = centres.size(1);
  auto x = Tensor::empty({n, dims});
  kernels::fill_normal(x.mutable_data(), x.size(), 0, mixture.sigma, rng);
  for (Index i = 0; i < n; ++i) {
    const float* centre = centres.data() + rng.index(modes) * dims;
    for (Index d = 0; d < dims; ++d) x.mutable_data()[i * dims + d] += centre[d];
  }
  return x;
}

}  // namespace atelier::inline v0::data
