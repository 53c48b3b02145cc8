/// What trainers of language models are told.
#pragma once

#include "atelier/models/lstm_lm/lstm_lm.hpp"
#include "atelier/models/transformer/transformer.hpp"
#include "corpus.hpp"
#include "flags.hpp"
#include "learner.hpp"

namespace atelier::programs {

/// A recurrent model that carries its state through the text, or a Transformer that sees windows of it.
enum class ModelKind { lstm, gpt };

struct LmOptions {
  ModelKind model = ModelKind::lstm;
  lstm_lm::Config lstm;
  transformer::Config gpt;
  Index layers = 1;            // of either
  double dropout_words = 0;    // probability that a token's vector is left out wherever it stands
  Index stride = 0;            // of a Transformer's windows when it is measured; 0: half a window,
  bool windows_apart = false;  // or a whole one, side by side
  Index windows = 0;           // tokens of a recurrent model's windows when it is measured; 0: its state is carried
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
  transformer::Sampling sampling = {};
  std::string attention_map = {};  // a text whose attention is drawn; none: nothing is
};

/// Options as they stand in the command line.
struct LmWords {
  std::string model, output, positions, norm, unit;
  explicit LmWords(const LmOptions& o);
};

/// Model, training, evaluation and samples.
void add_lm_flags(CommandLine& line, LmOptions& o, LmWords& words);
/// Throws ConfigError for unknown names, numbers that make no training, and flags that only another model has.
void resolve(const CommandLine& line, const LmWords& words, LmOptions& o);

/// A Transformer's preset as it stands in the library.
void apply_gpt(const transformer::Preset& preset, train::Options& run, LmOptions& o);

/// What those flags ask for, as config.json has it.
train::Record request(const LmOptions& o);

}  // namespace atelier::programs
