/// Images in networks are channels last, [B, H, W, C]: layouts, padding, pooling and enlarging.
#pragma once

#include "atelier/ops/image_layout.hpp"
#include "atelier/ops/pad.hpp"
#include "atelier/ops/pool.hpp"
#include "atelier/ops/upsample.hpp"
