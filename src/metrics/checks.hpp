/// What metrics ask of their arguments.
#pragma once

#include <string>

#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0::metrics {

/// The shape as text; "no tensor" of an empty handle.
std::string shape_text(const Tensor& x);

/// Throws Error, beginning with the metric's name, when `x` (called `name`) holds a number that is not finite.
void check_finite(const char* metric, const char* name, const Tensor& x);

/// Throws Error unless both are matrices [N, D] of the same D >= 1, at least `least` rows each, finite.
void check_features(const char* metric, const Tensor& a, const Tensor& b, Index least);

/// A number in few digits, for protocols.
std::string text(double x);

}  // namespace atelier::inline v0::metrics
