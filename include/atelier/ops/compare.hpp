/// Comparisons: 1 where they hold and 0 where not, in the operands' scalar type. Shapes broadcast. They have no
/// derivative and are never recorded.
#pragma once

#include "atelier/ops/arithmetic.hpp"

namespace atelier::inline v0 {

/// What a comparison by an operator gives. In a condition, if (loss < 0.1f), its only element counts; Error when there
/// are more or none.
template <class T> struct Truth : BasicTensor<T> {
  Truth(BasicTensor<T> x) : BasicTensor<T>(std::move(x)) {}
  explicit operator bool() const { return this->item() != T(0); }
};

namespace detail {
/// 1 where `relation` holds between lanes of a and b.
template <class Relation, class T>
BasicTensor<T> compare(const char* name, const Relation& relation, const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return map_value<false>(
      name,
      [relation](const auto& x, const auto& y) ATELIER_LAMBDA {
        using V = std::remove_cvref_t<decltype(x)>;
        return select(relation(x, y), V(1), V(0));
      },
      a, b);
}
}  // namespace detail

template <class T> BasicTensor<T> equal(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return detail::compare(
      "equal", [](const auto& x, const auto& y) ATELIER_LAMBDA { return x == y; }, a, b);
}
ATELIER_OP(equal)

template <class T> BasicTensor<T> less(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return detail::compare(
      "less", [](const auto& x, const auto& y) ATELIER_LAMBDA { return x < y; }, a, b);
}
ATELIER_OP(less)

template <class T> BasicTensor<T> less_equal(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return detail::compare(
      "less_equal", [](const auto& x, const auto& y) ATELIER_LAMBDA { return x <= y; }, a, b);
}
ATELIER_OP(less_equal)

template <class T> BasicTensor<T> greater(const BasicTensor<T>& a, const BasicTensor<T>& b) { return less(b, a); }
template <class T> BasicTensor<T> greater_equal(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return less_equal(b, a);
}

template <Differentiable T> Truth<T> operator==(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return equal(a, b);
}
template <Differentiable T> Truth<T> operator<(const BasicTensor<T>& a, const BasicTensor<T>& b) { return less(a, b); }
template <Differentiable T> Truth<T> operator<=(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return less_equal(a, b);
}
template <Differentiable T> Truth<T> operator>(const BasicTensor<T>& a, const BasicTensor<T>& b) { return less(b, a); }
template <Differentiable T> Truth<T> operator>=(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return less_equal(b, a);
}
template <Differentiable T> Truth<T> operator<(const BasicTensor<T>& a, Constant<T> c) {
  return less(a, BasicTensor<T>(Shape{}, T(c)));
}
template <Differentiable T> Truth<T> operator<=(const BasicTensor<T>& a, Constant<T> c) {
  return less_equal(a, BasicTensor<T>(Shape{}, T(c)));
}
template <Differentiable T> Truth<T> operator>(const BasicTensor<T>& a, Constant<T> c) {
  return less(BasicTensor<T>(Shape{}, T(c)), a);
}
template <Differentiable T> Truth<T> operator>=(const BasicTensor<T>& a, Constant<T> c) {
  return less_equal(BasicTensor<T>(Shape{}, T(c)), a);
}

}  // namespace atelier::inline v0
