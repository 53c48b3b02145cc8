/// Softmax and its relatives over the innermost dimension.
#pragma once

#include "atelier/ops/compare.hpp"
#include "atelier/ops/elementwise.hpp"
#include "atelier/ops/reduce.hpp"

namespace atelier::inline v0 {

namespace detail {
/// The largest element of each row, as a constant: [..., N] -> [..., 1]; 0 where it is infinite, since it is taken from
/// itself.
template <class T> BasicTensor<T> largest_in_rows(const BasicTensor<T>& x) {
  Tape::Pause pause;
  const auto top = max(x, {-1}, true), none = BasicTensor<T>::zeros(top.shape());
  return where(equal(sub(top, top), none), top, none);
}
}  // namespace detail

/// log sum exp over the innermost dimension: [..., N] -> [...], without overflow.
template <class T> BasicTensor<T> logsumexp(const BasicTensor<T>& x) {
  const auto top = detail::largest_in_rows(x);
  return reshape(add(log(sum(exp(sub(x, top)), {-1}, true)), top), detail::squeezed(x.shape(), {-1}));
}
ATELIER_OP(logsumexp)

/// log of softmax(): x - logsumexp(x).
template <class T> BasicTensor<T> log_softmax(const BasicTensor<T>& x) { return sub(x, unsqueeze(logsumexp(x), -1)); }
ATELIER_OP(log_softmax)

/// exp(x) normalised to sum 1 over the innermost dimension.
template <class T> BasicTensor<T> softmax(const BasicTensor<T>& x) { return exp(log_softmax(x)); }
ATELIER_OP(softmax)

}  // namespace atelier::inline v0
