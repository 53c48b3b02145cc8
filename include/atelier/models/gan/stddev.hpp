/// A feature that tells a discriminator how much the examples of a batch differ.
#pragma once

#include "atelier/models/gan/append.hpp"
#include "atelier/ops/reduce.hpp"

namespace atelier::inline v0::gan {

/// x with one feature more, the same for all of a group: the standard deviation of each number over the group's
/// examples, averaged over the numbers. [B, D] -> [B, D + 1], [B, H, W, C] -> [B, H, W, C + 1]. Group j of B / group
/// holds examples j, j + B / group, ...                                                   Karras et al. 2018, sec. 3
/// Throws Error for other ranks and when `group` does not divide B.
template <class T> BasicTensor<T> minibatch_stddev(const BasicTensor<T>& x, Index group) {
  if ((x.rank() != 2 && x.rank() != 4) || group < 1 || x.size(0) % group)
    throw Error("minibatch_stddev: expected [B, D] or [B, H, W, C] with B a multiple of " + std::to_string(group) +
                ", found " + x.shape().str());
  const Index groups = x.size(0) / group, numbers = x.size() / std::max<Index>(1, x.size(0));
  const auto spread = map(
      "minibatch_stddev", [](auto v) ATELIER_LAMBDA { return sqrt(v + 1e-8); },
      variance(reshape(x, Shape{group, groups, numbers}), {0}));
  const auto repeated = expand(reshape(mean(spread, {1}), Shape{1, groups, 1}), {group, groups, 1});
  Shape shape = x.shape();
  shape[-1] = 1;
  Shape column = shape;
  for (int d = 1; d < column.rank(); ++d) column[d] = 1;
  return append(x, expand(reshape(repeated, column), shape));
}
ATELIER_KERNEL(minibatch_stddev)

}  // namespace atelier::inline v0::gan
