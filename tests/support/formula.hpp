/// Numbers that C++ and scripts/golden/formula.py both make from a formula, so that golden files hold no inputs.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "atelier/nn/visit.hpp"

namespace formula {

/// Number `i` of the SplitMix64 sequence of `seed`.                                           Steele et al. 2014
inline std::uint64_t splitmix(std::uint64_t seed, std::uint64_t i) {
  std::uint64_t z = ((seed << 32) + i + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/// Numbers in [low, high) with 24 random bits, rounded to float.
template <class T = float>
atelier::BasicTensor<T> uniform(std::uint64_t seed, const atelier::Shape& shape, double low = 0, double high = 1) {
  auto x = atelier::BasicTensor<T>::empty(shape);
  for (atelier::Index i = 0; i < x.size(); ++i) {
    const double u = static_cast<double>(splitmix(seed, static_cast<std::uint64_t>(i)) >> 40) / (1 << 24);
    x.mutable_data()[i] = static_cast<float>(low + (high - low) * u);
  }
  return x;
}

/// Fills a module of fully connected layers: uniform in +- 1/sqrt(fan_in), seeds 1, 2, ... in the order of its
/// parameters; a bias has its weight's fan-in.
template <class M> void fill(M& module) {
  std::uint64_t seed = 1;
  double bound = 0;
  atelier::nn::visit_params(module, [&](const std::string&, auto& p) {
    if (p.rank() == 2) bound = 1 / std::sqrt(static_cast<double>(p.size(1)));
    p.assign(uniform<typename std::remove_cvref_t<decltype(p)>::scalar>(seed++, p.shape(), -bound, bound));
  });
}

/// Norm of x and its products with vectors of random signs: a few numbers that stand for the whole tensor.
struct Fingerprint {
  double norm = 0;
  std::vector<double> products;
};
template <class T> Fingerprint fingerprint(const atelier::BasicTensor<T>& x, std::uint64_t seed, int count = 16) {
  Fingerprint f;
  for (const T v : x.values()) f.norm += static_cast<double>(v) * v;
  f.norm = std::sqrt(f.norm);
  for (int k = 0; k < count; ++k) {
    double product = 0;
    for (atelier::Index i = 0; i < x.size(); ++i) {
      const bool plus = splitmix(seed * 100 + static_cast<std::uint64_t>(k), static_cast<std::uint64_t>(i)) >> 63;
      product += plus ? x.data()[i] : -x.data()[i];
    }
    f.products.push_back(product);
  }
  return f;
}

}  // namespace formula
