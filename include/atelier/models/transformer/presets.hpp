/// Models and their training, as starting points.
#pragma once

#include "atelier/models/transformer/optimizer.hpp"
#include "atelier/models/transformer/seq2seq.hpp"

namespace atelier::inline v0::transformer {

struct Preset {
  Config model;
  OptimizerOptions optimizer;
  Index batch = 8;  // sequences of the whole context
};

/// A middle-sized model of 6 layers for any text.
inline Preset lm_seed(Index vocabulary) {
  return {.model = {.vocabulary = vocabulary, .context = 256, .width = 384, .layers = 6, .heads = 6},
          .optimizer = {.lr = 1e-3},
          .batch = 8};
}
/// Regularised for the two million words of WikiText-2: narrow, with much dropout, of whole words too.
inline Preset wikitext2(Index vocabulary = 33278) {
  return {.model = {.vocabulary = vocabulary,
                    .context = 128,
                    .width = 256,
                    .layers = 4,
                    .heads = 4,
                    .positions = Positions::rotary,
                    .dropout = {.embedding = 0.2, .attention = 0.1, .residual = 0.2, .words = 0.1}},
          .optimizer = {.lr = 1.5e-3, .weight_decay = 0.2},
          .batch = 16};
}
/// Characters of a small text (tiny Shakespeare) in at most ten minutes on two cores.
inline Preset characters(Index vocabulary = 65) {
  return {.model = {.vocabulary = vocabulary, .context = 256, .width = 128, .layers = 6, .heads = 4},
          .optimizer = {.lr = 2e-3, .floor = 0.05},
          .batch = 16};
}

/// One of these by its name: lm_seed, wikitext2 or char. Throws ConfigError for another.
inline Preset preset(const std::string& name, Index vocabulary) {
  if (name == "lm_seed") return lm_seed(vocabulary);
  if (name == "wikitext2") return wikitext2(vocabulary);
  if (name == "char") return characters(vocabulary);
  throw ConfigError("preset: expected lm_seed, wikitext2 or char, found '" + name + "'");
}

struct Seq2SeqPreset {
  Seq2SeqConfig model;
  OptimizerOptions optimizer;
  double label_smoothing = 0.1;
  Index batch = 64;  // pairs of sentences
};

/// Short sentences and their translations: four layers on both sides.
inline Seq2SeqPreset seq2seq_seed(Index source_vocabulary, Index target_vocabulary) {
  Seq2SeqPreset p{.model = {.source_vocabulary = source_vocabulary, .encoder_layers = 4},
                  .optimizer = {.lr = 1e-3, .weight_decay = 0.01}};
  p.model.decoder.vocabulary = target_vocabulary;
  p.model.decoder.dropout = Dropouts::all(0.1);
  return p;
}

}  // namespace atelier::inline v0::transformer
