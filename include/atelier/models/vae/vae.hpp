/// The VAE module: configuration, model, loss, optimizer, step, sampling, evaluation.
#pragma once

#include "atelier/models/vae/batch.hpp"
#include "atelier/models/vae/config.hpp"
#include "atelier/models/vae/conv.hpp"
#include "atelier/models/vae/evaluate.hpp"
#include "atelier/models/vae/files.hpp"
#include "atelier/models/vae/loss.hpp"
#include "atelier/models/vae/model.hpp"
#include "atelier/models/vae/optimizer.hpp"
#include "atelier/models/vae/sample.hpp"
#include "atelier/models/vae/step.hpp"
