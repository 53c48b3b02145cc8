/// Probabilities of given tokens under a recurrent language model.
#pragma once

#include "atelier/models/lstm_lm/model.hpp"

namespace atelier::inline v0::lstm_lm {

template <class T> struct Scores {
  BasicTensor<T> nats;      // [T, B]: -log p of each target
  BasicTensor<T> features;  // [T, B, embedding]: what a cache remembers
  nn::LstmState<T> state;   // after the last time
};

/// inputs and targets [T, B], from the given state or from zeros. Logits exist for a chunk of rows at a time. Throws
/// Error when shapes do not fit, or for ids outside.
template <class T>
Scores<T> score(const BasicLstmLm<T>& m, const IndexTensor& inputs, const IndexTensor& targets,
                const nn::LstmState<T>& from = {}) {
  Tape::Pause pause;
  const auto f = m(inputs, from);
  const Index rows = targets.size(), chunk = atelier::detail::logit_rows(rows, m.config.vocabulary);
  if (f.features.size() != rows * m.config.embedding)
    throw Error("lstm: expected as many targets as inputs, found " + inputs.shape().str() + " and " +
                targets.shape().str());
  auto nats = BasicTensor<T>::empty(targets.shape());
  for (Index r = 0; r < rows; r += chunk) {
    const Index n = std::min(chunk, rows - r);
    const auto x = f.features.view({n, m.config.embedding}, r * m.config.embedding);
    const auto ids = targets.view({n}, r);
    const auto each = m.adaptive ? neg(pick(m.adaptive->log_prob(x), ids))
                                 : cross_entropy(linear(x, m.output_table(), BasicTensor<T>(m.decoder->b)), ids);
    std::copy_n(each.data(), n, nats.mutable_data() + r);
  }
  return {nats, f.features, f.state};
}

}  // namespace atelier::inline v0::lstm_lm
