#include "atelier/models/transformer/decoder.hpp"

#include <numeric>
#include <optional>

#include "models/transformer/cache.hpp"

namespace atelier::inline v0::transformer {

namespace {
/// Where a pass stands: which layer comes next.
struct Layers {
  Index self = 0, cross = 0;
};

Cache memory_cache(const Seq2Seq& model, const Memory<float>& memory) {
  const Index batch = memory.states.size(0), times = memory.states.size(1), width = model.config.decoder.width;
  Cache cache(model.config.decoder, batch, times);
  for (Index l = 0; l < model.config.decoder.layers; ++l) {
    const auto kv = model.decoder.h[static_cast<std::size_t>(l)].crossattention->c_attn(memory.states);
    for (Index b = 0; b < batch; ++b)
      for (Index t = 0; t < times; ++t) {
        const float* p = kv.data() + (b * times + t) * 2 * width;
        cache.put(l, b, t, p, p + width);
      }
  }
  return cache;
}
}  // namespace

class Decoder::State : public Attender<float> {
 public:
  State(const BasicStack<float>& stack, const Tensor& output, Index rows, Index capacity)
      : stack_(stack),
        output_(output),
        cache_(stack.config, rows, checked_capacity(stack.config, rows, capacity)),
        lengths_(static_cast<std::size_t>(rows), 0) {
    queries_.reserve(lengths_.size());
  }

  Tensor read(std::span<const Index> rows, std::span<const Tokens> texts) {
    Tape::Pause pause;
    check_texts(rows, texts);
    for (const Index r : rows) length(r) = 0;
    if (memory_) return read_stepwise(rows, texts);
    const Index n = stack_.config.width;
    auto last = Tensor::empty({static_cast<Index>(rows.size()), n});
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto count = static_cast<Index>(texts[i].size());
      begin(rows.subspan(i, 1), false);
      const auto h = stack_(IndexTensor({1, count}, std::span<const std::int32_t>(texts[i])), pass());
      std::copy_n(h.data() + (count - 1) * n, n, last.mutable_data() + static_cast<Index>(i) * n);
      length(rows[i]) = count;
    }
    return logits(last);
  }

  Tensor step(std::span<const Index> rows, std::span<const std::int32_t> tokens) {
    Tape::Pause pause;
    check_rows(rows, tokens.size());
    auto ids = IndexTensor::empty({static_cast<Index>(rows.size()), 1}), positions = IndexTensor::empty(ids.shape());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (length(rows[i]) >= cache_.capacity())
        throw Error("decoder: expected fewer than " + std::to_string(cache_.capacity()) + " tokens in row " +
                    std::to_string(rows[i]) + ", found a full one");
      ids.mutable_data()[i] = tokens[i];
      positions.mutable_data()[i] = static_cast<std::int32_t>(length(rows[i]));
    }
    begin(rows, true);
    auto p = pass();
    p.positions = positions;
    const auto h = stack_(ids, p);
    for (const Index r : rows) ++length(r);
    return logits(reshape(h, Shape{ids.size(), h.size(2)}));
  }

  void reorder(std::span<const Index> from) {
    check_rows(from, lengths_.size());
    if (!spare_) spare_.emplace(stack_.config, cache_.rows(), cache_.capacity());
    std::vector<Index>& old = old_lengths_;
    old = lengths_;
    for (std::size_t r = 0; r < from.size(); ++r) {
      lengths_[r] = old[static_cast<std::size_t>(from[r])];
      spare_->copy_row(cache_, from[r], static_cast<Index>(r), lengths_[r]);
    }
    std::swap(cache_, *spare_);
  }

  void remember(Cache memory, const IndexTensor& lengths, Index rows_each) {
    memory_.emplace(std::move(memory)), memory_lengths_ = lengths, rows_each_ = rows_each;
  }
  Index& length(Index row) { return lengths_[static_cast<std::size_t>(row)]; }
  const Cache& cache() const { return cache_; }
  Index vocabulary() const { return output_.size(0); }
  bool has_memory() const { return memory_.has_value(); }
  Tensor result;  // of the last call

  Tensor self(const Tensor& qkv) override {
    const Index layer = layers_.self++;
    return stepping_ ? attend_one(layer, qkv) : attend_text(layer, qkv);
  }
  Tensor cross(const Tensor& q) override {
    const Index layer = layers_.cross++, n = stack_.config.width;
    auto y = Tensor::empty(q.shape());
    queries_.clear();
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const Index sentence = rows_[i] / rows_each_, at = static_cast<Index>(i) * n;
      const Index count = memory_lengths_ ? memory_lengths_.data()[sentence] : memory_->capacity();
      queries_.push_back({q.data() + at, memory_->keys(layer, sentence), memory_->values(layer, sentence),
                          y.mutable_data() + at, count});
    }
    attend(memory_->sizes(), memory_->capacity());
    return y;
  }

 private:
  static Index checked_capacity(const Config& c, Index rows, Index capacity) {
    if (rows < 1 || capacity < 0 || capacity > c.context)
      throw Error("decoder: expected at least one row and a capacity of at most " + std::to_string(c.context) +
                  " (the context), found " + std::to_string(rows) + " and " + std::to_string(capacity));
    return capacity == 0 ? c.context : capacity;
  }
  void check_rows(std::span<const Index> rows, std::size_t values) const {
    if (rows.empty() || rows.size() != values)
      throw Error("decoder: expected something for each of " + std::to_string(rows.size()) + " rows, found " +
                  std::to_string(values));
    for (const Index r : rows)
      if (r < 0 || r >= cache_.rows())
        throw Error("decoder: row " + std::to_string(r) + " lies outside [0, " + std::to_string(cache_.rows()) + ")");
  }
  void check_texts(std::span<const Index> rows, std::span<const Tokens> texts) const {
    check_rows(rows, texts.size());
    for (const auto& text : texts)
      if (text.empty() || static_cast<Index>(text.size()) > cache_.capacity())
        throw Error("decoder: expected 1 to " + std::to_string(cache_.capacity()) + " tokens to read, found " +
                    std::to_string(text.size()));
  }
  void begin(std::span<const Index> rows, bool stepping) { rows_ = rows, stepping_ = stepping, layers_ = {}; }
  Pass<float> pass() {
    Pass<float> p;
    p.attender = this;
    return p;
  }
  Tensor logits(const Tensor& h) const { return matmul(h, output_, {.transpose_b = true}); }

  /// Token by token, all texts that are long enough together.
  Tensor read_stepwise(std::span<const Index> rows, std::span<const Tokens> texts) {
    auto all = Tensor::empty({static_cast<Index>(rows.size()), vocabulary()});
    std::vector<std::size_t> which(rows.size());
    std::iota(which.begin(), which.end(), std::size_t{0});
    for (std::size_t t = 0; !which.empty(); ++t) {
      std::vector<Index> some;
      Tokens tokens;
      for (const auto i : which) some.push_back(rows[i]), tokens.push_back(texts[i][t]);
      const auto z = step(some, tokens);
      for (std::size_t k = 0; k < which.size(); ++k)
        std::copy_n(z.data() + static_cast<Index>(k) * vocabulary(), vocabulary(),
                    all.mutable_data() + static_cast<Index>(which[k]) * vocabulary());
      std::erase_if(which, [&](std::size_t i) { return t + 1 == texts[i].size(); });
    }
    return all;
  }
  /// A whole text: its keys and values are kept, and attended to as in training.
  Tensor attend_text(Index layer, const Tensor& raw) {
    const Index heads = stack_.config.heads, n = stack_.config.width;
    const auto qkv = stack_.rotary.cosine ? turned(raw, stack_.rotary, heads) : raw;
    for (Index t = 0; t < qkv.size(1); ++t) {
      const float* p = qkv.data() + t * 3 * n;
      cache_.put(layer, rows_[0], t, p + n, p + 2 * n);
    }
    return self_attention(qkv, heads, {.causal = true});
  }
  /// One token of each row, at a place of its own.
  Tensor attend_one(Index layer, const Tensor& raw) {
    const Index n = stack_.config.width;
    auto y = Tensor::empty({raw.size(0), 1, n}), qkv = copy(raw);
    queries_.clear();
    Index most = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const Index row = rows_[i], time = length(row);
      float* const p = qkv.mutable_data() + static_cast<Index>(i) * 3 * n;
      if (stack_.rotary.cosine) turn(p, raw.data() + static_cast<Index>(i) * 3 * n, time);
      cache_.put(layer, row, time, p + n, p + 2 * n);
      queries_.push_back({p, cache_.keys(layer, row), cache_.values(layer, row),
                          y.mutable_data() + static_cast<Index>(i) * n, time + 1});
      most = std::max(most, time + 1);
    }
    attend(cache_.sizes(), most);
    return y;
  }
  void turn(float* to, const float* from, Index time) const {
    const Index heads = stack_.config.heads, half = stack_.rotary.cosine.size(1);
    const kernels::RotarySizes s{1, 1, 3 * heads, stack_.config.head_size(), 2 * heads, half};
    kernels::rotate_pairs(to, from, stack_.rotary.cosine.data() + time * half, stack_.rotary.sine.data() + time * half,
                          1.0f, s);
  }
  void attend(const kernels::OneQuerySizes& sizes, Index most) {
    const auto count = static_cast<Index>(queries_.size());
    auto workspace = Tensor::empty({kernels::one_query_workspace_size(sizes, count, most)});
    kernels::one_query_attention<float>(sizes, queries_, workspace.mutable_data());
  }

  const BasicStack<float>& stack_;
  Tensor output_;  // [V, C]
  Cache cache_;
  std::optional<Cache> memory_, spare_;
  IndexTensor memory_lengths_;
  Index rows_each_ = 1;
  std::vector<Index> lengths_, old_lengths_;
  // of the pass that is under way
  std::span<const Index> rows_;
  bool stepping_ = false;
  Layers layers_;
  std::vector<kernels::OneQuery<float>> queries_;
};

Decoder::Decoder(const Gpt& gpt, Index rows, Index capacity)
    : state_(std::make_unique<State>(gpt.transformer, gpt.output(), rows, capacity)) {}
Decoder::Decoder(const Seq2Seq& model, const Memory<float>& memory, Index rows_each, Index capacity) {
  Tape::Pause pause;
  if (rows_each < 1) throw Error("decoder: expected at least one row each, found " + std::to_string(rows_each));
  state_ = std::make_unique<State>(model.decoder, model.output(), memory.states.size(0) * rows_each, capacity);
  state_->remember(memory_cache(model, memory), memory.lengths, rows_each);
}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

Index Decoder::rows() const { return state_->cache().rows(); }
Index Decoder::vocabulary() const { return state_->vocabulary(); }
Index Decoder::capacity() const { return state_->cache().capacity(); }
bool Decoder::can_slide() const { return !state_->has_memory(); }
Index Decoder::length(Index row) const { return state_->length(row); }
const Tensor& Decoder::read(std::span<const Index> rows, std::span<const Tokens> texts) {
  return state_->result = state_->read(rows, texts);
}
const Tensor& Decoder::step(std::span<const Index> rows, std::span<const std::int32_t> tokens) {
  return state_->result = state_->step(rows, tokens);
}
void Decoder::reorder(std::span<const Index> from) { state_->reorder(from); }

}  // namespace atelier::inline v0::transformer
