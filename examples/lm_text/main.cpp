// Trains a language model on any text: a file, or the files of a folder.
//   lm_text --data FILE --out runs/text --minutes 10
#include <iostream>

#include "program.hpp"
#include "task.hpp"
#include "trainer.hpp"

using namespace atelier;
using namespace atelier::programs;

namespace {

const std::vector<std::string> presets = {"char", "char_gpt", "lm_seed"};

struct TextFlags : Flags {
  LmOptions lm;
  TextCorpusOptions corpus;
  std::string tokenizer = "character";
};

void apply_preset(const std::string& preset, TextFlags& f) {
  auto& o = f.lm;
  f.options.preset = preset;
  f.precision = "medium";
  f.schedule = "cosine";
  f.usual_length = {.epochs = 10};
  o.windows_apart = true;
  o.sample_tokens = 500;
  o.sampling.temperature = 0.8;
  if (preset == "lm_seed") f.tokenizer = "bpe";
  if (preset != "char") {
    apply_gpt(transformer::preset(preset == "char_gpt" ? "char" : preset, 65), f.options, o);
    return;
  }
  f.options.batch = 32;
  f.options.lr = 4e-3;
  o.lstm.embedding = 128, o.lstm.hidden = 512;
  o.lstm.dropout.output = 0.5, o.lstm.dropout.weights = 0.2;
  o.length = 128;
}

void add_flags(CommandLine& line, TextFlags& f, LmWords& words) {
  add_shared_flags(line, f, presets);
  add_lm_flags(line, f.lm, words);
  line.option("--tokenizer NAME", f.tokenizer, "character, byte or bpe");
  line.option("--vocabulary N", f.corpus.vocabulary, "Tokens of a byte-pair encoding").between(257, 1'000'000);
  line.option("--train-share X", f.corpus.train, "Share of the text that is trained on, from its beginning");
}

int train_text(int argc, char** argv) {
  TextFlags flags;
  flags.options.out = "runs/lm_text";
  apply_preset(preset_in(argc, argv, presets, presets.front()), flags);
  LmWords words(flags.lm);
  CommandLine line("Trains a language model on any text: a file, or the .txt files of a folder.", "lm_text");
  add_flags(line, flags, words);
  if (const auto code = parse(line, flags, argc, argv)) return *code;
  resolve(line, words, flags.lm);
  flags.corpus.cut = cut_from(flags.tokenizer);
  const auto asked = request(flags.lm)
                         .set("tokenizer", flags.tokenizer)
                         .set("vocabulary", flags.corpus.vocabulary)
                         .set("train_share", flags.corpus.train);
  return run_trainer("lm_text", flags, asked, [&] {
    auto corpus = load_text_corpus(text_path(flags.options.data), flags.corpus);
    if (flags.style() != ProgressStyle::none)
      std::cerr << "tokens: training " << corpus.train.tokens.size() << ", validation "
                << corpus.validation.tokens.size() - 1 << "; vocabulary " << corpus.tokenizer->size() << "\n";
    return std::make_unique<LmTask>(std::move(corpus), flags.lm, flags.options);
  });
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("lm_text", [&] { return train_text(argc, argv); });
}
