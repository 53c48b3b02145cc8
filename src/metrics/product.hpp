/// Products of rows with rows, which distances and kernels are made of.
#pragma once

#include "atelier/core/shape.hpp"

namespace atelier::inline v0::metrics {

/// c[i, j] = a_i . b_j for the rows of a [m, k] and b [n, k]; rows of c stand `stride` apart. In IEEE float, whatever
/// the PrecisionScope: a figure of merit does not depend on how the model was trained.
void row_products(const float* a, Index m, const float* b, Index n, Index k, float* c, Index stride);

}  // namespace atelier::inline v0::metrics
