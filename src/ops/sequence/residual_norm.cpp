#include "atelier/ops/norm.hpp"

// the family itself, compiled
#include "ops/instantiate.hpp"

#include "atelier/ops/residual_norm.hpp"
