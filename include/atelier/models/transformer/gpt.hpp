/// The decoder-only Transformer: GPT-2's architecture and parameter names, and its options.        Radford et al. 2019
#pragma once

#include "atelier/models/transformer/stack.hpp"

namespace atelier::inline v0::transformer {

/// Parameters are called as in Hugging Face's GPT2LMHeadModel ("transformer.h.0.attn.c_attn.weight"). Linear weights
/// are [out, in] here, as those of nn::Linear; GPT-2's files hold them transposed (files.hpp converts).
template <class T> struct BasicGpt {
  using scalar = T;
  Config config;
  BasicStack<T> transformer;
  std::optional<nn::BasicLinear<T>> lm_head;  // without bias; none when it is tied to the embedding

  /// Parameters are zeros until nn::init(). Throws ConfigError for sizes that make no model.
  explicit BasicGpt(const Config& c = {}) : config(c.check()), transformer(c) {
    if (!c.tied) lm_head = nn::BasicLinear<T>{.in = c.width, .out = c.vocabulary, .bias = false};
  }

  /// Tokens [B, T] -> what the output layer reads: [B, T, C]. Training is said by handing in a generator, which
  /// dropout draws from. Throws Error for tokens outside the vocabulary or more of them than the context holds.
  BasicTensor<T> hidden(const IndexTensor& ids, Rng* rng = nullptr) const {
    return transformer(ids, Pass<T>{.causal = true, .rng = rng});
  }
  /// The output layer's weight [V, C].
  const nn::BasicParam<T>& output() const { return lm_head ? lm_head->w : transformer.wte.w; }
  /// Tokens [B, T] -> logits of the token after each: [B, T, V]. Throws Error as hidden() does.
  BasicTensor<T> operator()(const IndexTensor& ids, Rng* rng = nullptr) const {
    return matmul<T>(hidden(ids, rng), output(), {.transpose_b = true});
  }

  void init(Rng& rng) { init_weights(*this, config, rng); }
  static void visit(auto& m, auto&& f) { f("transformer", m.transformer), f("lm_head", m.lm_head); }
};
using Gpt = BasicGpt<float>;

}  // namespace atelier::inline v0::transformer
