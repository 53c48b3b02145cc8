#include "atelier/ops/shape.hpp"

// the family itself, compiled
#include "ops/instantiate.hpp"

#include "atelier/ops/position.hpp"
