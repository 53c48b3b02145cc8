/// Rows of a table by number, for numbers of any shape.
#pragma once

#include "atelier/ops/index.hpp"
#include "atelier/ops/random.hpp"

namespace atelier::inline v0 {

/// The rows of w with the given numbers: w [V, C], ids [...] -> [..., C]. The gradient adds up what each row receives,
/// in the order of the ids. Throws Error for ids outside [0, V).
template <class T> BasicTensor<T> embedding(const BasicTensor<T>& w, const IndexTensor& ids) {
  if (w.rank() != 2) throw Error("embedding: expected a table [V, C], found " + w.shape().str());
  Shape shape = ids.shape();
  shape.push_back(w.size(1));
  return reshape(take(w, ids.view(Shape{ids.size()})), shape);
}
ATELIER_OP(embedding)

/// The same with whole words left out: each row of the table is 0 with probability p wherever it is used, and scaled by
/// 1 / (1 - p) otherwise.                                           Gal & Ghahramani 2016; Merity et al. 2018,
/// section 4.3 Throws Error as embedding() does, or for a probability outside [0, 1].
template <class T>
BasicTensor<T> embedding_dropout(const BasicTensor<T>& w, const IndexTensor& ids, double p, Rng& rng) {
  const auto words = embedding(w, ids);
  return mul(words, embedding(detail::constant_mask<T>({w.size(0), 1}, p, rng), ids));
}
ATELIER_OP(embedding_dropout)

}  // namespace atelier::inline v0
