#include "options.hpp"

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

void add_model_flags(CLI::App& app, LmOptions& o, LmWords& words) {
  auto& m = o.lstm;
  add_count(app, "--embedding", m.embedding, "Width of a token's vector", 1, widest);
  add_count(app, "--hidden", m.hidden, "Width of a layer", 1, widest);
  add_count(app, "--layers", m.layers, "Layers", 1, 1000);
  app.add_option("--output", words.output, "Output layer: tied, linear or adaptive")
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--cutoffs", m.cutoffs, "Where the adaptive softmax cuts the tokens by rank: 2000,10000")
      ->delimiter(',')
      ->type_name("N,...");
  add_number(app, "--dropout-words", m.dropout.words, "Probability that a token's vector is left out wherever it is");
  add_number(app, "--dropout-input", m.dropout.input, "Dropout of embeddings, one mask for all times");
  add_number(app, "--dropout-between", m.dropout.between, "Dropout between layers, one mask for all times");
  add_number(app, "--dropout-output", m.dropout.output, "Dropout of the last layer, one mask for all times");
  add_number(app, "--weight-drop", m.dropout.weights, "Dropout of recurrent weights");
}

void add_training_flags(CLI::App& app, LmOptions& o) {
  add_count(app, "--length", o.length, "Tokens of a training window", 1, widest);
  add_count(app, "--sampled", o.sampled, "Classes of a step's softmax; 0: all", 0, longest);
  add_count(app, "--frequent", o.frequent, "Of them, the most frequent, which are always there", 0, longest);
  add_number(app, "--activation", o.penalty.activation, "Weight of the outputs' mean square in the loss");
  add_number(app, "--difference", o.penalty.difference, "Weight of the mean square of their changes");
  add_number(app, "--clip", o.clip, "Largest norm of the gradients; 0: any");
  add_number(app, "--beta1", o.beta1, "Adam's decay of the mean");
  add_number(app, "--beta2", o.beta2, "Adam's decay of the mean square");
  add_number(app, "--weight-decay", o.weight_decay, "Decay of matrices, decoupled");
  add_count(app, "--warmup", o.warmup, "Updates over which the learning rate grows", 0, longest);
}

void add_measuring_flags(CLI::App& app, LmOptions& o) {
  add_count(app, "--valid-tokens", o.valid_tokens, "Validation tokens measured after an epoch; 0: all", 0, longest);
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
  add_number(app, "--temperature", o.temperature, "Of samples; 0: always the most probable token");
  add_count(app, "--top-k", o.top_k, "Samples are made of so many of the most probable tokens; 0: all", 0, longest);
}

void check_range(const char* flag, double x, double low, double high) {
  if (x >= low && x <= high) return;
  throw ConfigError(std::string(flag) + ": expected a number from " + std::to_string(low) + " to " +
                    std::to_string(high) + ", found " + std::to_string(x));
}
}  // namespace

void add_lm_flags(CLI::App& app, LmOptions& o, LmWords& words) {
  words.output = lstm_lm::name(o.lstm.output);
  add_model_flags(app, o, words);
  add_training_flags(app, o);
  add_measuring_flags(app, o);
}

void resolve(const LmWords& words, LmOptions& o) {
  constexpr double large = 1e6, below_one = 1 - 1e-9;
  o.lstm.output = lstm_lm::output_from(words.output);
  check_range("--activation", o.penalty.activation, 0, large);
  check_range("--difference", o.penalty.difference, 0, large);
  check_range("--clip", o.clip, 0, large);
  check_range("--beta1", o.beta1, 0, below_one);
  check_range("--beta2", o.beta2, 0, below_one);
  check_range("--weight-decay", o.weight_decay, 0, large);
  check_range("--temperature", o.temperature, 0, large);
  for (const double x : o.cache.thetas) check_range("--cache-theta", x, 0, large);
  for (const double x : o.cache.lambdas) check_range("--cache-lambda", x, 0, below_one);
  if (o.cache.window > 0 && (o.cache.thetas.empty() || o.cache.lambdas.empty()))
    throw ConfigError("--cache-window: expected values for --cache-theta and --cache-lambda, found none");
  if (o.sampled == 1) throw ConfigError("--sampled: expected 0 or at least 2, found 1");
  if (o.prompt.empty()) throw ConfigError("--prompt: expected a text, found none");
}

train::Record request(const LmOptions& o) {
  const auto list = [](const std::vector<double>& values) {
    std::string text;
    for (const double x : values) text += (text.empty() ? "" : ",") + train::Record().set("x", x).json().substr(5);
    std::erase(text, '}');
    return text;
  };
  const auto& m = o.lstm;
  return train::Record()
      .set("embedding", m.embedding)
      .set("hidden", m.hidden)
      .set("layers", m.layers)
      .set("output", lstm_lm::name(m.output))
      .set("cutoffs", std::vector<std::int64_t>(m.cutoffs.begin(), m.cutoffs.end()))
      .set("dropout_words", m.dropout.words)
      .set("dropout_input", m.dropout.input)
      .set("dropout_between", m.dropout.between)
      .set("dropout_output", m.dropout.output)
      .set("weight_drop", m.dropout.weights)
      .set("length", o.length)
      .set("sampled", o.sampled)
      .set("frequent", o.frequent)
      .set("activation", o.penalty.activation)
      .set("difference", o.penalty.difference)
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
      .set("temperature", o.temperature)
      .set("top_k", o.top_k);
}

}  // namespace atelier::programs
