#include "atelier/ops/elementwise.hpp"

// the family itself, compiled
#include "ops/instantiate.hpp"

#include "atelier/ops/activation.hpp"
