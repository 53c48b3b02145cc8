/// The recurrent language model: configuration, model, loss, optimizer, evaluation, texts, files.
#pragma once

#include "atelier/models/lstm_lm/config.hpp"
#include "atelier/models/lstm_lm/evaluate.hpp"
#include "atelier/models/lstm_lm/files.hpp"
#include "atelier/models/lstm_lm/generate.hpp"
#include "atelier/models/lstm_lm/loss.hpp"
#include "atelier/models/lstm_lm/model.hpp"
#include "atelier/models/lstm_lm/optimizer.hpp"
