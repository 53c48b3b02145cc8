/// Small Transformers with weights from a formula, as scripts/golden/transformer.py makes them.
#pragma once

#include "atelier/models/transformer/transformer.hpp"
#include "support/formula.hpp"

namespace transformer_support {

using namespace atelier;

constexpr Index batch = 4, length = 12, source_length = 9, vocabulary = 97, source_vocabulary = 61;

inline transformer::Config config() {
  return {.vocabulary = vocabulary, .context = length, .width = 32, .layers = 2, .heads = 4};
}
inline transformer::Config modern() {
  auto c = config();
  c.positions = transformer::Positions::rotary;
  c.norm = transformer::Normalisation::rms;
  c.unit = transformer::Unit::swiglu;
  c.tied = c.bias = false;
  return c;
}
inline transformer::Config classic() {
  auto c = config();
  c.positions = transformer::Positions::sinusoidal;
  c.pre_norm = false;
  c.unit = transformer::Unit::gelu;
  return c;
}

/// Matrices in +- 1/sqrt(columns), biases in +- 0.1, norms in 1 +- 0.1, seeds 1, 2, ... in order.
template <class M> M filled(const auto& c) {
  M model(c);
  std::uint64_t seed = 1;
  nn::visit_params(model, [&](const std::string& name, auto& p) {
    const bool matrix = p.rank() == 2, bias = name.ends_with("bias");
    const double bound = matrix ? 1 / std::sqrt(static_cast<double>(p.size(1))) : 0.1, centre = matrix || bias ? 0 : 1;
    p.assign(formula::uniform<typename M::scalar>(seed++, p.shape(), centre - bound, centre + bound));
  });
  return model;
}

inline IndexTensor tokens(std::uint64_t seed, Index rows, Index columns, Index size) {
  auto ids = IndexTensor::empty({rows, columns});
  for (Index i = 0; i < ids.size(); ++i)
    ids.mutable_data()[i] = static_cast<std::int32_t>(formula::splitmix(seed, static_cast<std::uint64_t>(i)) %
                                                      static_cast<std::uint64_t>(size));
  return ids;
}

}  // namespace transformer_support
