/// A table of vectors, one for each number.
#pragma once

#include "atelier/nn/init.hpp"
#include "atelier/ops/index.hpp"

namespace atelier::inline v0::nn {

/// Numbers [N], each from 0 to count - 1 -> vectors [N, width]. Weight [count, width], drawn from N(0, 1) as in
/// PyTorch. Throws Error for numbers outside.
template <class T> struct BasicEmbedding {
  Index count = 0, width = 0;
  BasicParam<T> w{{count, width}};

  BasicTensor<T> operator()(const IndexTensor& numbers) const { return take(w, numbers, 0); }
  void init(Rng& rng) { fill_normal(w, 0, 1, rng); }
  static void visit(auto& m, auto&& f) { f("weight", m.w); }
};
using Embedding = BasicEmbedding<float>;

}  // namespace atelier::inline v0::nn
