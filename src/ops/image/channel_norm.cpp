#include "atelier/ops/activation.hpp"
#include "atelier/ops/reduce.hpp"

// the family itself, compiled
#include "ops/instantiate.hpp"

#include "atelier/ops/channel_norm.hpp"
