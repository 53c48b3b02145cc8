/// A table of vectors, one for each number.
#pragma once

#include "atelier/nn/init.hpp"
#include "atelier/ops/embedding.hpp"
#include "atelier/ops/matmul.hpp"

namespace atelier::inline v0::nn {

/// Numbers [...], each from 0 to count - 1 -> vectors [..., width]. Weight [count, width], drawn from N(0, 1) as in
/// PyTorch. Throws Error for numbers outside.
template <class T> struct BasicEmbedding {
  Index count = 0, width = 0;
  double dropout = 0;  // probability that a word is left out in training wherever it stands
  BasicParam<T> w{{count, width}};

  /// Training is said by handing in a generator.
  BasicTensor<T> operator()(const IndexTensor& numbers, Rng* rng = nullptr) const {
    return rng && dropout > 0 ? embedding_dropout(w, numbers, dropout, *rng) : embedding(w, numbers);
  }
  /// The table as the weights of an output layer (tied, without bias): [..., width] -> [..., count].
  /// In training linear_cross_entropy(x, w, {}, ids) makes the loss without these logits.      Press & Wolf 2017
  BasicTensor<T> logits(const BasicTensor<T>& x) const { return matmul(x, w, {.transpose_b = true}); }
  void init(Rng& rng) { fill_normal(w, 0, 1, rng); }
  static void visit(auto& m, auto&& f) { f("weight", m.w); }
};
using Embedding = BasicEmbedding<float>;

/// A learned vector for each position, added: x [B, T, width] -> x + weight[first, ..., first + T - 1].
/// Weight [length, width], drawn from N(0, 1) as an Embedding's.
template <class T> struct BasicLearnedPositions {
  Index length = 0, width = 0;
  BasicParam<T> w{{length, width}};

  /// Throws Error for positions that the table does not have.
  BasicTensor<T> operator()(const BasicTensor<T>& x, Index first = 0) const {
    if (x.rank() != 3 || x.size(2) != width || first < 0 || first + x.size(1) > length)
      throw Error("LearnedPositions: expected [B, T, " + std::to_string(width) + "] and at most " +
                  std::to_string(length) + " positions, found " + x.shape().str() + " from " + std::to_string(first));
    return add(x, slice(w, 0, first, first + x.size(1)));
  }
  void init(Rng& rng) { fill_normal(w, 0, 1, rng); }
  static void visit(auto& m, auto&& f) { f("weight", m.w); }
};
using LearnedPositions = BasicLearnedPositions<float>;

}  // namespace atelier::inline v0::nn
