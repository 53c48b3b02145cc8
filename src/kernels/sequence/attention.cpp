#include "atelier/kernels/random.hpp"

// the family itself, compiled
#include "kernels/instantiate.hpp"

#include "atelier/kernels/attention.hpp"
