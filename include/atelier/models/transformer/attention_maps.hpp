/// How much each token looks at each other: the attention weights of a model, for pictures.
#pragma once

#include "atelier/models/transformer/gpt.hpp"
#include "atelier/models/transformer/seq2seq.hpp"
#include "atelier/ops/softmax.hpp"

namespace atelier::inline v0::transformer {

namespace detail {
/// Attends for a decoder as its own layers would, and keeps the weights.
template <class T> class Watcher : public Attender<T> {
 public:
  Watcher(const BasicStack<T>& stack, const BasicTensor<T>& memory) : stack_(stack), memory_(memory) {}

  BasicTensor<T> self(const BasicTensor<T>& projected) override {
    ++layer_;
    const auto qkv = stack_.rotary.cosine ? turned(projected, stack_.rotary, stack_.config.heads) : projected;
    const auto part = [&](Index i) { return slice(qkv, 2, i * stack_.config.width, (i + 1) * stack_.config.width); };
    return attend(part(0), part(1), part(2), self_maps);
  }
  BasicTensor<T> cross(const BasicTensor<T>& q) override {
    const auto kv = stack_.h[layer_ - 1].crossattention->c_attn(memory_);
    const Index width = stack_.config.width;
    return attend(q, slice(kv, 2, 0, width), slice(kv, 2, width, 2 * width), cross_maps);
  }

  std::vector<BasicTensor<T>> self_maps, cross_maps;

 private:
  /// [1, T, C] -> [heads, T, C / heads].
  BasicTensor<T> by_head(const BasicTensor<T>& x) const {
    return permute(reshape(x, {x.size(1), stack_.config.heads, stack_.config.head_size()}), {1, 0, 2});
  }
  BasicTensor<T> attend(const BasicTensor<T>& q, const BasicTensor<T>& k, const BasicTensor<T>& v,
                        std::vector<BasicTensor<T>>& maps) {
    const auto scale = static_cast<T>(1 / std::sqrt(static_cast<double>(stack_.config.head_size())));
    auto scores = affine(matmul(by_head(q), by_head(k), {.transpose_b = true}), scale, 0);
    const Index t = q.size(1), s = k.size(1);
    for (Index row = 0; &maps == &self_maps && row < scores.size() / s; ++row)
      std::fill_n(scores.mutable_data() + row * s + row % t + 1, s - row % t - 1, T(-1e30));
    maps.push_back(softmax(scores));
    return reshape(permute(matmul(maps.back(), by_head(v)), {1, 0, 2}), q.shape());
  }

  const BasicStack<T>& stack_;
  BasicTensor<T> memory_;
  std::size_t layer_ = 0;
};

inline void check_one_text(const IndexTensor& ids) {
  if (ids.rank() != 2 || ids.size(0) != 1 || ids.size(1) < 1)
    throw Error("attention_maps: expected one text [1, T], found " + ids.shape().str());
}
}  // namespace detail

/// Weights of every layer of a model for one text [1, T]: a tensor [heads, T, T] for each layer; row t tells where
/// token t looks, and sums to 1. Throws Error for other shapes, tokens outside the vocabulary or a text beyond the
/// context.
template <class T> std::vector<BasicTensor<T>> attention_maps(const BasicGpt<T>& gpt, const IndexTensor& ids) {
  detail::check_one_text(ids);
  Tape::Pause pause;
  detail::Watcher<T> watcher(gpt.transformer, {});
  gpt.transformer(ids, Pass<T>{.attender = &watcher});
  return watcher.self_maps;
}

/// Where each token of a translation [1, T] looks in its source [1, S]: [heads, T, S] for each layer of the decoder.
template <class T>
std::vector<BasicTensor<T>> attention_maps(const BasicSeq2Seq<T>& model, const IndexTensor& source,
                                           const IndexTensor& target) {
  detail::check_one_text(source);
  detail::check_one_text(target);
  Tape::Pause pause;
  const auto memory = model.encode(source);
  detail::Watcher<T> watcher(model.decoder, memory.states);
  model.decoder(target, Pass<T>{.memory = memory.states, .attender = &watcher});
  return watcher.cross_maps;
}

}  // namespace atelier::inline v0::transformer
