#include "atelier/ops/pool.hpp"

// the family itself, compiled
#include "ops/instantiate.hpp"

#include "atelier/ops/upsample.hpp"
