#include "atelier/ops/cross_entropy.hpp"

// the family itself, compiled
#include "ops/instantiate.hpp"

#include "atelier/ops/loss.hpp"
