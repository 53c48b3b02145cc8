#include "atelier/ops/image_layout.hpp"

// the family itself, compiled
#include "ops/instantiate.hpp"

#include "atelier/ops/pool.hpp"
