#include "options.hpp"

#include <algorithm>

#include "atelier/core/option.hpp"

namespace atelier::programs {

namespace {
constexpr std::int64_t widest = 1'000'000, longest = 1'000'000'000;

void add_lstm_flags(CommandLine& line, LmOptions& o, LmWords& words) {
  auto& m = o.lstm;
  line.option("--embedding N", m.embedding, "lstm: width of a token's vector").between(1, widest);
  line.option("--hidden N", m.hidden, "lstm: width of a layer").between(1, widest);
  line.option("--output NAME", words.output, "lstm: output layer: tied, linear or adaptive");
  line.option("--cutoffs N,...", m.cutoffs, "lstm: where the adaptive softmax cuts the tokens by rank: 2000,10000")
      .hide_default();
  line.option("--dropout-input X", m.dropout.input, "lstm: dropout of embeddings, one mask for all times");
  line.option("--dropout-between X", m.dropout.between, "lstm: dropout between layers, one mask for all times");
  line.option("--dropout-output X", m.dropout.output, "lstm: dropout of the last layer, one mask for all times");
  line.option("--weight-drop X", m.dropout.weights, "lstm: dropout of recurrent weights");
  line.option("--activation X", o.penalty.activation, "lstm: weight of the outputs' mean square in the loss");
  line.option("--difference X", o.penalty.difference, "lstm: weight of the mean square of their changes");
}

void add_gpt_flags(CommandLine& line, LmOptions& o, LmWords& words) {
  auto& m = o.gpt;
  line.option("--width N", m.width, "gpt: width of a token's vector and of the layers").between(1, widest);
  line.option("--heads N", m.heads, "gpt: heads of attention").between(1, widest);
  line.option("--inner N", m.inner, "gpt: width of the feed-forward network; 0: by the width").between(0, widest);
  line.option("--positions NAME", words.positions, "gpt: learned, sinusoidal or rotary");
  line.option("--norm NAME", words.norm, "gpt: layer or rms");
  line.option("--unit NAME", words.unit, "gpt: gelu, gelu_tanh or swiglu");
  line.flag("!--post-norm", m.pre_norm, "gpt: normalise what a block has added to, not what it reads");
  line.flag("!--untied", m.tied, "gpt: an output layer of its own");
  line.option("--dropout-embedding X", m.dropout.embedding, "gpt: dropout of the embedded input");
  line.option("--dropout-attention X", m.dropout.attention, "gpt: dropout of attention weights");
  line.option("--dropout-residual X", m.dropout.residual, "gpt: dropout of what a block adds");
  line.option("--stride N", o.stride,
              o.windows_apart ? "gpt: step of the windows when it is measured; 0: a window"
                              : "gpt: step of the windows when it is measured; 0: half a window")
      .between(0, widest);
}

void add_model_flags(CommandLine& line, LmOptions& o, LmWords& words) {
  line.option("--model NAME", words.model, "Recurrent, with a carried state (lstm), or a Transformer (gpt)");
  line.option("--layers N", o.layers, "Layers").between(1, 1000);
  line.option("--dropout-words X", o.dropout_words, "Probability that a token's vector is left out wherever it is");
  add_lstm_flags(line, o, words);
  add_gpt_flags(line, o, words);
}

void add_training_flags(CommandLine& line, LmOptions& o) {
  line.option("--length N", o.length, "Tokens of a training window").between(1, widest);
  line.option("--sampled N", o.sampled, "Classes of a step's softmax; 0: all").between(0, longest);
  line.option("--frequent N", o.frequent, "Of them, the most frequent, which are always there").between(0, longest);
  line.option("--clip X", o.clip, "Largest norm of the gradients; 0: any");
  line.option("--beta1 X", o.beta1, "Adam's decay of the mean");
  line.option("--beta2 X", o.beta2, "Adam's decay of the mean square");
  line.option("--weight-decay X", o.weight_decay, "Decay of matrices, decoupled");
  line.option("--warmup N", o.warmup, "Updates over which the learning rate grows").between(0, longest);
}

void add_measuring_flags(CommandLine& line, LmOptions& o) {
  line.option("--valid-tokens N", o.valid_tokens, "Validation tokens measured after an epoch; 0: all")
      .between(0, longest);
  line.option("--windows N", o.windows,
              "lstm: measured in windows of so many tokens, each from a state of zeros; 0: the state is carried")
      .between(0, widest);
  line.option("--cache-window N", o.cache.window, "Tokens that the continuous cache remembers; 0: no cache")
      .between(0, widest);
  line.option("--cache-theta X,...", o.cache.thetas,
              "Flatness of the cache: candidates, chosen on the validation split");
  line.option("--cache-lambda X,...", o.cache.lambdas, "Weight of the cache: candidates");
  line.option("--prompt TEXT", o.prompt, "What samples continue").hide_default();
  line.option("--sample-tokens N", o.sample_tokens, "Tokens of a sample").between(0, 100'000);
  line.option("--temperature X", o.sampling.temperature, "Of samples; 0: always the most probable token");
  line.option("--top-k N", o.sampling.top_k, "Samples are made of so many of the likeliest tokens; 0: all")
      .between(0, longest);
  line.option("--top-p X", o.sampling.top_p, "Samples are made of the likeliest tokens of so much probability");
  line.option("--attention-map TEXT", o.attention_map, "gpt: a text whose attention is drawn into samples/");
}
}  // namespace

LmWords::LmWords(const LmOptions& o)
    : model(o.model == ModelKind::gpt ? "gpt" : "lstm"),
      output(lstm_lm::name(o.lstm.output)),
      positions(transformer::name(o.gpt.positions)),
      norm(transformer::name(o.gpt.norm)),
      unit(transformer::name(o.gpt.unit)) {}

void add_lm_flags(CommandLine& line, LmOptions& o, LmWords& words) {
  add_model_flags(line, o, words);
  add_training_flags(line, o);
  add_measuring_flags(line, o);
}

void resolve(const CommandLine& line, const LmWords& words, LmOptions& o) {
  if (words.model != "lstm" && words.model != "gpt")
    throw ConfigError("--model: expected lstm or gpt, found '" + words.model + "'");
  o.model = words.model == "gpt" ? ModelKind::gpt : ModelKind::lstm;
  const std::string other = o.model == ModelKind::gpt ? "lstm" : "gpt";
  for (const auto& flag : line.given(other + ":"))
    throw ConfigError(flag + ": expected --model " + other + ", found --model " + words.model);
  o.lstm.output = lstm_lm::output_from(words.output);
  o.gpt.positions = transformer::positions_from(words.positions);
  o.gpt.norm = transformer::normalisation_from(words.norm);
  o.gpt.unit = transformer::unit_from(words.unit);
  o.lstm.layers = o.gpt.layers = o.layers;
  o.lstm.dropout.words = o.gpt.dropout.words = o.dropout_words;
  o.gpt.context = o.length;
  if (o.stride == 0) o.stride = o.windows_apart ? o.length : std::max<Index>(1, o.length / 2);
  if (o.stride > o.length)
    throw ConfigError("--stride: expected at most --length " + std::to_string(o.length) + ", found " +
                      std::to_string(o.stride));
  if (o.windows && o.cache.window)
    throw ConfigError("--windows: expected no --cache-window, found " + std::to_string(o.cache.window) +
                      "; a cache is carried through the text");
  check_option("--activation", o.penalty.activation);
  check_option("--difference", o.penalty.difference);
  check_option("--clip", o.clip);
  check_share("--beta1", o.beta1);
  check_share("--beta2", o.beta2);
  check_option("--weight-decay", o.weight_decay);
  o.sampling.check();
  for (const double x : o.cache.thetas) check_up_to("--cache-theta", x, 1e6);
  for (const double x : o.cache.lambdas) check_share("--cache-lambda", x);
  if (o.cache.window > 0 && (o.cache.thetas.empty() || o.cache.lambdas.empty()))
    throw ConfigError("--cache-window: expected values for --cache-theta and --cache-lambda, found none");
  if (o.sampled == 1) throw ConfigError("--sampled: expected 0 or at least 2, found 1");
  if (o.prompt.empty()) throw ConfigError("--prompt: expected a text, found none");
}

void apply_gpt(const transformer::Preset& preset, train::Options& run, LmOptions& o) {
  constexpr Index usual_warmup = 200;
  o.model = ModelKind::gpt;
  o.gpt = preset.model;
  o.layers = o.gpt.layers;
  o.dropout_words = o.gpt.dropout.words;
  o.length = o.gpt.context;
  run.batch = preset.batch;
  run.lr = preset.optimizer.lr;
  o.beta2 = preset.optimizer.beta2;
  o.weight_decay = preset.optimizer.weight_decay;
  o.clip = preset.optimizer.clip_norm;
  o.warmup = usual_warmup;
}

train::Record request(const LmOptions& o) {
  const auto list = [](const std::vector<double>& values) {
    std::string text;
    for (const double x : values) text += (text.empty() ? "" : ",") + train::Record().set("x", x).json().substr(5);
    std::erase(text, '}');
    return text;
  };
  const auto& m = o.lstm;
  train::Record asked;
  asked.set("model_kind", o.model == ModelKind::gpt ? "gpt" : "lstm").set("layers", o.layers);
  asked.set("dropout_words", o.dropout_words);
  if (o.model == ModelKind::lstm)
    asked.set("embedding", m.embedding)
        .set("hidden", m.hidden)
        .set("output", lstm_lm::name(m.output))
        .set("cutoffs", std::vector<std::int64_t>(m.cutoffs.begin(), m.cutoffs.end()))
        .set("dropout_input", m.dropout.input)
        .set("dropout_between", m.dropout.between)
        .set("dropout_output", m.dropout.output)
        .set("weight_drop", m.dropout.weights)
        .set("activation", o.penalty.activation)
        .set("difference", o.penalty.difference)
        .set("windows", o.windows);
  else
    asked.set("gpt", train::Record::parse(transformer::to_json(o.gpt), "gpt")).set("stride", o.stride);
  return asked.set("length", o.length)
      .set("sampled", o.sampled)
      .set("frequent", o.frequent)
      .set("clip", o.clip)
      .set("beta1", o.beta1)
      .set("beta2", o.beta2)
      .set("weight_decay", o.weight_decay)
      .set("warmup", o.warmup)
      .set("valid_tokens", o.valid_tokens)
      .set("cache_window", o.cache.window)
      .set("cache_theta", list(o.cache.thetas))
      .set("cache_lambda", list(o.cache.lambdas))
      .set("prompt", o.prompt)
      .set("sample_tokens", o.sample_tokens)
      .set("temperature", o.sampling.temperature)
      .set("top_k", o.sampling.top_k)
      .set("top_p", o.sampling.top_p)
      .set("attention_map", o.attention_map);
}

}  // namespace atelier::programs
