/// All optimizers, schedules and averages.
#pragma once

#include "atelier/optim/adam.hpp"
#include "atelier/optim/ema.hpp"
#include "atelier/optim/schedule.hpp"
#include "atelier/optim/sgd.hpp"
