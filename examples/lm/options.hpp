/// What trainers of language models are told.
#pragma once

#include "atelier/models/lstm_lm/lstm_lm.hpp"
#include "corpus.hpp"
#include "flags.hpp"
#include "learner.hpp"

namespace atelier::programs {

struct LmOptions {
  lstm_lm::Config lstm;
  lstm_lm::LossOptions penalty;
  Index length = 70;      // tokens of a training window
  Index sampled = 0;      // classes of a step's softmax; 0: all
  Index frequent = 1000;  // of them, those that are always there
  double clip = 0.25;     // of the gradients' norm
  double beta1 = 0.9, beta2 = 0.999;
  double weight_decay = 0;
  Index warmup = 50;       // steps
  Index valid_tokens = 0;  // validation tokens that are looked at after an epoch; 0: all
  CacheGrid cache;
  std::string prompt = "\n";
  Index sample_tokens = 100;
  double temperature = 1;
  Index top_k = 0;
};

/// Options as they stand in the command line.
struct LmWords {
  std::string output;
};

/// Model, training, evaluation and samples.
void add_lm_flags(CLI::App& app, LmOptions& o, LmWords& words);
/// Throws ConfigError for unknown names, and for numbers that make no training.
void resolve(const LmWords& words, LmOptions& o);

/// What those flags ask for, as config.json has it.
train::Record request(const LmOptions& o);

}  // namespace atelier::programs
