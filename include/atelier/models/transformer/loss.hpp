/// The language model's objective, and the figures that are told of it.
#pragma once

#include <numbers>

#include "atelier/models/transformer/gpt.hpp"
#include "atelier/models/transformer/seq2seq.hpp"
#include "atelier/ops/cross_entropy.hpp"

namespace atelier::inline v0::transformer {

/// Label smoothing, and the target that does not count (padding).
using LossOptions = CrossEntropyOptions;

namespace detail {
inline void check_targets_of(const IndexTensor& inputs, const IndexTensor& targets) {
  if (inputs.shape() != targets.shape())
    throw Error("transformer: expected as many targets as inputs, found " + targets.shape().str() + " and " +
                inputs.shape().str());
}
}  // namespace detail

/// Cross-entropy of the tokens that come next, in nats: mean over the targets that count. inputs and targets [B, T];
/// the logits never exist whole (linear_cross_entropy). Training is said by handing in a generator.
/// Throws Error for tokens outside the vocabulary, more of them than the context holds, or shapes that differ.
template <class T>
BasicTensor<T> loss(const BasicGpt<T>& gpt, const IndexTensor& inputs, const IndexTensor& targets,
                    const LossOptions& o = {}, Rng* rng = nullptr) {
  detail::check_targets_of(inputs, targets);
  return linear_cross_entropy<T>(gpt.hidden(inputs, rng), gpt.output(), BasicTensor<T>{}, targets, o);
}

/// The same of target sentences given source sentences: source [B, S] of which lengths [B] tokens count (empty: all),
/// inputs and targets [B, T]; targets that are padding carry o.ignore.
template <class T>
BasicTensor<T> loss(const BasicSeq2Seq<T>& model, const IndexTensor& source, const IndexTensor& lengths,
                    const IndexTensor& inputs, const IndexTensor& targets, const LossOptions& o = {},
                    Rng* rng = nullptr) {
  detail::check_targets_of(inputs, targets);
  const auto h = model.hidden(source, lengths, inputs, rng);
  return linear_cross_entropy<T>(h, model.output(), BasicTensor<T>{}, targets, o);
}

/// exp of nats for each token (or word): as many equally likely ones would be as hard to tell.
inline double perplexity(double nats) { return std::exp(nats); }

/// Bits for each byte of a text that has been cut into tokens: comparable between tokenizers, as perplexity is not.
/// Throws Error unless tokens and bytes are positive.
inline double bits_per_byte(double nats_per_token, Index tokens, Index bytes) {
  if (tokens < 1 || bytes < 1)
    throw Error("bits_per_byte: expected positive counts, found " + std::to_string(tokens) + " tokens and " +
                std::to_string(bytes) + " bytes");
  return nats_per_token * static_cast<double>(tokens) / (std::numbers::ln2 * static_cast<double>(bytes));
}

}  // namespace atelier::inline v0::transformer
