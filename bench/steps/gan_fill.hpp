/// Weights of GANs by formula.
#pragma once

#include "atelier/nn/init.hpp"
#include "support/formula.hpp"

namespace atelier::bench {

/// Convolutions uniform in +- 0.035 (of deviation 0.02), normalisations 1 and 0; seeds from `seed` in the order of the
/// parameters.
template <class M> void fill_gan(M& module, std::uint64_t seed) {
  nn::init(module, Rng(1));
  nn::visit_params(module, [&](const std::string& name, auto& p) {
    const bool normalises = p.rank() == 1 && name.ends_with("weight");
    if (p.rank() == 4) p.assign(formula::uniform(seed, p.shape(), -0.035, 0.035));
    if (p.rank() == 1) nn::fill_constant(p, normalises ? 1 : 0);
    ++seed;
  });
}

}  // namespace atelier::bench
