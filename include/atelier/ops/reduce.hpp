/// Sums, means and extrema over any dimensions, and the expansion that is their transpose.
#pragma once

#include <algorithm>

#include "atelier/ops/compare.hpp"
#include "atelier/ops/elementwise.hpp"
#include "atelier/ops/shape.hpp"

namespace atelier::inline v0 {

namespace detail {

/// shape with the dimensions `dims` set to 1.
inline Shape reduced(const Shape& shape, const Dims& dims) {
  Shape s = shape;
  for (int i = 0; dims.empty() && i < s.rank(); ++i) s[i] = 1;
  for (int d : dims) s[d] = 1;
  return s;
}
/// The same with those dimensions left out.
inline Shape squeezed(const Shape& shape, const Dims& dims) {
  Shape s;
  for (int i = 0; i < shape.rank(); ++i)
    if (!dims.empty() && std::none_of(dims.begin(), dims.end(), [&](int d) { return shape.axis(d) == i; }))
      s.push_back(shape[i]);
  return s;
}

/// How `from` is reduced to `to` (equal sizes or 1, ranks aligned at the end): the order that puts what is kept first.
struct RowsPlan {
  Dims order;
  Index kept = 1, summed = 1;
  bool leading = true, trailing = true;  // the summed dimensions are the outermost ones, the innermost ones

  RowsPlan(const Shape& from, const Shape& to) {
    Dims sum_dims;
    const int offset = from.rank() - to.rank();
    bool seen_kept = false, seen_sum = false;
    for (int d = 0; d < from.rank(); ++d) {
      const bool sums = d < offset || (to[d - offset] == 1 && from[d] != 1);
      (sums ? summed : kept) *= from[d];
      (sums ? sum_dims : order).push_back(d);
      if (from[d] == 1) continue;
      leading &= !(sums && seen_kept);
      trailing &= !(!sums && seen_sum);
      (sums ? seen_sum : seen_kept) = true;
    }
    for (int d : sum_dims) order.push_back(d);
  }
};

template <class T> BasicTensor<T> sum_value(const BasicTensor<T>& x, const Shape& to) {
  auto y = BasicTensor<T>::empty(to);
  const RowsPlan plan(x.shape(), to);
  if (plan.leading && plan.kept > 1) {
    kernels::sum_columns(y.mutable_data(), x.data(), plan.summed, plan.kept);
    return y;
  }
  Tape::Pause pause;
  const BasicTensor<T> rows = plan.trailing ? x : permute(x, plan.order);
  const auto same = [](auto v) ATELIER_LAMBDA { return v; };
  const T* const in[] = {rows.data()};
  kernels::sum_rows<T>(&kernels::run_sum_pass<T, decltype(same), 1>, &same, y.mutable_data(), in, plan.kept,
                       plan.summed);
  return y;
}
}  // namespace detail

/// x summed to `shape`, which broadcasts to x's: the transpose of expand().
template <class T> BasicTensor<T> sum_to(const BasicTensor<T>& x, const Shape& shape) {
  if (broadcast("sum_to", shape, x.shape()) != x.shape())
    throw Error("sum_to: " + shape.str() + " does not broadcast to " + x.shape().str());
  return record("sum_to", detail::sum_value(x, shape),
                wrt(x, [s = x.shape()](const BasicTensor<T>& g) { return expand(g, s); }));
}

/// x repeated to `shape`, to which it broadcasts.
template <class T> BasicTensor<T> expand(const BasicTensor<T>& x, const Shape& shape) {
  if (broadcast("expand", x.shape(), shape) != shape)
    throw Error("expand: " + x.shape().str() + " does not broadcast to " + shape.str());
  auto y = BasicTensor<T>::empty(shape);
  const auto same = [](auto v) ATELIER_LAMBDA { return v; };
  const BasicTensor<T>* const inputs[] = {&x};
  detail::map_into<T>(&kernels::run_pass<false, T, decltype(same), 1>, &same, y, inputs);
  return record("expand", y, wrt(x, [s = x.shape()](const BasicTensor<T>& g) { return sum_to(g, s); }));
}
ATELIER_OP(sum_to)
ATELIER_OP(expand)

/// Sum over `dims`, negative from the end (all when empty); `keep` leaves them with size 1.
template <class T> BasicTensor<T> sum(const BasicTensor<T>& x, const Dims& dims = {}, bool keep = false) {
  const Shape one = detail::reduced(x.shape(), dims);
  const auto y = sum_to(x, one);
  return keep ? y : reshape(y, detail::squeezed(x.shape(), dims));
}
ATELIER_OP(sum)

/// Mean over `dims` (all when empty).
template <class T> BasicTensor<T> mean(const BasicTensor<T>& x, const Dims& dims = {}, bool keep = false) {
  const Index n = x.size() / std::max<Index>(1, detail::reduced(x.shape(), dims).size());
  return affine(sum(x, dims, keep), real_of<T>(1) / static_cast<real_of<T>>(n), 0);
}
ATELIER_OP(mean)

/// Variance over `dims`: mean squared deviation, or with `unbiased` that times n / (n - 1).
template <class T>
BasicTensor<T> variance(const BasicTensor<T>& x, const Dims& dims = {}, bool unbiased = false, bool keep = false) {
  const auto centred = sub(x, mean(x, dims, true));
  const auto n = static_cast<real_of<T>>(x.size() / std::max<Index>(1, detail::reduced(x.shape(), dims).size()));
  return affine(mean(square(centred), dims, keep), unbiased ? n / (n - 1) : 1, 0);
}
ATELIER_OP(variance)

namespace detail {
/// Extremum over `dims` by rows; with size 1 left where reduced.
template <class Better, class T>
BasicTensor<T> extremum(const char* name, const Better& better, const BasicTensor<T>& x, const Dims& dims) {
  auto y = BasicTensor<T>::empty(reduced(x.shape(), dims));
  const RowsPlan plan(x.shape(), y.shape());
  if (x.size() == 0 && y.size() > 0) throw Error(std::string(name) + ": nothing to choose from in " + x.shape().str());
  Tape::Pause pause;
  const BasicTensor<T> rows = plan.trailing ? x : permute(x, plan.order);
  if (y.size())
    kernels::best_in_rows(better, y.mutable_data(), static_cast<std::int32_t*>(nullptr), rows.data(), plan.kept,
                          plan.summed);
  return y;
}
/// Where x reaches y, its extremum, divided by how often: the derivative, shared evenly among equals.
template <class T> BasicTensor<T> extremum_share(const BasicTensor<T>& x, const BasicTensor<T>& y) {
  Tape::Pause pause;
  const auto hit = equal(x, y);
  return div(hit, sum_to(hit, y.shape()));
}
template <class Better, class T>
BasicTensor<T> record_extremum(const char* name, const Better& better, const BasicTensor<T>& x, const Dims& dims,
                               bool keep) {
  const auto rule = [x](const BasicTensor<T>& g, const BasicTensor<T>& best) {
    return mul(expand(g, x.shape()), extremum_share(x, best));
  };
  const auto y = record(name, extremum(name, better, x, dims), wrt(x, rule));
  return keep ? y : reshape(y, squeezed(x.shape(), dims));
}
}  // namespace detail

/// Largest element over `dims` (all when empty); equal largest ones share the derivative.
template <class T> BasicTensor<T> max(const BasicTensor<T>& x, const Dims& dims = {}, bool keep = false) {
  return detail::record_extremum(
      "max", [](const T& a, const T& b) { return a > b; }, x, dims, keep);
}
ATELIER_OP(max)

/// Smallest element over `dims` (all when empty); equal smallest ones share the derivative.
template <class T> BasicTensor<T> min(const BasicTensor<T>& x, const Dims& dims = {}, bool keep = false) {
  return detail::record_extremum(
      "min", [](const T& a, const T& b) { return a < b; }, x, dims, keep);
}
ATELIER_OP(min)

/// Position of the largest element along the innermost dimension (the first of equals): [..., N] -> [...].
template <class T> IndexTensor argmax(const BasicTensor<T>& x) {
  Shape shape = x.shape();
  const Index n = shape[-1];
  if (n == 0) throw Error("argmax: nothing to choose from in " + shape.str());
  auto y = IndexTensor::empty(detail::squeezed(shape, {-1}));
  kernels::best_in_rows([](const T& a, const T& b) { return a > b; }, static_cast<T*>(nullptr), y.mutable_data(),
                        x.data(), y.size(), n);
  return y;
}
ATELIER_OP(argmax)

}  // namespace atelier::inline v0
