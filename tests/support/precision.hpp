/// What Precision::medium is on the processor that runs the tests.
#pragma once

#include "atelier/kernels/gemm/types.hpp"

/// Whether it rounds inputs to bfloat16; elsewhere it is high.
inline bool medium_rounds() { return atelier::kernels::GemmMode{.precision = atelier::Precision::medium}.rounds(); }
