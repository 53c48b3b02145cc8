#include "atelier/ops/elementwise.hpp"
#include "atelier/ops/matmul.hpp"

// the family itself, compiled
#include "ops/instantiate.hpp"

#include "atelier/ops/lstm.hpp"
