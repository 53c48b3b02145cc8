/// The recurrent language model: configuration, model, loss, optimizer, evaluation, samples.
#pragma once

#include "atelier/models/lstm_lm/config.hpp"
#include "atelier/models/lstm_lm/evaluate.hpp"
#include "atelier/models/lstm_lm/loss.hpp"
#include "atelier/models/lstm_lm/model.hpp"
#include "atelier/models/lstm_lm/optimizer.hpp"
#include "atelier/models/lstm_lm/sample.hpp"
