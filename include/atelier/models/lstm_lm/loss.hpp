/// The recurrent language model's loss: cross-entropy of the next token, and penalties on its activations.
#pragma once

#include "atelier/models/lstm_lm/model.hpp"
#include "atelier/nn/class_sample.hpp"

namespace atelier::inline v0::lstm_lm {

struct LossOptions {
  double activation = 0;  ///< weight of the mean square of the dropped outputs                 Merity et al. 2017
  double difference = 0;  ///< weight of the mean square of what they change from time to time
};

template <class T> struct Loss {
  BasicTensor<T> loss;     // []: what is minimised
  BasicTensor<T> nats;     // []: mean of -log p of the targets
  nn::LstmState<T> state;  // after the last time
};

namespace detail {
template <class T> BasicTensor<T> activation_penalty(const typename BasicLstmLm<T>::Features& f, const LossOptions& o) {
  auto penalty = affine(mean(square(f.dropped)), static_cast<T>(o.activation), 0);
  const Index times = f.hidden.size(0);
  if (o.difference <= 0 || times < 2) return penalty;
  const auto change = sub(slice(f.hidden, 0, 1, times), slice(f.hidden, 0, 0, times - 1));
  return add(penalty, affine(mean(square(change)), static_cast<T>(o.difference), 0));
}
}  // namespace detail

/// inputs and targets [T, B], from the given state or from zeros. Training is said by handing in a generator. With a
/// sample of classes, drawn for these inputs and targets, the softmax is estimated from it, and the step touches its
/// rows of the tables only; not for an adaptive softmax. Throws Error when shapes do not fit, or for ids outside.
template <class T>
Loss<T> loss(const BasicLstmLm<T>& m, const IndexTensor& inputs, const IndexTensor& targets,
             const nn::LstmState<T>& from = {}, Rng* rng = nullptr, const LossOptions& o = {},
             const nn::ClassSample* sample = nullptr) {
  typename BasicLstmLm<T>::Features f;
  BasicTensor<T> nats;
  if (m.adaptive) {
    f = m(inputs, from, rng);
    nats = m.adaptive->loss(f.features, targets);
  } else if (!sample) {
    f = m(inputs, from, rng);
    nats = linear_cross_entropy(f.features, m.output_table(), BasicTensor<T>(m.decoder->b), targets);
  } else {
    const auto rows = sample->members();
    const auto table = take(BasicTensor<T>(m.encoder.w), rows);
    f = m(table, sample->places(inputs), from, rng);
    const auto output = m.decoder->own_table ? take(BasicTensor<T>(m.decoder->w), rows) : table;
    const auto bias = add(take(BasicTensor<T>(m.decoder->b), rows), sample->template offsets<T>());
    nats = linear_cross_entropy(f.features, output, bias, sample->places(targets));
  }
  if (o.activation <= 0 && o.difference <= 0) return {nats, nats, f.state};
  return {add(nats, detail::activation_penalty<T>(f, o)), nats, f.state};
}

}  // namespace atelier::inline v0::lstm_lm
