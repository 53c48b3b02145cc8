// Transformers: training steps of Gpt and Seq2Seq, and one token of a Gpt that keeps its keys and values. The peers'
// workers have the same models (scripts/bench/gpt_data.py).
#include "atelier/models/transformer/transformer.hpp"

#include "models/transformer_support.hpp"
#include "workload.hpp"

namespace atelier::bench {

namespace {
using transformer_support::tokens;

struct Sizes {
  transformer::Config model;
  Index batch;
};
transformer::Config six_layers(Index vocabulary, Index context = 256) {
  return {.vocabulary = vocabulary, .context = context, .width = 384, .layers = 6, .heads = 6};
}
/// AdamW without the library's extras, so that all libraries do the same.
template <class M> optim::Adam plain_adam(M& model) { return optim::Adam(model, {.lr = 1e-4, .weight_decay = 0.01}); }

/// Where a step's tokens begin: anew for each.
std::uint64_t seed_of(Index step) { return 5000 + static_cast<std::uint64_t>(step % 64); }

class GptWorkload : public Workload {
 public:
  explicit GptWorkload(const Sizes& s)
      : sizes_(s), gpt_(transformer_support::filled<transformer::Gpt>(s.model)), adam_(plain_adam(gpt_)) {
    for (Index i = 0; i < batches; ++i) inputs_.push_back(ids(seed_of(i))), targets_.push_back(ids(seed_of(i) + 100));
  }
  double parity_step(std::uint64_t k) override { return update(ids(1000 + k), ids(2000 + k), nullptr); }
  double step() override {
    const auto i = static_cast<std::size_t>(step_++ % batches);
    const bool drops = sizes_.model.dropout.residual > 0;
    return update(inputs_[i], targets_[i], drops ? &rng_ : nullptr);
  }
  Index items() const override { return sizes_.batch * sizes_.model.context; }

 private:
  static constexpr Index batches = 8;
  IndexTensor ids(std::uint64_t seed) const {
    return tokens(seed, sizes_.batch, sizes_.model.context, sizes_.model.vocabulary);
  }
  double update(const IndexTensor& inputs, const IndexTensor& targets, Rng* rng) {
    Tape tape;
    const auto loss = transformer::loss(gpt_, inputs, targets, {}, rng);
    adam_.step(loss);
    return static_cast<double>(loss.item());
  }

  Sizes sizes_;
  transformer::Gpt gpt_;
  optim::Adam adam_;
  std::vector<IndexTensor> inputs_, targets_;
  Index step_ = 0;
  Rng rng_{2};
};

/// Pairs of sentences of up to 32 tokens, padded.
class Seq2SeqWorkload : public Workload {
 public:
  Seq2SeqWorkload() : model_(transformer_support::filled<transformer::Seq2Seq>(config())), adam_(plain_adam(model_)) {
    for (Index b = 0; b < batch; ++b) lengths_.mutable_data()[b] = static_cast<std::int32_t>(length - b * 7 % 24);
  }
  double parity_step(std::uint64_t k) override { return update(1000 + k); }
  double step() override { return update(seed_of(step_++)); }
  Index items() const override { return batch * length; }

 private:
  static constexpr Index batch = 64, length = 32, vocabulary = 8192;
  static transformer::Seq2SeqConfig config() {
    return {.source_vocabulary = vocabulary,
            .encoder_layers = 4,
            .decoder = {.vocabulary = vocabulary, .context = length, .width = 256, .layers = 4, .heads = 4}};
  }
  double update(std::uint64_t seed) {
    auto targets = tokens(seed + 2000, batch, length, vocabulary);
    for (Index b = 0; b < batch; ++b)
      std::fill(targets.mutable_data() + b * length + lengths_.data()[b], targets.mutable_data() + (b + 1) * length,
                -100);
    Tape tape;
    const auto loss = transformer::loss(model_, tokens(seed, batch, length, vocabulary), lengths_,
                                        tokens(seed + 1000, batch, length, vocabulary), targets);
    adam_.step(loss);
    return static_cast<double>(loss.item());
  }

  transformer::Seq2Seq model_;
  optim::Adam adam_;
  IndexTensor lengths_ = IndexTensor::empty({batch});
  Index step_ = 0;
};

/// One token for each text; after a prompt of 16 and 256 tokens all begin anew.
class DecodeWorkload : public Workload {
 public:
  explicit DecodeWorkload(Index batch)
      : batch_(batch),
        gpt_(transformer_support::filled<transformer::Gpt>(six_layers(8192, prompt + fresh))),
        decoder_(gpt_, batch),
        sampler_(8192, {}),
        next_(static_cast<std::size_t>(batch)) {
    const auto ids = tokens(1000, batch, prompt, 8192);
    for (Index b = 0; b < batch; ++b) {
      rows_.push_back(b);
      prompts_.emplace_back(ids.data() + b * prompt, ids.data() + (b + 1) * prompt);
    }
  }
  /// Mean over texts of the logits' log-sum-exp, after the prompt and k tokens by formula.
  double parity_step(std::uint64_t k) override {
    if (k == 0) return log_sum(decoder_.read(rows_, prompts_));
    const auto ids = tokens(1000 + k, batch_, 1, 8192);
    std::copy_n(ids.data(), batch_, next_.begin());
    return log_sum(decoder_.step(rows_, next_));
  }
  double step() override {
    const bool full = decoder_.length(0) == decoder_.capacity();
    const auto& logits = full ? decoder_.read(rows_, prompts_) : decoder_.step(rows_, next_);
    for (std::size_t b = 0; b < next_.size(); ++b)
      next_[b] = sampler_({logits.data() + b * 8192, 8192}, {}, rng_.uniform());
    return static_cast<double>(next_[0]);
  }
  Index items() const override { return batch_; }

 private:
  static constexpr Index prompt = 16, fresh = 256;
  static double log_sum(const Tensor& logits) { return static_cast<double>(mean(logsumexp(logits)).item()); }

  Index batch_;
  transformer::Gpt gpt_;
  transformer::Decoder decoder_;
  transformer::Sampler sampler_;
  std::vector<Index> rows_;
  std::vector<transformer::Tokens> prompts_;
  transformer::Tokens next_;
  Rng rng_{2};
};
}  // namespace

std::unique_ptr<Workload> make_seq2seq() { return std::make_unique<Seq2SeqWorkload>(); }

std::unique_ptr<Workload> make_decode(Spec& spec) { return std::make_unique<DecodeWorkload>(spec.size("batch", 1)); }

std::unique_ptr<Workload> make_gpt(Spec& spec, double dropout) {
  Sizes s{six_layers(spec.size("vocabulary", 8192), spec.size("context", 256)), spec.size("batch", 8)};
  s.model.layers = spec.size("layers", s.model.layers);
  s.model.width = spec.size("width", s.model.width);
  s.model.heads = spec.size("heads", s.model.width / 64);
  s.model.dropout = transformer::Dropouts::all(dropout);
  return std::make_unique<GptWorkload>(s);
}

}  // namespace atelier::bench
