#include "atelier/autograd/grad.hpp"
#include "atelier/ops/activation.hpp"
#include "atelier/ops/random.hpp"
#include "atelier/ops/reduce.hpp"

// the objectives and what the discriminator sees, compiled
#include "kernels/instantiate.hpp"

#include "atelier/models/gan/augment.hpp"
#include "atelier/models/gan/loss.hpp"
#include "atelier/models/gan/penalty.hpp"
#include "atelier/models/gan/stddev.hpp"
