#include "atelier/ops/compare.hpp"
#include "atelier/ops/elementwise.hpp"
#include "atelier/ops/shape.hpp"

// the family itself, compiled
#include "ops/instantiate.hpp"

#include "atelier/ops/reduce.hpp"
