#include "gpt_learner.hpp"

#include "attention_pictures.hpp"

namespace atelier::programs {

namespace {
transformer::Gpt initialised(transformer::Config c, const Corpus& corpus, const Rng& rng) {
  c.vocabulary = corpus.tokenizer->size();
  transformer::Gpt model(c);
  nn::init(model, rng);
  return model;
}

data::RandomWindows windows_of(const Corpus& corpus, const LmOptions& o, const train::Options& run, const Rng& rng) {
  check_windows(corpus, 1, o.length);
  return {corpus.train.tokens, run.batch, o.length, rng};
}

/// -log p of each target [N, T]; logits exist for a chunk of rows at a time.
Tensor token_nats(const transformer::Gpt& model, const IndexTensor& inputs, const IndexTensor& targets) {
  Tape::Pause pause;
  const auto h = model.hidden(inputs);
  const Index rows = targets.size(), width = model.config.width;
  const Index chunk = detail::logit_rows(rows, model.config.vocabulary);
  auto nats = Tensor::empty(targets.shape());
  for (Index r = 0; r < rows; r += chunk) {
    const Index n = std::min(chunk, rows - r);
    const auto logits = matmul<float>(h.view({n, width}, r * width), model.output(), {.transpose_b = true});
    const auto each = cross_entropy(logits, targets.view({n}, r));
    std::copy_n(each.data(), n, nats.mutable_data() + r);
  }
  return nats;
}
}  // namespace

GptLearner::GptLearner(const Corpus& corpus, const LmOptions& o, const train::Options& run)
    : options_(o),
      run_(run),
      rng_(run.seed),
      windows_(windows_of(corpus, o, run, rng_.fork("windows"))),
      sample_(sample_of(corpus, o)),
      model_(initialised(o.gpt, corpus, rng_.fork("init"))),
      adam_(model_, adam_options(o, run.lr)) {}

Tensor GptLearner::loss(const IndexTensor& inputs, const IndexTensor& targets, const Rng& rng, std::uint64_t part) {
  Rng drops = rng.fork("dropout", part), classes = rng.fork("classes", part);
  if (!sample_) return transformer::loss(model_, inputs, targets, {}, &drops);
  sample_->draw(targets, classes);
  const auto table = take(Tensor(model_.output()), sample_->members());
  return linear_cross_entropy(model_.hidden(inputs, &drops), table, sample_->offsets<float>(),
                              sample_->places(targets));
}

train::Record GptLearner::step(Index step, double lr_factor) {
  const PrecisionScope precision(run_.precision);
  const Rng rng = rng_.fork("step", static_cast<std::uint64_t>(step));
  adam_.learning_rate = run_.lr * lr_factor * warm_up(options_, step);
  const auto batch = windows_(step);
  const Index size = run_.batch / run_.accumulate, length = options_.length;
  double nats = 0;
  for (Index k = 0; k < run_.accumulate; ++k) {
    const auto rows = [&](const IndexTensor& x) { return x.view({size, length}, k * size * length); };
    Tape tape;
    const auto l = loss(rows(batch.inputs), rows(batch.targets), rng, static_cast<std::uint64_t>(k));
    adam_.accumulate(l);
    nats += static_cast<double>(l.item()) / static_cast<double>(run_.accumulate);
  }
  if (std::isfinite(nats)) adam_.step();
  return train::Record().set("loss", nats).set("nats", nats);
}

std::optional<Measured> GptLearner::measure(Tokens text, const CacheGrid&, const metrics::GoOn& go_on) const {
  const PrecisionScope precision(run_.precision);
  const data::SlidingWindows windows(text, options_.length, options_.stride);
  const Index batch = std::max<Index>(1, 4096 / options_.length);
  const auto nats = metrics::windowed_nats(
      windows, batch,
      [&](const IndexTensor& inputs, const IndexTensor& targets) { return token_nats(model_, inputs, targets); },
      go_on);
  return nats ? std::optional(Measured{.nats = *nats}) : std::nullopt;
}

std::string GptLearner::protocol() const {
  const bool apart = options_.stride == options_.length;
  return "windows of " + std::to_string(options_.length) + " tokens" +
         (apart
              ? " side by side"
              : " that move on by " + std::to_string(options_.stride) + ", each target in the window where it is new");
}

data::TokenIds GptLearner::sample(Tokens prompt, Index count, const transformer::Sampling& sampling, Rng rng) const {
  const PrecisionScope precision(run_.precision);
  const transformer::Tokens begin(prompt.begin(), prompt.end());
  return transformer::generate(model_, {&begin, 1}, {.tokens = count, .sampling = sampling}, rng)[0];
}

void GptLearner::draw_attention(Tokens text, const std::filesystem::path& file) const {
  const auto first = text.first(std::min(text.size(), static_cast<std::size_t>(options_.length)));
  write_attention(file, transformer::attention_maps(model_, {Shape{1, static_cast<Index>(first.size())}, first}));
}

train::State GptLearner::state() { return train::run_state_of(model_, adam_); }
train::State GptLearner::model_state() { return train::model_state_of(model_); }

train::Record GptLearner::config() const { return train::Record::parse(transformer::to_json(model_.config), "gpt"); }

}  // namespace atelier::programs
