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

/// The composed definition of rms_norm().
template <class T>
BasicTensor<T> rms_norm_definition(const BasicTensor<T>& x, const BasicTensor<T>& w, real_of<T> eps) {
  return mul(mul(x, rsqrt(affine(mean(square(x), {-1}, true), 1, eps))), w);
}

/// What the gradient of a normalisation needs: the rows, the weight, and their moments.
template <class T> struct NormedRows { BasicTensor<T> x, w, mean, spread; };

/// dx, dw, db of a normalisation; `carry`, which may be empty, is added to dx.
template <bool Centred, class T>
Cotangents<T, 3> norm_rows_backward(const NormedRows<T>& o, const BasicTensor<T>& g, const BasicTensor<T>& carry,
                                    const Wanted<3>& wanted) {
  Cotangents<T, 3> d;
  const Index n = o.w.size(), rows = o.spread.size();
  if (wanted[0]) d[0] = BasicTensor<T>::empty(o.x.shape());
  auto columns = BasicTensor<T>::empty({std::max<Index>(1, kernels::layer_norm_units(rows)), 2, n});
  auto totals = BasicTensor<double>::empty(columns.shape());
  kernels::layer_norm_gradient<Centred, T>(
      wanted[0] ? d[0].mutable_data() : nullptr, totals.mutable_data(), columns.mutable_data(),
      {g.data(), o.x.data(), o.w.data(), o.mean.data(), o.spread.data(), carry ? carry.data() : nullptr}, rows, n);
  for (std::size_t k = 1; k < 3; ++k) {
    if (!wanted[k]) continue;
    d[k] = BasicTensor<T>::empty(o.w.shape());
    for (Index c = 0; c < n; ++c) d[k].mutable_data()[c] = static_cast<T>(totals.data()[(k == 2 ? n : 0) + c]);
  }
  return d;
}
template <class T>
Cotangents<T, 3> layer_norm_backward(const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& mean,
                                     const BasicTensor<T>& spread, const BasicTensor<T>& g, const Wanted<3>& wanted) {
  return norm_rows_backward<true>(NormedRows<T>{x, w, mean, spread}, g, BasicTensor<T>{}, wanted);
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

/// x / sqrt(mean(x^2) + eps) * w over the innermost dimension: x [..., N], w [N].             Zhang & Sennrich 2019
/// Throws Error when the shapes do not fit.
template <class T>
BasicTensor<T> rms_norm(const BasicTensor<T>& x, const BasicTensor<T>& w,
                        std::type_identity_t<real_of<T>> eps = real_of<T>(1e-6)) {
  if (x.rank() < 1 || w.shape() != Shape{x.size(-1)})
    throw Error("rms_norm: expected [..., N], [N], found " + x.shape().str() + ", " + w.shape().str());
  const auto define = [eps](const auto&... xw) { return detail::rms_norm_definition(xw..., eps); };
  if constexpr (!Real<T>) {
    return define(x, w);
  } else {
    const Index rows = x.shape().count(0, x.rank() - 1);
    auto y = BasicTensor<T>::empty(x.shape()), spread = BasicTensor<T>::empty({rows});
    kernels::norm_rows<false>(
        kernels::RowNorm<T>{y.mutable_data(), nullptr, spread.mutable_data(), x.data(), w.data(), nullptr}, rows,
        x.size(-1), static_cast<double>(eps));
    const auto backward = [o = detail::NormedRows<T>{x, w, spread, spread}](
                              const BasicTensor<T>& g, const BasicTensor<T>&, const Wanted<2>& wanted) {
      const auto d = detail::norm_rows_backward<false>(o, g, BasicTensor<T>{}, {wanted[0], wanted[1], false});
      return Cotangents<T, 2>{d[0], d[1]};
    };
    return record_fused("rms_norm", y, {x, w}, backward, define);
  }
}
ATELIER_OP(rms_norm)

}  // namespace atelier::inline v0
