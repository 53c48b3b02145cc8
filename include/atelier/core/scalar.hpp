/// What a tensor may hold.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "atelier/core/dual.hpp"

namespace atelier::inline v0 {

/// Real numbers that kernels have vector code for: float for work, double for checks.
template <class T>
concept Real = std::same_as<T, float> || std::same_as<T, double>;

/// Scalars that operations differentiate: the reals, and dual numbers, which give exact forward derivatives of
/// anything.
template <class T>
concept Differentiable = Real<T> || is_dual<T>::value;

/// Elements of a tensor: plain bytes that may be copied as such.
template <class T>
concept Element = std::is_trivially_copyable_v<T>;

namespace detail {
template <class T> struct RealOf { using type = T; };
template <class B> struct RealOf<Dual<B>> : RealOf<B> {};
}  // namespace detail

/// Type of constants that go with a tensor of T: T itself, or a dual number's base.
template <class T> using real_of = typename detail::RealOf<T>::type;

}  // namespace atelier::inline v0
