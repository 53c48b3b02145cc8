#include "atelier/kernels/gemm.hpp"

// the family itself, compiled
#include "kernels/instantiate.hpp"

#include "atelier/kernels/conv.hpp"
