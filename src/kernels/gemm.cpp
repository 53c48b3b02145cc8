#include "atelier/core/compiled.hpp"

// the family itself, compiled
#include "kernels/instantiate.hpp"

#include "atelier/kernels/gemm.hpp"
