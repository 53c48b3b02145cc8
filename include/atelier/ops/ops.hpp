/// All operations.
#pragma once

#include "atelier/ops/activation.hpp"
#include "atelier/ops/arithmetic.hpp"
#include "atelier/ops/channel_norm.hpp"
#include "atelier/ops/compare.hpp"
#include "atelier/ops/elementwise.hpp"
#include "atelier/ops/image.hpp"
#include "atelier/ops/index.hpp"
#include "atelier/ops/loss.hpp"
#include "atelier/ops/map.hpp"
#include "atelier/ops/matmul.hpp"
#include "atelier/ops/norm.hpp"
#include "atelier/ops/random.hpp"
#include "atelier/ops/reduce.hpp"
#include "atelier/ops/shape.hpp"
#include "atelier/ops/softmax.hpp"
#include "atelier/ops/spectral.hpp"
