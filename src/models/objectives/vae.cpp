#include "atelier/models/vae/config.hpp"
#include "atelier/nn/linear.hpp"
#include "atelier/ops/index.hpp"
#include "atelier/ops/loss.hpp"
#include "atelier/ops/random.hpp"

// the objective itself, compiled
#include "kernels/instantiate.hpp"

#include "atelier/models/vae/loss.hpp"
