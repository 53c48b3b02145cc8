/// Padded batches of token sequences in pairs.
#pragma once

#include <span>
#include <vector>

#include "atelier/core/random.hpp"
#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0::data {

/// The tokens of a pair, without marks of begin and end.
struct TokenPair {
  std::vector<std::int32_t> source, target;
};

struct PairBatchOptions {
  Index batch = 64;
  std::int32_t pad = 0, begin = 1, end = 2;  // ids that fill up, that open a target, that close both
  bool shuffle = true;                       // or else all pairs by length, once in each epoch, in the same order
  Index pool = 100;                          // pairs are sorted by length within so many batches of an epoch's order
};

struct PairBatch {
  IndexTensor source;                           // [B, S]: tokens, end, padding
  IndexTensor decoder_input;                    // [B, T]: begin, tokens, padding
  IndexTensor decoder_target;                   // [B, T]: tokens, end, padding
  IndexTensor source_lengths, decoder_lengths;  // [B]: what is not padding
  std::vector<std::int32_t> numbers;            // of the pairs, as they were given
};

/// Batches of pairs of similar length, so that little is padded. An epoch goes through all pairs in an order of its
/// own; one batch of it is smaller when their number is no multiple. A function of the generator and the step's number.
/// The pairs are not copied and must outlive this.
class PairBatches {
 public:
  /// Throws Error for no pairs, sizes below 1 or negative ids.
  PairBatches(std::span<const TokenPair> pairs, const PairBatchOptions& options, const Rng& rng);

  Index steps_per_epoch() const;
  /// The batch of a step, counted from 0 through all epochs.
  PairBatch operator()(Index step);

 private:
  void order_epoch(Index epoch);
  PairBatch gather(std::span<const std::int32_t> numbers) const;

  std::span<const TokenPair> pairs_;
  PairBatchOptions options_;
  Rng rng_;
  Index epoch_ = -1;
  std::vector<std::int32_t> order_, batches_;  // of that epoch: pairs in pools; batches of them
};

}  // namespace atelier::inline v0::data
