/// A recurrent language model: embedding, layers of LSTM cells, an output layer that may share the embedding's table.
#pragma once

#include <optional>

#include "atelier/models/lstm_lm/config.hpp"
#include "atelier/nn/adaptive_softmax.hpp"
#include "atelier/nn/embedding.hpp"
#include "atelier/nn/linear.hpp"
#include "atelier/nn/lstm.hpp"

namespace atelier::inline v0::lstm_lm {

/// The output layer's own numbers: a bias for each token, and a table unless it is the embedding's.
template <class T> struct BasicDecoder {
  Index vocabulary = 0, width = 0;
  bool own_table = false;
  nn::BasicParam<T> w{{own_table ? vocabulary : 0, width}}, b{{vocabulary}};

  void init(Rng& rng) {
    if (own_table) nn::fill_uniform(w, 0.1, rng);
    nn::fill_constant(b, 0);
  }
  static void visit(auto& m, auto&& f) {
    if (m.own_table) f("weight", m.w);
    f("bias", m.b);
  }
};

/// Names: encoder.weight, rnn.weight_ih_l0, ..., decoder.bias, as in PyTorch's word-level example. Tables are drawn
/// from U(-0.1, 0.1), and forget gates begin open (bias 1; Jozefowicz et al. 2015).
template <class T> struct BasicLstmLm {
  using scalar = T;
  Config config;
  nn::BasicEmbedding<T> encoder;
  nn::BasicLstm<T> rnn;
  std::optional<nn::BasicLinear<T>> projection;
  std::optional<BasicDecoder<T>> decoder;
  std::optional<nn::BasicAdaptiveSoftmax<T>> adaptive;

  /// Throws ConfigError for a configuration that makes no model.
  explicit BasicLstmLm(const Config& c)
      : config(c.check()),
        encoder{c.vocabulary, c.embedding},
        rnn{.input = c.embedding,
            .hidden = c.hidden,
            .layers = c.layers,
            .dropout = c.dropout.between,
            .locked = true,
            .weight_drop = c.dropout.weights} {
    if (c.hidden != c.embedding) projection.emplace(nn::BasicLinear<T>{c.hidden, c.embedding});
    if (c.output == Output::adaptive)
      adaptive.emplace(nn::BasicAdaptiveSoftmax<T>{.in = c.embedding, .classes = c.vocabulary, .cutoffs = c.cutoffs});
    else
      decoder.emplace(BasicDecoder<T>{c.vocabulary, c.embedding, c.output == Output::linear});
  }

  struct Features {
    BasicTensor<T> hidden;    // [T, B, hidden]: what the last layer gives
    BasicTensor<T> dropped;   // the same after dropout
    BasicTensor<T> features;  // [T, B, embedding]: what the output layer sees
    nn::LstmState<T> state;   // after the last time
  };
  /// Token ids [T, B], as rows of `table` (the encoder's or a part of it), from a state or from zeros. Training is said
  /// by handing in a generator. Throws Error when shapes do not fit, or for ids outside the table.
  Features operator()(const BasicTensor<T>& table, const IndexTensor& ids, const nn::LstmState<T>& from = {},
                      Rng* rng = nullptr) const {
    const auto& p = config.dropout;
    auto x = rng && p.words > 0 ? embedding_dropout(table, ids, p.words, *rng) : embedding(table, ids);
    if (rng && p.input > 0) x = dropout_shared(x, p.input, 0, *rng);
    auto [y, state] = rnn(x, from, rng);
    const auto dropped = rng && p.output > 0 ? dropout_shared(y, p.output, 0, *rng) : y;
    return {y, dropped, projection ? (*projection)(dropped) : dropped, state};
  }
  Features operator()(const IndexTensor& ids, const nn::LstmState<T>& from = {}, Rng* rng = nullptr) const {
    return (*this)(BasicTensor<T>(encoder.w), ids, from, rng);
  }

  /// Rows of the output layer: the decoder's table or the encoder's. Not for an adaptive softmax.
  BasicTensor<T> output_table() const { return decoder->own_table ? decoder->w : encoder.w; }
  /// log p of every token: features [R, embedding] -> [R, vocabulary].
  BasicTensor<T> log_prob(const BasicTensor<T>& features) const {
    if (adaptive) return adaptive->log_prob(features);
    return log_softmax(linear(features, output_table(), BasicTensor<T>(decoder->b)));
  }

  void init(Rng& rng) {
    nn::fill_uniform(encoder.w, 0.1, rng);
    rnn.init(rng);
    for (auto& l : rnn.layer) std::fill_n(l.b_ih.write() + config.hidden, config.hidden, T(1));
    if (projection) projection->init(rng);
    if (decoder) decoder->init(rng);
    if (adaptive) nn::init(*adaptive, rng.fork("adaptive"));
  }
  /// Lets the model begin with the frequencies of single tokens: bias = log((count + 1) / sum). Not for an adaptive
  /// softmax, whose layers have none. Throws Error unless there is a count for each token.
  void begin_with(std::span<const Index> counts) {
    if (static_cast<Index>(counts.size()) != config.vocabulary)
      throw Error("lstm: expected " + std::to_string(config.vocabulary) + " counts, found " +
                  std::to_string(counts.size()));
    if (!decoder) return;
    double all = 0;
    for (const Index n : counts) all += static_cast<double>(n + 1);
    T* b = decoder->b.write();
    for (const Index n : counts) *b++ = static_cast<T>(std::log(static_cast<double>(n + 1) / all));
  }
  static void visit(auto& m, auto&& f) {
    f("encoder", m.encoder), f("rnn", m.rnn), f("projection", m.projection), f("decoder", m.decoder),
        f("adaptive", m.adaptive);
  }
};
using LstmLm = BasicLstmLm<float>;

}  // namespace atelier::inline v0::lstm_lm
