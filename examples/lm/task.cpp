#include "task.hpp"

#include "atelier/io/durable_file.hpp"
#include "gpt_learner.hpp"
#include "lstm_learner.hpp"

namespace atelier::programs {

namespace {
/// The figures of a part of the text, under names that begin with the part's.
void add_figures(train::Record& metrics, const std::string& name, const metrics::TextLikelihood& l) {
  if (l.words > 0) metrics.set(name + "_ppl", l.word_perplexity());
  metrics.set(name + "_token_ppl", l.token_perplexity());
  if (l.words == 0 && l.characters > 0) metrics.set(name + "_nats_per_char", l.nats_per_character());
  if (l.bytes > 0) metrics.set(name + "_bits_per_byte", l.bits_per_byte());
}

Tokens first_part(const TextPart& part, Index tokens) {
  const Tokens all(part.tokens);
  return tokens > 0 ? all.first(std::min(all.size(), static_cast<std::size_t>(tokens) + 1)) : all;
}

data::TokenIds encoded(const data::Tokenizer& tokenizer, const std::string& text, const char* flag) try {
  const auto ids = tokenizer.encode(text);
  if (ids.empty()) throw Error("expected a text with tokens, found none");
  return ids;
} catch (const Error& error) {
  throw ConfigError(std::string(flag) + ": " + error.what());
}

std::vector<std::int32_t> unknown_token(const data::Tokenizer& tokenizer) {
  const auto id = tokenizer.vocabulary().find("<unk>");
  return id && tokenizer.kind() == "word" ? std::vector{*id} : std::vector<std::int32_t>{};
}
}  // namespace

std::unique_ptr<Learner> make_learner(const Corpus& corpus, const LmOptions& o, const train::Options& run) {
  if (o.model == ModelKind::gpt) return std::make_unique<GptLearner>(corpus, o, run);
  return std::make_unique<LstmLearner>(corpus, o, run);
}

LmTask::LmTask(Corpus corpus, const LmOptions& o, const train::Options& run)
    : options_(o), run_(run), corpus_(std::move(corpus)), learner_(make_learner(corpus_, o, run)), cache_(o.cache) {
  encoded(*corpus_.tokenizer, o.prompt, "--prompt");
  if (!o.attention_map.empty()) encoded(*corpus_.tokenizer, o.attention_map, "--attention-map");
  if (!learner_->has_cache()) cache_.window = 0;
}

void LmTask::write_files(const std::filesystem::path& folder) const {
  corpus_.tokenizer->save(folder / "tokenizer.json");
}

train::Record LmTask::evaluate() {
  const auto text = first_part(corpus_.validation, options_.valid_tokens);
  const auto targets = static_cast<Index>(text.size()) - 1;
  const auto measured = learner_->measure(text, {}, {});
  train::Record metrics;
  metrics.set("val_nats", measured->nats / static_cast<double>(targets));
  const auto likelihood = corpus_.validation.likelihood(measured->nats, targets);
  add_figures(metrics, "val", likelihood);
  return metrics.set("sample", continued());
}

std::string LmTask::continued() const {
  const auto& tokenizer = *corpus_.tokenizer;
  const auto prompt = encoded(tokenizer, options_.prompt, "--prompt");
  auto sampling = options_.sampling;
  sampling.never = unknown_token(tokenizer);
  auto text = prompt;
  const auto more = learner_->sample(prompt, options_.sample_tokens, sampling, Rng(run_.seed).fork("sample"));
  text.insert(text.end(), more.begin(), more.end());
  return tokenizer.decode(text);
}

void LmTask::sample(const std::filesystem::path& folder, Index step) {
  const auto name = train::step_name(step);
  io::write_durable(folder / (name + ".txt"), continued() + "\n");
  if (options_.attention_map.empty()) return;
  learner_->draw_attention(encoded(*corpus_.tokenizer, options_.attention_map, "--attention-map"),
                           folder / (name + "-attention.png"));
}

void LmTask::choose_cache(const Measured& measured) {
  const auto best = std::min_element(measured.cached.begin(), measured.cached.end()) - measured.cached.begin();
  const auto lambdas = static_cast<std::ptrdiff_t>(cache_.lambdas.size());
  cache_.thetas = {cache_.thetas[static_cast<std::size_t>(best / lambdas)]};
  cache_.lambdas = {cache_.lambdas[static_cast<std::size_t>(best % lambdas)]};
}

bool LmTask::measure(const TextPart& part, const std::string& name, double share, const train::Proceed& proceed,
                     train::Record& metrics) {
  const auto limit = static_cast<Index>(share * static_cast<double>(part.tokens.size())) + 1;
  const auto text = share < 1 ? first_part(part, limit) : Tokens(part.tokens);
  const auto measured = learner_->measure(text, cache_, proceed);
  if (!measured) return false;
  const auto figures = part.likelihood(measured->nats, static_cast<Index>(text.size()) - 1);
  add_figures(metrics, name, figures);
  lines_.push_back(name + ": " + figures.line());
  if (cache_.window == 0) return true;
  const auto best = *std::min_element(measured->cached.begin(), measured->cached.end());
  if (share == 1) choose_cache(*measured);
  const auto cached = part.likelihood(best, figures.tokens);
  metrics.set(name + (cached.words ? "_ppl_cache" : "_token_ppl_cache"),
              cached.words ? cached.word_perplexity() : cached.token_perplexity());
  lines_.push_back(name + " with cache: " + cached.line());
  return true;
}

std::optional<train::Record> LmTask::finish(double share, const train::Proceed& proceed) {
  train::Record metrics;
  cache_ = learner_->has_cache() ? options_.cache : CacheGrid{};
  lines_.clear();
  const auto half = [&](double first) -> train::Proceed {
    if (!proceed) return {};
    return [=](double done) { return proceed(first + done / 2); };
  };
  if (!measure(corpus_.validation, "val", share, half(0), metrics)) return std::nullopt;
  if (!corpus_.test.empty() && !measure(corpus_.test, "test", share, half(0.5), metrics)) return std::nullopt;
  if (cache_.window > 0 && share == 1)
    metrics.set("cache_theta", cache_.thetas[0]).set("cache_lambda", cache_.lambdas[0]);
  return metrics;
}

train::Record LmTask::config() const {
  return train::Record().set("model", model_config()).set("data_sha256", corpus_.checksums);
}

std::string LmTask::protocol() const {
  std::string text;
  for (const auto& line : lines_) text += line + "; ";
  text += corpus_.protocol + "; " + learner_->protocol();
  if (cache_.window > 0 && cache_.thetas.size() == 1)
    text += "; continuous cache of " + std::to_string(cache_.window) +
            " tokens, theta and lambda chosen on the validation split";
  return text;
}

}  // namespace atelier::programs
