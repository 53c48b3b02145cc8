/// From a stream of tokens to the batches of a language model. Every batch is a function of its number, so that a run
/// can be continued anywhere. The streams are not copied and must outlive what reads them.
#pragma once

#include <span>

#include "atelier/core/random.hpp"
#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0::data {

/// targets[b, t] is the token that follows inputs[b, t] in the stream.
struct WindowBatch {
  IndexTensor inputs, targets;  // [B, T]
};

/// B places of the stream read on side by side, for models that carry a state from batch to batch (truncated
/// backpropagation through time): row b of step s + 1 goes on where row b of step s ended. What does not fill a step of
/// all rows at their ends is left out.
class StreamBatches {
 public:
  /// Throws Error unless batch and length are at least 1, and for a stream too short for one step (batch * length + 1
  /// tokens).
  StreamBatches(std::span<const std::int32_t> stream, Index batch, Index length);

  Index steps_per_epoch() const { return steps_; }
  /// Whether the state starts afresh at this step, counted from 0 through all epochs.
  bool starts_over(Index step) const { return step % steps_ == 0; }
  WindowBatch operator()(Index step) const;

 private:
  std::span<const std::int32_t> stream_;
  Index batch_, length_, row_, steps_;
};

/// Windows at random places of the stream, every place equally likely, drawn anew in each step.
class RandomWindows {
 public:
  /// Throws Error unless batch and length are at least 1, and for a stream of fewer than length + 1 tokens.
  RandomWindows(std::span<const std::int32_t> stream, Index batch, Index length, const Rng& rng);

  /// Steps in which as many tokens are read as the stream has targets, rounded up.
  Index steps_per_epoch() const;
  WindowBatch operator()(Index step) const;

 private:
  std::span<const std::int32_t> stream_;
  Index batch_, length_;
  Rng rng_;
};

/// Windows that move on by `stride` tokens, for evaluation: every token but the first is the target of exactly one
/// window, in which it has at least length - stride tokens of context where the stream has so many. The last window is
/// moved back to end with the stream. With stride = length the windows stand side by side.
class SlidingWindows {
 public:
  struct Batch {
    IndexTensor inputs, targets;  // [N, T], T = min(length, tokens - 1)
    Tensor weights;               // [N, T]: 1 where the target counts, 0 where another window has it
  };

  /// Throws Error unless 1 <= stride <= length, and for a stream of fewer than 2 tokens.
  SlidingWindows(std::span<const std::int32_t> stream, Index length, Index stride);

  /// Number of windows.
  Index size() const { return count_; }
  /// Targets that all windows count together: one less than the stream has tokens.
  Index targets() const { return static_cast<Index>(stream_.size()) - 1; }
  /// Windows [begin, end). Throws Error unless 0 <= begin < end <= size().
  Batch operator()(Index begin, Index end) const;

 private:
  Index end_of(Index window) const;

  std::span<const std::int32_t> stream_;
  Index length_, stride_, count_;
};

/// Long windows for models that carry a state, read side by side: at most `rows` of equal length, each of which begins
/// `warm_up` tokens before the first target that it counts, so that its state is warm when it gets there. Fewer rows
/// where their own parts would be shorter than that. Throws Error unless rows is at least 1 and warm_up at least 0, and
/// for a stream of fewer than 2 tokens.
SlidingWindows carried_windows(std::span<const std::int32_t> stream, Index rows, Index warm_up);

}  // namespace atelier::inline v0::data
