// Trains a word-level language model on WikiText-2.
//   lm_wikitext2 --data DIR --out runs/wikitext2 --minutes 10
#include <iostream>

#include "program.hpp"
#include "task.hpp"
#include "trainer.hpp"

using namespace atelier;
using namespace atelier::programs;

namespace {

const std::vector<std::string> presets = {"wikitext2_lstm", "wikitext2_lstm_long", "wikitext2", "lm_seed"};

struct WikiFlags : Flags {
  LmOptions lm;
  std::int32_t vocabulary = 0;
  bool any_text = false;
};

/// Short runs: one layer, small steps, little dropout. Long ones: two layers, regularised.
void apply_lstm(bool long_run, WikiFlags& f) {
  auto& o = f.lm;
  f.options.batch = 32;
  f.options.lr = 8e-3;
  o.lstm.embedding = o.lstm.hidden = 400;
  o.layers = 1;
  o.lstm.dropout.input = 0.25, o.lstm.dropout.output = 0.35;
  o.length = 35;
  if (!long_run) return;
  f.options.lr = 4e-3;
  o.layers = 2;
  o.lstm.embedding = o.lstm.hidden = 640;
  o.dropout_words = 0.05;
  o.lstm.dropout = {.input = 0.4, .between = 0.3, .output = 0.4, .weights = 0.2};
  f.usual_length = {.epochs = 10};
}

void apply_preset(const std::string& preset, WikiFlags& f) {
  auto& o = f.lm;
  f.options.preset = preset;
  f.precision = "medium";
  f.schedule = "cosine";
  f.usual_length = {.epochs = 5};
  o.sampled = 2560;
  o.valid_tokens = 40'000;
  o.prompt = "<eos>";
  o.cache = {.window = 2000, .thetas = {0.2, 0.4, 0.8, 1.2}, .lambdas = {0.1, 0.15, 0.2, 0.25}};
  if (preset == "wikitext2" || preset == "lm_seed")
    apply_gpt(transformer::preset(preset, 33278), f.options, o);
  else
    apply_lstm(preset == "wikitext2_lstm_long", f);
}

void add_flags(CommandLine& line, WikiFlags& f, LmWords& words) {
  add_shared_flags(line, f, presets);
  add_lm_flags(line, f.lm, words);
  line.option("--vocabulary N", f.vocabulary, "Most words of the vocabulary; 0: all").between(0, 1'000'000);
  line.flag("--any-text", f.any_text, "Accept files with other counts than WikiText-2's");
}

int train_wikitext2(int argc, char** argv) {
  WikiFlags flags;
  flags.options.out = "runs/lm_wikitext2";
  apply_preset(preset_in(argc, argv, presets, presets.front()), flags);
  LmWords words(flags.lm);
  CommandLine line("Trains a word-level language model on WikiText-2.", "lm_wikitext2");
  add_flags(line, flags, words);
  if (const auto code = parse(line, flags, argc, argv)) return *code;
  resolve(line, words, flags.lm);
  const auto asked = request(flags.lm).set("vocabulary", flags.vocabulary).set("any_text", flags.any_text);
  return run_trainer("lm_wikitext2", flags, asked, [&] {
    const auto set = flags.any_text ? data::WikiTextSet::any : data::WikiTextSet::wikitext2;
    auto corpus = load_wikitext_corpus(data_folder(flags, "wikitext-2"), set, flags.vocabulary);
    if (flags.style() != ProgressStyle::none)
      std::cerr << "tokens: training " << corpus.train.words << ", validation " << corpus.validation.words << ", test "
                << corpus.test.words << "; vocabulary " << corpus.tokenizer->size() << "\n";
    return std::make_unique<LmTask>(std::move(corpus), flags.lm, flags.options);
  });
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("lm_wikitext2", [&] { return train_wikitext2(argc, argv); });
}
