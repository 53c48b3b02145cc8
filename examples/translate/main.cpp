// Trains a translator on pairs of sentences, or on a toy: copying or reversing strings of symbols.
//   translate --data PAIRS.tsv --out runs/translate --minutes 10
//   translate --task reverse --out runs/reverse --epochs 10
#include "atelier/core/option.hpp"
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

void add_data_flags(CommandLine& line, TranslateFlags& f) {
  auto& c = f.translate.corpus;
  line.option("--task NAME", f.task, "pairs: sentences of a file; copy, reverse: strings of 50 symbols");
  line.option("--vocabulary N", c.vocabulary, "Tokens of each language's byte-pair encoding").between(260, widest);
  line.option("--validation X", c.validation, "Share of the pairs that is held out");
  line.option("--pairs N", c.pairs, "Pairs that are read or made up; 0: all, or 20,000").between(0, most);
  line.flag("--swap", c.swap, "Translate the second column into the first");
  line.flag("--skip-bad-lines", f.skip_bad_lines, "Pass over lines that are no pair, instead of refusing the file");
}

void add_model_flags(CommandLine& line, TranslateOptions& o) {
  auto& d = o.model.decoder;
  line.option("--width N", d.width, "Width of the layers").between(1, widest);
  line.option("--heads N", d.heads, "Heads of attention").between(1, widest);
  line.option("--layers N", d.layers, "Layers of the decoder").between(1, 1000);
  line.option("--encoder-layers N", o.model.encoder_layers, "Layers of the encoder").between(1, 1000);
  line.option("--context N", d.context, "Most tokens of a sentence, marks included").between(2, widest);
  line.option("--dropout X", d.dropout.residual, "Dropout of embeddings, attention and what blocks add");
  line.option("--label-smoothing X", o.label_smoothing, "Share of the target that goes to all tokens");
  line.option("--weight-decay X", o.weight_decay, "Decay of matrices, decoupled");
  line.option("--beta2 X", o.beta2, "Adam's decay of the mean square");
  line.option("--clip X", o.clip, "Largest norm of the gradients; 0: any");
  line.option("--warmup N", o.warmup, "Updates over which the learning rate grows").between(0, most);
  line.option("--beams N", o.beams, "Beams of the final evaluation; 1: greedy").between(1, 1000);
  line.option("--length-penalty X", o.length_penalty,
              "Power of the length that a translation's log-probability is over");
  line.option("--valid-pairs N", o.valid_pairs, "Sources translated after an epoch; 0: all that are held out")
      .between(0, most);
  line.option("--attention-map TEXT", o.attention_map, "A sentence whose attention is drawn into samples/");
}

void resolve(TranslateFlags& f) {
  auto& o = f.translate;
  o.corpus.job = pair_job_from(f.task);
  o.corpus.bad_lines = f.skip_bad_lines ? data::BadLines::skip : data::BadLines::refuse;
  const double p = o.model.decoder.dropout.residual;
  check_share("--dropout", p);
  o.model.decoder.dropout = transformer::Dropouts::all(p);
  check_up_to("--label-smoothing", o.label_smoothing, 1);
  check_option("--weight-decay", o.weight_decay);
  check_share("--beta2", o.beta2);
  check_option("--clip", o.clip);
  check_up_to("--length-penalty", o.length_penalty, 10);
}

int train_translator(int argc, char** argv) {
  TranslateFlags flags;
  flags.options.out = "runs/translate";
  apply_preset(flags);
  CommandLine line("Trains a translator on pairs of sentences, or on strings of symbols.", "translate");
  add_shared_flags(line, flags, presets);
  add_data_flags(line, flags);
  add_model_flags(line, flags.translate);
  if (const auto code = parse(line, flags, argc, argv)) return *code;
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
