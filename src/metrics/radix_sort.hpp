/// Sorting many floats, in time proportional to their number.
#pragma once

#include "atelier/core/shape.hpp"

namespace atelier::inline v0::metrics {

/// out[0..n) = values[0..n) in ascending order; -0 before 0, NaN at the ends. `values` is used as scratch. Three passes
/// over digits of 11 bits, least significant first.                                       Knuth, TAOCP 3, section 5.2.5
void radix_sort(float* values, float* out, Index n);

}  // namespace atelier::inline v0::metrics
