/// Training of an encoder-decoder Transformer on pairs of sentences.
#pragma once

#include "atelier/models/transformer/transformer.hpp"
#include "atelier/train/options.hpp"
#include "atelier/train/task.hpp"
#include "corpus.hpp"

namespace atelier::programs {

struct TranslateOptions {
  PairCorpusOptions corpus;
  transformer::Seq2SeqConfig model;  // vocabularies follow from the corpus
  double label_smoothing = 0.1;
  double weight_decay = 0.01, beta2 = 0.98, clip = 1;
  Index warmup = 400;
  Index beams = 4;  // of the final evaluation; 1: greedy
  double length_penalty = 1;
  Index valid_pairs = 200;         // held-out sources that are translated after an epoch, greedily; 0: all
  std::string attention_map = {};  // a sentence whose translation's attention is drawn
};

/// What the flags ask for, as config.json has it.
train::Record request(const TranslateOptions& o);

class TranslateTask : public train::Task {
 public:
  /// Throws ConfigError for options that do not fit the corpus.
  TranslateTask(PairCorpus corpus, const TranslateOptions& o, const train::Options& run);

  void write_files(const std::filesystem::path& folder) const override;
  Index steps_per_epoch() const override { return batches_.steps_per_epoch(); }
  Index items_per_step() const override { return run_.batch; }
  train::Record step(Index step, double lr_factor) override;
  train::Record evaluate() override;
  double score(const train::Record& metrics) const override { return metrics.number("val_nats"); }
  std::optional<train::Record> finish(double share, const train::Proceed& proceed) override;
  void sample(const std::filesystem::path& folder, Index step) override;
  train::State state() override;
  std::vector<optim::Optimizer*> optimizers() override { return {&adam_}; }
  train::State model_state() override;
  train::Record model_config() const override;
  train::Record config() const override;
  std::string protocol() const override;

 private:
  /// -log p of a target token, mean over the first reference of the first `count` held-out sources.
  double nats(Index count) const;
  /// Translations of the first `count` held-out sources; nothing when `proceed` says to stop.
  std::optional<std::vector<std::string>> translations(Index count, Index beams, const train::Proceed& proceed) const;
  /// BLEU of sentences, or the share of strings that are right.
  train::Record figures(const std::vector<std::string>& translations) const;
  /// Of each held-out sentence a line: the source and its references, tabs between them.
  std::string held_out() const;
  std::string examples(const std::vector<std::string>& translations) const;
  void draw_attention(const std::filesystem::path& file) const;

  TranslateOptions options_;
  train::Options run_;
  PairCorpus corpus_;
  Rng rng_;
  data::PairBatches batches_;
  transformer::Seq2Seq model_;
  optim::Adam adam_;
};

}  // namespace atelier::programs
