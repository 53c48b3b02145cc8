#include "atelier/ops/index.hpp"
#include "atelier/ops/matmul.hpp"
#include "atelier/ops/softmax.hpp"

// the family itself, compiled
#include "ops/instantiate.hpp"

#include "atelier/ops/cross_entropy.hpp"
