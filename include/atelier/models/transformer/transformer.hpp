/// The Transformer module: configuration, models, loss, optimizer, presets, generation, files.
#pragma once

#include "atelier/models/transformer/attention_maps.hpp"
#include "atelier/models/transformer/config.hpp"
#include "atelier/models/transformer/files.hpp"
#include "atelier/models/transformer/generate.hpp"
#include "atelier/models/transformer/gpt.hpp"
#include "atelier/models/transformer/loss.hpp"
#include "atelier/models/transformer/optimizer.hpp"
#include "atelier/models/transformer/presets.hpp"
#include "atelier/models/transformer/seq2seq.hpp"
