/// Gradient checks for your own operations and models: backward passes against exact forward-mode duals, or against
/// finite differences, at order 1 and 2.
#pragma once

#include <cmath>
#include <functional>

#include "atelier/autograd/grad.hpp"
#include "atelier/core/random.hpp"
#include "atelier/ops/reduce.hpp"

namespace atelier::inline v0 {

/// Errors relative to the size of the compared sums.
struct GradCheck {
  double order1 = 0;  // of first derivatives
  double order2 = 0;  // of second derivatives
};

namespace detail {
using Doubles = std::vector<BasicTensor<double>>;
using Duals = std::vector<BasicTensor<Dual<double>>>;
using Function = std::function<BasicTensor<double>(const Doubles&)>;

/// One function over both scalars, behind pointers: the checks are compiled once, not for every function.
struct DualFunction {
  Function of_doubles;
  std::function<BasicTensor<Dual<double>>(const Duals&)> of_duals;

  BasicTensor<double> operator()(const Doubles& x) const { return of_doubles(x); }
  BasicTensor<Dual<double>> operator()(const Duals& x) const { return of_duals(x); }
};

inline BasicTensor<double> noise(const Shape& shape, Rng& rng) {
  auto x = BasicTensor<double>::empty(shape);
  for (Index i = 0; i < x.size(); ++i) x.mutable_data()[i] = 2 * rng.uniform() - 1;
  return x;
}
inline Doubles noise_like(const Doubles& x, Rng& rng) {
  Doubles u;
  for (const auto& t : x) u.push_back(noise(t.shape(), rng));
  return u;
}
/// x + e * u as dual numbers.
inline BasicTensor<Dual<double>> along(const BasicTensor<double>& x, const BasicTensor<double>* u) {
  auto y = BasicTensor<Dual<double>>::empty(x.shape());
  for (Index i = 0; i < x.size(); ++i) y.mutable_data()[i] = {x.data()[i], u ? u->data()[i] : 0};
  return y;
}
/// A scalar with curvature of its own, so that second derivatives pass through the cotangent too: sum w (y + y^2 / 2).
template <class T> BasicTensor<T> weigh(const BasicTensor<T>& y, const BasicTensor<T>& w) {
  return sum(w * (y + 0.5 * square(y)));
}

/// Sum over inputs of <a, b>, and of the absolute terms.
struct Inner {
  double value = 0, size = 0;
  void add(double a, double b) {
    value += a * b;
    size += std::abs(a * b);
  }
  double error(const Inner& o) const { return std::abs(value - o.value) / std::max({size, o.size, 1e-30}); }
};
/// The larger error; one that is no number is the largest.
inline double worse(double a, double b) { return a >= b || std::isnan(a) ? a : b; }
inline Inner inner(const Doubles& a, const Doubles& b) {
  Inner s;
  for (std::size_t k = 0; k < a.size(); ++k)
    for (Index i = 0; a[k] && i < a[k].size(); ++i) s.add(a[k].data()[i], b[k].data()[i]);
  return s;
}
inline Inner inner_tangents(const Duals& a, const Doubles& b) {
  Inner s;
  for (std::size_t k = 0; k < a.size(); ++k)
    for (Index i = 0; a[k] && i < a[k].size(); ++i) s.add(a[k].data()[i].d, b[k].data()[i]);
  return s;
}

/// Gradients of the weighed result by the tape.
template <class T, class F>
std::vector<BasicTensor<T>> gradients(const F& f, const std::vector<BasicTensor<T>>& x, const BasicTensor<T>& w) {
  Tape tape;
  return grad(weigh(f(x), w), x, {.allow_unused = true});
}
/// Gradient of <gradients, v>: the Hessian of the weighed result times v, by the tape alone. Empty where it is zero.
template <class F> Doubles hessian_times(const F& f, const Doubles& x, const BasicTensor<double>& w, const Doubles& v) {
  Tape tape;
  const Doubles g = grad(weigh(f(x), w), x, {.create_graph = true, .allow_unused = true});
  BasicTensor<double> s(Shape{}, 0.0);
  for (std::size_t k = 0; k < g.size(); ++k)
    if (g[k]) s = s + sum(g[k] * v[k]);
  if (!tape.owns(s.identity())) return Doubles(x.size());
  return grad(s, x, {.allow_unused = true});
}

inline GradCheck check_by_duals(const DualFunction& f, const Doubles& x, Rng rng) {
  GradCheck worst;
  const auto w = noise(f(x).shape(), rng);
  const auto g = gradients(f, x, w);
  for (int trial = 0; trial < 2; ++trial) {
    const Doubles u = noise_like(x, rng), v = noise_like(x, rng);
    Duals moved;
    for (std::size_t k = 0; k < x.size(); ++k) moved.push_back(along(x[k], &u[k]));
    const auto weights = along(w, nullptr);
    Inner forward;
    forward.value = weigh(f(moved), weights).item().d;
    worst.order1 = worse(worst.order1, inner(g, u).error(forward));
    const Inner exact = inner_tangents(gradients(f, moved, weights), v);  // <H u, v>
    const Inner taped = inner(hessian_times(f, x, w, v), u);              // <H v, u>
    worst.order2 = worse(worst.order2, taped.error(exact));
  }
  return worst;
}

inline GradCheck check_by_differences(const Function& f, const Doubles& x, double step, Rng rng) {
  GradCheck worst;
  const auto w = noise(f(x).shape(), rng);
  const Doubles g = gradients(f, x, w), u = noise_like(x, rng), v = noise_like(x, rng);
  const auto moved = [&](double h) {
    Doubles y;
    for (std::size_t k = 0; k < x.size(); ++k) y.push_back(x[k] + h * u[k]);
    return y;
  };
  Inner first, second;
  first.value = (weigh(f(moved(step)), w).item() - weigh(f(moved(-step)), w).item()) / (2 * step);
  second.value =
      (inner(gradients(f, moved(step), w), v).value - inner(gradients(f, moved(-step), w), v).value) / (2 * step);
  worst.order1 = inner(g, u).error(first);
  worst.order2 = inner(hessian_times(f, x, w, v), u).error(second);
  return worst;
}
}  // namespace detail

/// Checks f at x against forward-mode dual numbers, which are exact. f is generic over the scalar: it maps a vector of
/// tensors to a tensor, `[](const auto& x) { return tanh(matmul(x[0], x[1])); }`. Directions and cotangents are random.
template <class F> GradCheck check_gradients(const F& f, const std::vector<BasicTensor<double>>& x, Rng rng = Rng(7)) {
  return detail::check_by_duals({std::cref(f), std::cref(f)}, x, rng);
}

/// Checks f at x against central differences (relative error about 1e-8 for smooth f), for functions that exist for
/// double only: f maps a vector of double tensors to a tensor.
template <class F>
GradCheck check_gradients_by_differences(const F& f, const std::vector<BasicTensor<double>>& x, double step = 1e-5,
                                         Rng rng = Rng(7)) {
  return detail::check_by_differences(std::cref(f), x, step, rng);
}

}  // namespace atelier::inline v0
