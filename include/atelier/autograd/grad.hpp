/// Gradients by name: grad(loss, x) or auto [gw, gb] = grad(loss, {w, b}).
#pragma once

#include <vector>

#include "atelier/autograd/sweep.hpp"

namespace atelier::inline v0 {

namespace detail {
inline std::string target_number(std::size_t k) { return "target " + std::to_string(k); }

template <class T>
void grad_into(const BasicTensor<T>& loss, std::size_t n, const BasicTensor<T>* targets, BasicTensor<T>* out,
               GradOptions o) {
  sweep(
      loss, BasicTensor<T>(loss.shape(), T(1)), n, [&](std::size_t k) { return targets[k].identity(); }, target_number,
      out, o);
}
}  // namespace detail

/// d loss / d x, of x's shape. A loss that is not a scalar is summed (every element has weight 1).
/// Consumes the part of the tape it passes, unless options keep it. Throws Error as sweep() does.
template <class T>
BasicTensor<T> grad(const BasicTensor<T>& loss, const std::type_identity_t<BasicTensor<T>>& x, GradOptions o = {}) {
  BasicTensor<T> g;
  detail::grad_into(loss, 1, &x, &g, o);
  return g;
}

/// The gradients for several targets, from one sweep.
template <class T, std::size_t N>
std::array<BasicTensor<T>, N> grad(const BasicTensor<T>& loss, const BasicTensor<T> (&x)[N], GradOptions o = {}) {
  std::array<BasicTensor<T>, N> g;
  detail::grad_into(loss, N, x, g.data(), o);
  return g;
}
template <class T>
std::vector<BasicTensor<T>> grad(const BasicTensor<T>& loss, const std::vector<BasicTensor<T>>& x, GradOptions o = {}) {
  std::vector<BasicTensor<T>> g(x.size());
  detail::grad_into(loss, x.size(), x.data(), g.data(), o);
  return g;
}
/// The gradients with other weights for the loss's elements: sum(seed * d loss / d x), the vector-Jacobian product.
template <class T>
std::vector<BasicTensor<T>> vjp(const BasicTensor<T>& y, const BasicTensor<T>& seed,
                                const std::vector<BasicTensor<T>>& x, GradOptions o = {}) {
  if (seed.shape() != y.shape())
    throw Error("vjp: seed " + seed.shape().str() + " does not have the shape of the result, " + y.shape().str());
  std::vector<BasicTensor<T>> g(x.size());
  sweep(
      y, seed, x.size(), [&](std::size_t k) { return x[k].identity(); }, detail::target_number, g.data(), o);
  return g;
}

}  // namespace atelier::inline v0
