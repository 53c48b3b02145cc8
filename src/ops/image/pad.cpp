#include "atelier/ops/image_layout.hpp"
#include "atelier/ops/index.hpp"

// the family itself, compiled
#include "ops/instantiate.hpp"

#include "atelier/ops/pad.hpp"
