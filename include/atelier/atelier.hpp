/// All of atelier, for programs. Nothing inside the library includes this.
#pragma once

#include "atelier/version.hpp"

#include "atelier/autograd/grad.hpp"
#include "atelier/autograd/record.hpp"
#include "atelier/core/random.hpp"
#include "atelier/models/gan/gan.hpp"
#include "atelier/models/lstm_lm/lstm_lm.hpp"
#include "atelier/models/transformer/transformer.hpp"
#include "atelier/models/vae/vae.hpp"
#include "atelier/models/weights.hpp"
#include "atelier/nn/nn.hpp"
#include "atelier/ops/gradcheck.hpp"
#include "atelier/ops/ops.hpp"
#include "atelier/optim/optim.hpp"
#include "atelier/tensor/print.hpp"
