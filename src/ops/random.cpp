#include "atelier/ops/arithmetic.hpp"

// the family itself, compiled
#include "ops/instantiate.hpp"

#include "atelier/ops/random.hpp"
