/// All layers.
#pragma once

#include "atelier/nn/adaptive_softmax.hpp"
#include "atelier/nn/attention.hpp"
#include "atelier/nn/batch_norm.hpp"
#include "atelier/nn/conv.hpp"
#include "atelier/nn/dropout.hpp"
#include "atelier/nn/embedding.hpp"
#include "atelier/nn/group_norm.hpp"
#include "atelier/nn/init.hpp"
#include "atelier/nn/linear.hpp"
#include "atelier/nn/lstm.hpp"
#include "atelier/nn/mode.hpp"
#include "atelier/nn/norm.hpp"
#include "atelier/nn/param.hpp"
#include "atelier/nn/sequential.hpp"
#include "atelier/nn/spectral_norm.hpp"
#include "atelier/nn/visit.hpp"
