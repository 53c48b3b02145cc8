/// The encoder-decoder Transformer: one sequence to another, such as a sentence to its translation. Vaswani et al. 2017
#pragma once

#include "atelier/models/transformer/stack.hpp"

namespace atelier::inline v0::transformer {

/// The encoder has the decoder's sizes and options, but for these.
struct Seq2SeqConfig {
  Index source_vocabulary = 8192;
  Index encoder_layers = 4;
  bool shared_embedding = false;  // one table for both vocabularies, which must be one then
  Config decoder{.vocabulary = 8192, .context = 128, .width = 256, .layers = 4, .heads = 4};

  /// The configuration itself. Throws ConfigError for sizes that make no model.
  const Seq2SeqConfig& check() const;
  Config encoder() const;
};

/// What an encoder made of source sentences.
template <class T> struct Memory {
  BasicTensor<T> states;  // [B, S, C]
  IndexTensor lengths;    // [B] tokens of each that are not padding; empty: all
};

/// Sentences of different lengths stand in one batch, padded at their ends with any token of the vocabulary: lengths
/// [B] say how many count. Padding of the target needs none: no earlier token sees it, and the loss leaves it out.
template <class T> struct BasicSeq2Seq {
  using scalar = T;
  Seq2SeqConfig config;
  BasicStack<T> encoder, decoder;
  std::optional<nn::BasicLinear<T>> lm_head;  // without bias; none when it is tied to the decoder's embedding

  /// Parameters are zeros until nn::init(). Throws ConfigError for sizes that make no model.
  explicit BasicSeq2Seq(const Seq2SeqConfig& c = {})
      : config(c.check()), encoder(c.encoder()), decoder(c.decoder, true) {
    if (!c.decoder.tied)
      lm_head = nn::BasicLinear<T>{.in = c.decoder.width, .out = c.decoder.vocabulary, .bias = false};
  }

  /// Source tokens [B, S] -> states. Throws Error for tokens outside the vocabulary, more of them than the context
  /// holds, or lengths outside [0, S].
  Memory<T> encode(const IndexTensor& source, const IndexTensor& lengths = {}, Rng* rng = nullptr) const {
    return {encoder(source, {.causal = false, .rng = rng, .lengths = lengths}, embedding()), lengths};
  }
  /// Target tokens so far [B, T] -> what the output layer reads: [B, T, C]. Throws Error as encode() does.
  BasicTensor<T> decode(const Memory<T>& memory, const IndexTensor& target, Rng* rng = nullptr) const {
    return decoder(target, {.rng = rng, .memory = memory.states, .memory_lengths = memory.lengths});
  }
  BasicTensor<T> hidden(const IndexTensor& source, const IndexTensor& lengths, const IndexTensor& target,
                        Rng* rng = nullptr) const {
    return decode(encode(source, lengths, rng), target, rng);
  }
  /// The output layer's weight [V, C].
  const nn::BasicParam<T>& output() const { return lm_head ? lm_head->w : decoder.wte.w; }
  /// Logits of the target token after each: [B, T, V]. Training is said by handing in a generator.
  BasicTensor<T> operator()(const IndexTensor& source, const IndexTensor& lengths, const IndexTensor& target,
                            Rng* rng = nullptr) const {
    return matmul<T>(hidden(source, lengths, target, rng), output(), {.transpose_b = true});
  }

  void init(Rng& rng) { init_weights(*this, config.decoder, rng); }
  static void visit(auto& m, auto&& f) {
    f("encoder", m.encoder), f("decoder", m.decoder);
    f("lm_head", m.lm_head);
  }

 private:
  const nn::BasicEmbedding<T>* embedding() const { return config.shared_embedding ? &decoder.wte : nullptr; }
};
using Seq2Seq = BasicSeq2Seq<float>;

}  // namespace atelier::inline v0::transformer
