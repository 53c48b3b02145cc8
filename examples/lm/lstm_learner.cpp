#include "lstm_learner.hpp"

#include "atelier/metrics/continuous_cache.hpp"
#include "training.hpp"

namespace atelier::programs {

namespace {
constexpr Index rows_measured = 16, least_warm_up = 256, times_measured = 64;

lstm_lm::LstmLm initialised(lstm_lm::Config c, const Corpus& corpus, const Rng& rng) {
  c.vocabulary = corpus.tokenizer->size();
  if (c.output == lstm_lm::Output::adaptive && !corpus.by_frequency)
    throw ConfigError("--output: expected tied or linear, found adaptive; these tokens are not sorted by frequency");
  lstm_lm::LstmLm model(c);
  nn::init(model, rng);
  model.begin_with(corpus.counts());
  return model;
}

data::StreamBatches batches_of(const Corpus& corpus, Index batch, Index length) {
  check_windows(corpus, batch, length);
  return {corpus.train.tokens, batch, length};
}

/// Rows [begin, end) of a batch with times first: [B, T] -> [T, rows]; inputs and targets one behind the other.
struct Turned {
  IndexTensor both, inputs, targets;
  Turned(const data::WindowBatch& batch, Index begin, Index end) {
    const Index rows = end - begin, times = batch.inputs.size(1), size = rows * times;
    both = IndexTensor::empty({2, times, rows});
    for (Index t = 0; t < times; ++t)
      for (Index r = 0; r < rows; ++r) {
        both.mutable_data()[t * rows + r] = batch.inputs.data()[(begin + r) * times + t];
        both.mutable_data()[size + t * rows + r] = batch.targets.data()[(begin + r) * times + t];
      }
    inputs = both.view({times, rows});
    targets = both.view({times, rows}, size);
  }
};

/// Adds up a text that is read in rows side by side, each with a cache of its own.
class Meter {
 public:
  Meter(const CacheGrid& grid, Index rows) : grid_(grid) {
    if (grid.window < 1) return;
    caches_.assign(static_cast<std::size_t>(rows), metrics::ContinuousCache(grid.window, grid.thetas));
    sums_.cached.resize(grid.thetas.size() * grid.lambdas.size());
  }
  void add(const metrics::TimesOfWindows& part, const lstm_lm::Scores<float>& scores) {
    for (Index i = 0; i < part.targets.size(); ++i)
      if (part.weights.data()[i] > 0) sums_.nats += static_cast<double>(scores.nats.data()[i]);
    for (std::size_t r = 0; r < caches_.size(); ++r) add_row(part, scores, r);
  }
  const Measured& sums() const { return sums_; }

 private:
  void add_row(const metrics::TimesOfWindows& part, const lstm_lm::Scores<float>& scores, std::size_t row) {
    const Index times = part.targets.size(0), rows = part.targets.size(1), width = scores.features.size(2);
    const auto at = [&](Index t) { return t * rows + static_cast<Index>(row); };
    auto features = Tensor::empty({times, width});
    auto targets = IndexTensor::empty({times});
    for (Index t = 0; t < times; ++t) {
      std::copy_n(scores.features.data() + at(t) * width, width, features.mutable_data() + t * width);
      targets.mutable_data()[t] = part.targets.data()[at(t)];
    }
    const auto& shares = caches_[row](features, targets);
    for (Index t = 0; t < times; ++t)
      if (part.weights.data()[at(t)] > 0) mix(static_cast<double>(scores.nats.data()[at(t)]), shares, t);
  }
  void mix(double nats, const std::vector<std::vector<double>>& shares, Index t) {
    std::size_t k = 0;
    for (const auto& of_theta : shares)
      for (const double lambda : grid_.lambdas)
        sums_.cached[k++] += metrics::mixed_nats(nats, of_theta[static_cast<std::size_t>(t)], lambda);
  }

  CacheGrid grid_;
  std::vector<metrics::ContinuousCache> caches_;
  Measured sums_;
};
}  // namespace

LstmLearner::LstmLearner(const Corpus& corpus, const LmOptions& o, const train::Options& run)
    : options_(o),
      run_(run),
      rng_(run.seed),
      batches_(batches_of(corpus, run.batch, o.length)),
      sample_(o.lstm.output == lstm_lm::Output::adaptive ? std::nullopt : sample_of(corpus, o)),
      model_(initialised(o.lstm, corpus, rng_.fork("init"))),
      adam_(model_, adam_options(o, run.lr)) {
  start_over();
}

void LstmLearner::start_over() {
  const Shape shape{options_.lstm.layers, run_.batch / run_.accumulate, options_.lstm.hidden};
  carried_.resize(static_cast<std::size_t>(run_.accumulate));
  for (auto& state : carried_) state = {Tensor(shape, 0), Tensor(shape, 0)};
}

train::Record LstmLearner::step(Index step, double lr_factor) {
  const PrecisionScope precision(run_.precision);
  const Rng rng = rng_.fork("step", static_cast<std::uint64_t>(step));
  adam_.learning_rate = run_.lr * lr_factor * warm_up(options_, step);
  if (batches_.starts_over(step)) start_over();
  const auto batch = batches_(step);
  const Index size = run_.batch / run_.accumulate;
  double loss = 0, nats = 0;
  for (std::size_t k = 0; k < carried_.size(); ++k) {
    const Index begin = static_cast<Index>(k) * size;
    const Turned part(batch, begin, begin + size);
    Rng drops = rng.fork("dropout", k), classes = rng.fork("classes", k);
    if (sample_) sample_->draw(part.both, classes);
    Tape tape;
    const auto l = lstm_lm::loss(model_, part.inputs, part.targets, carried_[k], &drops, options_.penalty,
                                 sample_ ? &*sample_ : nullptr);
    adam_.accumulate(l.loss);
    carried_[k] = l.state;
    loss += static_cast<double>(l.loss.item()) / static_cast<double>(run_.accumulate);
    nats += static_cast<double>(l.nats.item()) / static_cast<double>(run_.accumulate);
  }
  if (std::isfinite(loss)) adam_.step();
  return train::Record().set("loss", loss).set("nats", nats);
}

std::optional<Measured> LstmLearner::measure(Tokens text, const CacheGrid& grid, const metrics::GoOn& go_on) const {
  const PrecisionScope precision(run_.precision);
  return options_.windows ? measure_windows(text, go_on) : measure_carried(text, grid, go_on);
}

std::optional<Measured> LstmLearner::measure_windows(Tokens text, const metrics::GoOn& go_on) const {
  const data::SlidingWindows windows(text, options_.windows, options_.windows);
  const auto nats = metrics::windowed_nats(
      windows, std::max<Index>(1, 4096 / options_.windows),
      [&](const IndexTensor& inputs, const IndexTensor& targets) {
        using metrics::turned;
        const Index length = inputs.size(1);
        const auto scores = lstm_lm::score(model_, turned(inputs, 0, length), turned(targets, 0, length));
        return turned(scores.nats, 0, scores.nats.size(1));
      },
      go_on);
  return nats ? std::optional(Measured{.nats = *nats}) : std::nullopt;
}

std::optional<Measured> LstmLearner::measure_carried(Tokens text, const CacheGrid& grid,
                                                     const metrics::GoOn& go_on) const {
  const auto windows = data::carried_windows(text, rows_measured, std::max(least_warm_up, grid.window));
  Meter meter(grid, windows.size());
  nn::LstmState<float> state;
  const bool whole = metrics::carry_through(
      windows, times_measured,
      [&](const metrics::TimesOfWindows& part) {
        const auto scores = lstm_lm::score(model_, part.inputs, part.targets, state);
        state = scores.state;
        meter.add(part, scores);
      },
      go_on);
  return whole ? std::optional(meter.sums()) : std::nullopt;
}

std::string LstmLearner::protocol() const {
  if (options_.windows)
    return "windows of " + std::to_string(options_.windows) + " tokens side by side, each from a state of zeros";
  return "state carried through each part of the text, read in at most " + std::to_string(rows_measured) +
         " rows that begin at least " + std::to_string(least_warm_up) + " tokens (with a cache: its window) early";
}

data::TokenIds LstmLearner::sample(Tokens prompt, Index count, const transformer::Sampling& sampling, Rng rng) const {
  const transformer::Tokens begin(prompt.begin(), prompt.end());
  return lstm_lm::generate(model_, {&begin, 1}, {.tokens = count, .sampling = sampling}, rng)[0];
}

train::State LstmLearner::state() {
  auto s = train::run_state_of(model_, adam_);
  const auto add = [&](std::size_t part, const char* name, Tensor& x) {
    s.push_back({"carried." + std::to_string(part) + name, x.shape(), x.data(), [&x] { return x.mutable_data(); }});
  };
  for (std::size_t k = 0; k < carried_.size(); ++k) add(k, ".h", carried_[k].h), add(k, ".c", carried_[k].c);
  return s;
}

train::State LstmLearner::model_state() { return train::model_state_of(model_); }

train::Record LstmLearner::config() const { return train::Record::parse(lstm_lm::to_json(model_.config), "lstm_lm"); }

}  // namespace atelier::programs
