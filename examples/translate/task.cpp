#include "task.hpp"

#include "atelier/io/durable_file.hpp"
#include "atelier/metrics/bleu.hpp"
#include "attention_pictures.hpp"

namespace atelier::programs {

namespace {
constexpr Index shown = 6;

transformer::Seq2Seq initialised(transformer::Seq2SeqConfig c, const PairCorpus& corpus, const Rng& rng) {
  c.source_vocabulary = corpus.sides.source.tokenizer->size();
  c.decoder.vocabulary = corpus.sides.target.tokenizer->size();
  transformer::Seq2Seq model(c);
  nn::init(model, rng);
  return model;
}

data::PairBatchOptions batch_options(const PairCorpus& corpus, Index batch) {
  const auto& s = corpus.sides.target;
  return {.batch = batch, .pad = s.pad, .begin = s.begin, .end = s.end};
}

data::PairBatches batches_of(const PairCorpus& corpus, Index batch, const Rng& rng) {
  if (corpus.sides.source.pad != corpus.sides.target.pad || corpus.sides.source.end != corpus.sides.target.end)
    throw ConfigError("--vocabulary: expected one that both languages fill, found " +
                      std::to_string(corpus.sides.source.tokenizer->size()) + " and " +
                      std::to_string(corpus.sides.target.tokenizer->size()) + " tokens; choose a smaller one");
  return {corpus.train, batch_options(corpus, batch), rng};
}

optim::AdamOptions adam_options(const TranslateOptions& o, double lr) {
  return {
      .lr = lr, .beta2 = o.beta2, .weight_decay = o.weight_decay, .decays = optim::matrices_only, .clip_norm = o.clip};
}
}  // namespace

TranslateTask::TranslateTask(PairCorpus corpus, const TranslateOptions& o, const train::Options& run)
    : options_(o),
      run_(run),
      corpus_(std::move(corpus)),
      rng_(run.seed),
      batches_(batches_of(corpus_, run.batch / run.accumulate, rng_.fork("batches"))),
      model_(initialised(o.model, corpus_, rng_.fork("init"))),
      adam_(model_, adam_options(o, run.lr)) {
  if (!o.attention_map.empty())
    sentence_tokens(corpus_.sides.source, o.attention_map, o.model.decoder.context, "--attention-map");
}

void TranslateTask::write_files(const std::filesystem::path& folder) const {
  corpus_.sides.source.tokenizer->save(folder / "source.json");
  corpus_.sides.target.tokenizer->save(folder / "target.json");
  io::write_durable(folder / "held_out.tsv", held_out());
}

std::string TranslateTask::held_out() const {
  std::string text;
  for (const auto& sentence : corpus_.validation) {
    text += sentence.text.source;
    for (const auto& reference : sentence.text.references) text += '\t' + reference;
    text += '\n';
  }
  return text;
}

train::Record TranslateTask::step(Index step, double lr_factor) {
  const PrecisionScope precision(run_.precision);
  const Rng rng = rng_.fork("step", static_cast<std::uint64_t>(step));
  const double warm = step < options_.warmup ? static_cast<double>(step + 1) / static_cast<double>(options_.warmup) : 1;
  adam_.learning_rate = run_.lr * lr_factor * warm;
  const transformer::LossOptions o{.label_smoothing = options_.label_smoothing, .ignore = corpus_.sides.target.pad};
  double loss = 0;
  for (Index k = 0; k < run_.accumulate; ++k) {
    const auto b = batches_(step * run_.accumulate + k);
    Rng drops = rng.fork("dropout", static_cast<std::uint64_t>(k));
    Tape tape;
    const auto l = transformer::loss(model_, b.source, b.source_lengths, b.decoder_input, b.decoder_target, o, &drops);
    adam_.accumulate(l);
    loss += static_cast<double>(l.item()) / static_cast<double>(run_.accumulate);
  }
  if (std::isfinite(loss)) adam_.step();
  return train::Record().set("loss", loss);
}

double TranslateTask::nats(Index count) const {
  std::vector<data::TokenPair> pairs;
  for (Index i = 0; i < count; ++i) pairs.push_back(corpus_.validation[static_cast<std::size_t>(i)].tokens);
  auto o = batch_options(corpus_, translated_together);
  o.shuffle = false;
  data::PairBatches batches(pairs, o, rng_);
  double sum = 0, tokens = 0;
  for (Index i = 0; i < batches.steps_per_epoch(); ++i) {
    const auto b = batches(i);
    double n = 0;
    for (const auto length : b.decoder_lengths.values()) n += length;
    const auto mean = transformer::loss(model_, b.source, b.source_lengths, b.decoder_input, b.decoder_target,
                                        {.ignore = corpus_.sides.target.pad});
    sum += n * static_cast<double>(mean.item());
    tokens += n;
  }
  return sum / tokens;
}

std::optional<std::vector<std::string>> TranslateTask::translations(Index count, Index beams,
                                                                    const train::Proceed& proceed) const {
  const PrecisionScope precision(run_.precision);
  std::vector<std::string> texts;
  for (Index begin = 0; begin < count; begin += translated_together) {
    if (proceed && !proceed(static_cast<double>(begin) / static_cast<double>(count))) return std::nullopt;
    std::vector<data::TokenIds> sources;
    for (Index i = begin; i < std::min(count, begin + translated_together); ++i)
      sources.push_back(corpus_.validation[static_cast<std::size_t>(i)].tokens.source);
    const auto found = programs::translations(model_, corpus_.sides, sources,
                                              {.beams = beams, .length_penalty = options_.length_penalty});
    texts.insert(texts.end(), found.begin(), found.end());
  }
  return texts;
}

train::Record TranslateTask::figures(const std::vector<std::string>& translations) const {
  if (options_.corpus.job != PairJob::pairs) {
    double right = 0;
    for (std::size_t i = 0; i < translations.size(); ++i)
      right += translations[i] == corpus_.validation[i].text.references.front();
    return train::Record().set("exact_match", right / static_cast<double>(translations.size()));
  }
  std::vector<std::vector<std::string>> references;
  for (std::size_t i = 0; i < translations.size(); ++i) references.push_back(corpus_.validation[i].text.references);
  return train::Record().set("bleu", metrics::corpus_bleu(translations, references).score);
}

std::string TranslateTask::examples(const std::vector<std::string>& translations) const {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(shown, translations.size()); ++i)
    text += corpus_.validation[i].text.source + "\n  -> " + translations[i] +
            "\n  =  " + corpus_.validation[i].text.references.front() + "\n";
  return text;
}

train::Record TranslateTask::evaluate() {
  const auto all = static_cast<Index>(corpus_.validation.size());
  const Index count = options_.valid_pairs > 0 ? std::min(all, options_.valid_pairs) : all;
  const auto found = translations(count, 1, {});
  train::Record metrics;
  metrics.set("val_nats", nats(count));
  const auto measured = figures(*found);
  for (const auto& [key, value] : measured.fields()) metrics.set("val_" + key, value);
  return metrics.set("sample", examples(*found));
}

std::optional<train::Record> TranslateTask::finish(double share, const train::Proceed& proceed) {
  const auto all = static_cast<double>(corpus_.validation.size());
  const auto count = std::max<Index>(1, static_cast<Index>(share * all));
  const auto found = translations(count, options_.beams, proceed);
  if (!found) return std::nullopt;
  return train::Record().set("val_nats", nats(count)).merge(figures(*found));
}

void TranslateTask::draw_attention(const std::filesystem::path& file) const {
  const auto context = options_.model.decoder.context;
  const std::vector<data::TokenIds> one = {
      sentence_tokens(corpus_.sides.source, options_.attention_map, context, "--attention-map")};
  const SourceBatch batch(one, corpus_.sides.source);
  const auto found = transformer::translate(model_, batch.ids, batch.lengths, corpus_.sides.target.begin,
                                            {.beams = 1, .tokens = context - 1, .end = corpus_.sides.target.end});
  data::TokenIds target{corpus_.sides.target.begin};
  target.insert(target.end(), found[0].tokens.begin(), found[0].tokens.end());
  const IndexTensor ids({1, static_cast<Index>(target.size())}, std::span<const std::int32_t>(target));
  const auto text = corpus_.sides.target.tokenizer->decode(found[0].tokens, data::DecodeSpecial::drop);
  write_attention(file, transformer::attention_maps(model_, batch.ids, ids),
                  {{"source", options_.attention_map}, {"translation", text}});
}

void TranslateTask::sample(const std::filesystem::path& folder, Index step) {
  const auto name = train::step_name(step);
  const auto count = std::min<Index>(shown, static_cast<Index>(corpus_.validation.size()));
  io::write_durable(folder / (name + ".txt"), examples(*translations(count, 1, {})));
  if (!options_.attention_map.empty()) draw_attention(folder / (name + "-attention.png"));
}

train::State TranslateTask::state() { return train::run_state_of(model_, adam_); }
train::State TranslateTask::model_state() { return train::model_state_of(model_); }

train::Record TranslateTask::model_config() const {
  return train::Record::parse(transformer::to_json(model_.config), "seq2seq");
}

train::Record TranslateTask::config() const {
  return train::Record().set("model", model_config()).set("data_sha256", corpus_.checksums);
}

std::string TranslateTask::protocol() const {
  const bool sentences = options_.corpus.job == PairJob::pairs;
  return corpus_.protocol + "; " +
         (options_.beams > 1 ? "beam search, " + std::to_string(options_.beams) + " beams" : "greedy") + "; " +
         (sentences ? "corpus BLEU of detokenised text, tokenisation 13a, all variants of a source as references"
                    : "share of unseen strings that are right to the last symbol");
}

train::Record request(const TranslateOptions& o) {
  constexpr const char* jobs[] = {"pairs", "copy", "reverse"};
  return train::Record()
      .set("task", jobs[static_cast<int>(o.corpus.job)])
      .set("vocabulary", o.corpus.vocabulary)
      .set("validation", o.corpus.validation)
      .set("pairs", o.corpus.pairs)
      .set("swap", o.corpus.swap)
      .set("skip_bad_lines", o.corpus.bad_lines == data::BadLines::skip)
      .set("encoder_layers", o.model.encoder_layers)
      .set("decoder", train::Record::parse(transformer::to_json(o.model.decoder), "seq2seq"))
      .set("label_smoothing", o.label_smoothing)
      .set("weight_decay", o.weight_decay)
      .set("beta2", o.beta2)
      .set("clip", o.clip)
      .set("warmup", o.warmup)
      .set("beams", o.beams)
      .set("length_penalty", o.length_penalty)
      .set("valid_pairs", o.valid_pairs)
      .set("attention_map", o.attention_map);
}

}  // namespace atelier::programs
