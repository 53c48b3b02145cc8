/// All of the generative adversarial network module.
#pragma once

#include "atelier/models/gan/augment.hpp"
#include "atelier/models/gan/config.hpp"
#include "atelier/models/gan/dcgan.hpp"
#include "atelier/models/gan/files.hpp"
#include "atelier/models/gan/image_config.hpp"
#include "atelier/models/gan/loss.hpp"
#include "atelier/models/gan/mlp.hpp"
#include "atelier/models/gan/optimizer.hpp"
#include "atelier/models/gan/packing.hpp"
#include "atelier/models/gan/penalty.hpp"
#include "atelier/models/gan/sample.hpp"
#include "atelier/models/gan/stddev.hpp"
#include "atelier/models/gan/step.hpp"
#include "atelier/models/gan/unet.hpp"
#include "atelier/models/gan/watch.hpp"
