#include "atelier/ops/index.hpp"
#include "atelier/ops/random.hpp"

// the family itself, compiled
#include "ops/instantiate.hpp"

#include "atelier/ops/embedding.hpp"
