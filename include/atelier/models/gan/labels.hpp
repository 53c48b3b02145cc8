/// What conditional networks know of labels.
#pragma once

#include <optional>
#include <string>

#include "atelier/nn/embedding.hpp"

namespace atelier::inline v0::gan {

/// A trained vector for each label, drawn from N(0, 0.1^2). Beside noise from N(0, 1) labels are a whisper at first, so
/// that a generator learns to draw what the noise says. Vectors as large as the noise are the shorter way to deceive:
/// all noise of a label then gives the same example.
template <class T> struct BasicLabelVectors : nn::BasicEmbedding<T> {
  static constexpr double deviation = 0.1;
  void init(Rng& rng) { nn::fill_normal(this->w, 0, deviation, rng); }
};

namespace detail {
template <class T> std::optional<BasicLabelVectors<T>> label_vectors(Index classes, Index width) {
  if (classes == 0) return std::nullopt;
  return BasicLabelVectors<T>{{classes, width}};
}
/// Throws Error unless there is a label for each of n examples exactly where the model is conditional.
inline void require_labels(Index classes, const IndexTensor& labels, Index n) {
  if (bool(labels) != (classes > 0))
    throw Error(classes > 0 ? "gan: a conditional model needs labels" : "gan: this model takes no labels");
  if (labels && labels.shape() != Shape{n})
    throw Error("gan: expected " + std::to_string(n) + " labels, found " + labels.shape().str());
}
}  // namespace detail

}  // namespace atelier::inline v0::gan
