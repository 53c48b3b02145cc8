// Trains a translator on pairs of sentences, or on a toy: copying or reversing strings of symbols.
//   translate --data PAIRS.tsv --out runs/translate --minutes 10
//   translate --task reverse --out runs/reverse --epochs 10
#include <CLI/CLI.hpp>

#include "program.hpp"
#include "task.hpp"
#include "trainer.hpp"

using namespace atelier;
using namespace atelier::programs;

namespace {

const std::vector<std::string> presets = {"seq2seq_seed"};
constexpr std::int64_t widest = 1'000'000, most = 1'000'000'000;

struct TranslateFlags : Flags {
  TranslateOptions translate;
  std::string task = "pairs";
  bool skip_bad_lines = false;
};

void apply_preset(TranslateFlags& f) {
  const auto preset = transformer::seq2seq_seed(1, 1);
  f.options.preset = "seq2seq_seed";
  f.options.batch = preset.batch;
  f.options.lr = preset.optimizer.lr;
  f.precision = "medium";
  f.schedule = "cosine";
  f.usual_length = {.epochs = 20};
  auto& o = f.translate;
  o.model = preset.model;
  o.label_smoothing = preset.label_smoothing;
  o.weight_decay = preset.optimizer.weight_decay;
  o.clip = preset.optimizer.clip_norm;
}

void add_data_flags(CLI::App& app, TranslateFlags& f) {
  auto& c = f.translate.corpus;
  const auto count = [&](const char* flag, auto& n, const char* what, std::int64_t low, std::int64_t high) {
    app.add_option(flag, n, what)->check(within(low, high))->type_name("N")->capture_default_str();
  };
  app.add_option("--task", f.task, "pairs: sentences of a file; copy, reverse: strings of 50 symbols")
      ->type_name("NAME")
      ->capture_default_str();
  count("--vocabulary", c.vocabulary, "Tokens of each language's byte-pair encoding", 260, widest);
  app.add_option("--validation", c.validation, "Share of the pairs that is held out")
      ->type_name("X")
      ->capture_default_str();
  count("--pairs", c.pairs, "Pairs that are read or made up; 0: all, or 20,000", 0, most);
  app.add_flag("--swap", c.swap, "Translate the second column into the first");
  app.add_flag("--skip-bad-lines", f.skip_bad_lines, "Pass over lines that are no pair, instead of refusing the file");
}

void add_model_flags(CLI::App& app, TranslateOptions& o) {
  const auto count = [&](const char* flag, Index& n, const char* what, std::int64_t low, std::int64_t high) {
    app.add_option(flag, n, what)->check(within(low, high))->type_name("N")->capture_default_str();
  };
  const auto number = [&](const char* flag, double& x, const char* what) {
    app.add_option(flag, x, what)->type_name("X")->capture_default_str();
  };
  auto& d = o.model.decoder;
  count("--width", d.width, "Width of the layers", 1, widest);
  count("--heads", d.heads, "Heads of attention", 1, widest);
  count("--layers", d.layers, "Layers of the decoder", 1, 1000);
  count("--encoder-layers", o.model.encoder_layers, "Layers of the encoder", 1, 1000);
  count("--context", d.context, "Most tokens of a sentence, marks included", 2, widest);
  number("--dropout", d.dropout.residual, "Dropout of embeddings, attention and what blocks add");
  number("--label-smoothing", o.label_smoothing, "Share of the target that goes to all tokens");
  number("--weight-decay", o.weight_decay, "Decay of matrices, decoupled");
  number("--beta2", o.beta2, "Adam's decay of the mean square");
  number("--clip", o.clip, "Largest norm of the gradients; 0: any");
  count("--warmup", o.warmup, "Updates over which the learning rate grows", 0, most);
  count("--beams", o.beams, "Beams of the final evaluation; 1: greedy", 1, 1000);
  number("--length-penalty", o.length_penalty, "Power of the length that a translation's log-probability is over");
  count("--valid-pairs", o.valid_pairs, "Sources translated after an epoch; 0: all that are held out", 0, most);
  app.add_option("--attention-map", o.attention_map, "A sentence whose attention is drawn into samples/")
      ->type_name("TEXT");
}

void check(const char* flag, double x, double low, double high) {
  if (x >= low && x <= high) return;
  throw ConfigError(std::string(flag) + ": expected a number from " + std::to_string(low) + " to " +
                    std::to_string(high) + ", found " + std::to_string(x));
}

void resolve(TranslateFlags& f) {
  constexpr double large = 1e6, below_one = 1 - 1e-9;
  auto& o = f.translate;
  o.corpus.job = pair_job_from(f.task);
  o.corpus.bad_lines = f.skip_bad_lines ? data::BadLines::skip : data::BadLines::refuse;
  const double p = o.model.decoder.dropout.residual;
  check("--dropout", p, 0, below_one);
  o.model.decoder.dropout = transformer::Dropouts::all(p);
  check("--label-smoothing", o.label_smoothing, 0, 1);
  check("--weight-decay", o.weight_decay, 0, large);
  check("--beta2", o.beta2, 0, below_one);
  check("--clip", o.clip, 0, large);
  check("--length-penalty", o.length_penalty, 0, 10);
}

int train_translator(int argc, char** argv) {
  TranslateFlags flags;
  flags.options.out = "runs/translate";
  apply_preset(flags);
  CLI::App app("Trains a translator on pairs of sentences, or on strings of symbols.", "translate");
  add_shared_flags(app, flags, presets);
  add_data_flags(app, flags);
  add_model_flags(app, flags.translate);
  if (const auto code = parse(app, flags, argc, argv)) return *code;
  resolve(flags);
  return run_trainer("translate", flags, request(flags.translate), [&] {
    const auto& o = flags.translate;
    const auto path =
        o.corpus.job == PairJob::pairs ? data_folder(flags, "seq2seq") : std::filesystem::path(flags.task);
    auto corpus = load_pair_corpus(path, o.corpus, o.model.decoder.context, Rng(flags.options.seed).fork("corpus"));
    return std::make_unique<TranslateTask>(std::move(corpus), o, flags.options);
  });
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("translate", [&] { return train_translator(argc, argv); });
}
