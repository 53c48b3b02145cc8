#include "atelier/ops/map.hpp"

// the family itself, compiled
#include "ops/instantiate.hpp"

#include "atelier/ops/arithmetic.hpp"
