/// Normalisation over the innermost dimension.
#pragma once

#include "atelier/kernels/layer_norm.hpp"
#include "atelier/ops/reduce.hpp"

namespace atelier::inline v0 {

namespace detail {
/// The composed definition of layer_norm().
template <class T>
BasicTensor<T> layer_norm_definition(const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& b,
                                     real_of<T> eps) {
  const auto centred = sub(x, mean(x, {-1}, true));
  const auto spread = rsqrt(affine(mean(square(centred), {-1}, true), 1, eps));
  return add(mul(mul(centred, spread), w), b);
}

template <class T>
Cotangents<T, 3> layer_norm_backward(const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& mean,
                                     const BasicTensor<T>& spread, const BasicTensor<T>& g, const Wanted<3>& wanted) {
  Cotangents<T, 3> d;
  const Index n = w.size(), rows = mean.size();
  if (wanted[0]) d[0] = BasicTensor<T>::empty(x.shape());
  auto columns = BasicTensor<T>::empty({std::max<Index>(1, kernels::layer_norm_units(rows)), 2, n});
  auto totals = BasicTensor<double>::empty(columns.shape());
  kernels::layer_norm_gradient<T>(wanted[0] ? d[0].mutable_data() : nullptr, totals.mutable_data(),
                                  columns.mutable_data(), {g.data(), x.data(), w.data(), mean.data(), spread.data()},
                                  rows, n);
  for (std::size_t k = 1; k < 3; ++k) {
    if (!wanted[k]) continue;
    d[k] = BasicTensor<T>::empty(w.shape());
    for (Index c = 0; c < n; ++c) d[k].mutable_data()[c] = static_cast<T>(totals.data()[(k == 2 ? n : 0) + c]);
  }
  return d;
}
}  // namespace detail

/// (x - mean) / sqrt(variance + eps) * w + b over the innermost dimension: x [..., N], w and b [N].     Ba et al. 2016
/// Throws Error when the shapes do not fit.
template <class T>
BasicTensor<T> layer_norm(const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& b,
                          std::type_identity_t<real_of<T>> eps = real_of<T>(1e-5)) {
  if (x.rank() < 1 || w.shape() != Shape{x.size(-1)} || b.shape() != w.shape())
    throw Error("layer_norm: expected [..., N], [N], [N], found " + x.shape().str() + ", " + w.shape().str() + ", " +
                b.shape().str());
  const auto define = [eps](const auto&... xwb) { return detail::layer_norm_definition(xwb..., eps); };
  if constexpr (!Real<T>) {
    return define(x, w, b);
  } else {
    const Index rows = x.shape().count(0, x.rank() - 1);
    auto y = BasicTensor<T>::empty(x.shape()), mean = BasicTensor<T>::empty({rows});
    auto spread = BasicTensor<T>::empty({rows});
    kernels::layer_norm(y.mutable_data(), mean.mutable_data(), spread.mutable_data(), x.data(), w.data(), b.data(),
                        rows, x.size(-1), static_cast<double>(eps));
    const auto backward = [x, w, mean, spread](const BasicTensor<T>& g, const BasicTensor<T>&,
                                               const Wanted<3>& wanted) {
      return detail::layer_norm_backward(x, w, mean, spread, g, wanted);
    };
    return record_fused("layer_norm", y, {x, w, b}, backward, define);
  }
}
ATELIER_OP(layer_norm)

}  // namespace atelier::inline v0
