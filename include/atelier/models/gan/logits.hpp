/// What a discriminator says.
#pragma once

#include "atelier/ops/elementwise.hpp"
#include "atelier/ops/reduce.hpp"

namespace atelier::inline v0::gan {

/// A discriminator's scores before any sigmoid, [B], [B, 1] or one for each patch [B, H, W, 1]. A type of its own, so
/// that a probability cannot take a logit's place: the losses take nothing else, and no operation gives one back.
template <class T> struct Logits {
  BasicTensor<T> values;

  Logits() = default;
  explicit Logits(BasicTensor<T> v) : values(std::move(v)) {}
  /// Number of judgements' first dimension: examples, or packs of them.
  Index rows() const { return values.size(0); }
};

/// The probability of being real that logits stand for.
template <class T> BasicTensor<T> probability(const Logits<T>& logits) { return sigmoid(logits.values); }

/// Mean of probability() over all logits: D(x), D(G(z)). Recorded nowhere.
template <class T> double mean_probability(const Logits<T>& logits) {
  Tape::Pause pause;
  return static_cast<double>(mean(probability(logits)).item());
}

}  // namespace atelier::inline v0::gan
