#include "options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>

namespace atelier::programs {

namespace {
constexpr std::int64_t widest = 1'000'000, longest = 1'000'000'000;

CLI::Option* add_number(CLI::App& app, const char* flag, double& x, const char* what) {
  return app.add_option(flag, x, what)->type_name("X")->capture_default_str();
}
CLI::Option* add_count(CLI::App& app, const char* flag, Index& n, const char* what, std::int64_t low,
                       std::int64_t high) {
  return app.add_option(flag, n, what)->check(within(low, high))->type_name("N")->capture_default_str();
}

CLI::Option* add_word(CLI::App& app, const char* flag, std::string& word, const char* what) {
  return app.add_option(flag, word, what)->type_name("NAME")->capture_default_str();
}

void add_lstm_flags(CLI::App& app, LmOptions& o, LmWords& words) {
  auto& m = o.lstm;
  add_count(app, "--embedding", m.embedding, "lstm: width of a token's vector", 1, widest);
  add_count(app, "--hidden", m.hidden, "lstm: width of a layer", 1, widest);
  add_word(app, "--output", words.output, "lstm: output layer: tied, linear or adaptive");
  app.add_option("--cutoffs", m.cutoffs, "lstm: where the adaptive softmax cuts the tokens by rank: 2000,10000")
      ->delimiter(',')
      ->type_name("N,...");
  add_number(app, "--dropout-input", m.dropout.input, "lstm: dropout of embeddings, one mask for all times");
  add_number(app, "--dropout-between", m.dropout.between, "lstm: dropout between layers, one mask for all times");
  add_number(app, "--dropout-output", m.dropout.output, "lstm: dropout of the last layer, one mask for all times");
  add_number(app, "--weight-drop", m.dropout.weights, "lstm: dropout of recurrent weights");
  add_number(app, "--activation", o.penalty.activation, "lstm: weight of the outputs' mean square in the loss");
  add_number(app, "--difference", o.penalty.difference, "lstm: weight of the mean square of their changes");
}

void add_gpt_flags(CLI::App& app, LmOptions& o, LmWords& words) {
  auto& m = o.gpt;
  add_count(app, "--width", m.width, "gpt: width of a token's vector and of the layers", 1, widest);
  add_count(app, "--heads", m.heads, "gpt: heads of attention", 1, widest);
  add_count(app, "--inner", m.inner, "gpt: width of the feed-forward network; 0: by the width", 0, widest);
  add_word(app, "--positions", words.positions, "gpt: learned, sinusoidal or rotary");
  add_word(app, "--norm", words.norm, "gpt: layer or rms");
  add_word(app, "--unit", words.unit, "gpt: gelu, gelu_tanh or swiglu");
  app.add_flag("!--post-norm", m.pre_norm, "gpt: normalise what a block has added to, not what it reads");
  app.add_flag("!--untied", m.tied, "gpt: an output layer of its own");
  add_number(app, "--dropout-embedding", m.dropout.embedding, "gpt: dropout of the embedded input");
  add_number(app, "--dropout-attention", m.dropout.attention, "gpt: dropout of attention weights");
  add_number(app, "--dropout-residual", m.dropout.residual, "gpt: dropout of what a block adds");
  add_count(app, "--stride", o.stride,
            o.windows_apart ? "gpt: step of the windows when it is measured; 0: a window"
                            : "gpt: step of the windows when it is measured; 0: half a window",
            0, widest);
}

void add_model_flags(CLI::App& app, LmOptions& o, LmWords& words) {
  add_word(app, "--model", words.model, "lstm: recurrent, with a carried state; gpt: Transformer");
  add_count(app, "--layers", o.layers, "Layers", 1, 1000);
  add_number(app, "--dropout-words", o.dropout_words, "Probability that a token's vector is left out wherever it is");
  add_lstm_flags(app, o, words);
  add_gpt_flags(app, o, words);
}

void add_training_flags(CLI::App& app, LmOptions& o) {
  add_count(app, "--length", o.length, "Tokens of a training window", 1, widest);
  add_count(app, "--sampled", o.sampled, "Classes of a step's softmax; 0: all", 0, longest);
  add_count(app, "--frequent", o.frequent, "Of them, the most frequent, which are always there", 0, longest);
  add_number(app, "--clip", o.clip, "Largest norm of the gradients; 0: any");
  add_number(app, "--beta1", o.beta1, "Adam's decay of the mean");
  add_number(app, "--beta2", o.beta2, "Adam's decay of the mean square");
  add_number(app, "--weight-decay", o.weight_decay, "Decay of matrices, decoupled");
  add_count(app, "--warmup", o.warmup, "Updates over which the learning rate grows", 0, longest);
}

void add_measuring_flags(CLI::App& app, LmOptions& o) {
  add_count(app, "--valid-tokens", o.valid_tokens, "Validation tokens measured after an epoch; 0: all", 0, longest);
  add_count(app, "--windows", o.windows,
            "lstm: measured in windows of so many tokens, each from a state of zeros; 0: the state is carried", 0,
            widest);
  add_count(app, "--cache-window", o.cache.window, "Tokens that the continuous cache remembers; 0: no cache", 0,
            widest);
  app.add_option("--cache-theta", o.cache.thetas, "Flatness of the cache: candidates, chosen on the validation split")
      ->delimiter(',')
      ->type_name("X,...")
      ->capture_default_str();
  app.add_option("--cache-lambda", o.cache.lambdas, "Weight of the cache: candidates")
      ->delimiter(',')
      ->type_name("X,...")
      ->capture_default_str();
  app.add_option("--prompt", o.prompt, "What samples continue")->type_name("TEXT");
  add_count(app, "--sample-tokens", o.sample_tokens, "Tokens of a sample", 0, 100'000);
  add_number(app, "--temperature", o.sampling.temperature, "Of samples; 0: always the most probable token");
  add_count(app, "--top-k", o.sampling.top_k, "Samples are made of so many of the likeliest tokens; 0: all", 0,
            longest);
  add_number(app, "--top-p", o.sampling.top_p, "Samples are made of the likeliest tokens of so much probability");
  app.add_option("--attention-map", o.attention_map, "gpt: a text whose attention is drawn into samples/")
      ->type_name("TEXT");
}

void check_range(const char* flag, double x, double low, double high) {
  if (x >= low && x <= high) return;
  throw ConfigError(std::string(flag) + ": expected a number from " + std::to_string(low) + " to " +
                    std::to_string(high) + ", found " + std::to_string(x));
}
}  // namespace

LmWords::LmWords(const LmOptions& o)
    : model(o.model == ModelKind::gpt ? "gpt" : "lstm"),
      output(lstm_lm::name(o.lstm.output)),
      positions(transformer::name(o.gpt.positions)),
      norm(transformer::name(o.gpt.norm)),
      unit(transformer::name(o.gpt.unit)) {}

void add_lm_flags(CLI::App& app, LmOptions& o, LmWords& words) {
  add_model_flags(app, o, words);
  add_training_flags(app, o);
  add_measuring_flags(app, o);
}

void resolve(const LmWords& words, LmOptions& o) {
  constexpr double large = 1e6, below_one = 1 - 1e-9;
  if (words.model != "lstm" && words.model != "gpt")
    throw ConfigError("--model: expected lstm or gpt, found '" + words.model + "'");
  o.model = words.model == "gpt" ? ModelKind::gpt : ModelKind::lstm;
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
  check_range("--activation", o.penalty.activation, 0, large);
  check_range("--difference", o.penalty.difference, 0, large);
  check_range("--clip", o.clip, 0, large);
  check_range("--beta1", o.beta1, 0, below_one);
  check_range("--beta2", o.beta2, 0, below_one);
  check_range("--weight-decay", o.weight_decay, 0, large);
  o.sampling.check();
  if (!o.attention_map.empty() && o.model == ModelKind::lstm)
    throw ConfigError("--attention-map: expected a model with attention, found --model lstm");
  for (const double x : o.cache.thetas) check_range("--cache-theta", x, 0, large);
  for (const double x : o.cache.lambdas) check_range("--cache-lambda", x, 0, below_one);
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
