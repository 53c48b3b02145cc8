/// From a data set in bytes to the batches of a training run.
#pragma once

#include <span>

#include "atelier/core/random.hpp"
#include "atelier/data/mnist.hpp"
#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0::data {

/// Which examples an update reads: every epoch goes through all of them in an order of its own; what does not fill a
/// batch at its end is left out. A function of the generator and the update's number, so that a run can be continued
/// anywhere.
class Shuffle {
 public:
  /// Throws Error unless 1 <= batch <= count.
  Shuffle(Index count, Index batch, const Rng& rng);

  Index steps_per_epoch() const { return count_ / batch_; }
  /// Numbers of the examples of update `step`, counted from 0 through all epochs; valid until the next call.
  std::span<const std::int32_t> operator()(Index step);

 private:
  Index count_, batch_;
  Rng rng_;
  Index epoch_ = -1;
  std::vector<std::int32_t> order_;  // of that epoch
};

/// Images by number as [B, channels * height * width], 0 to 1. image_batch.hpp keeps the dimensions. Throws Error for
/// numbers that the set does not have, as all of these do.
Tensor gather_images(const ImageSet& set, std::span<const std::int32_t> numbers);
/// Images [begin, end) in the same form.
Tensor slice_images(const ImageSet& set, Index begin, Index end);
/// Labels by number. Throws Error for a set without labels.
IndexTensor gather_labels(const ImageSet& set, std::span<const std::int32_t> numbers);
IndexTensor slice_labels(const ImageSet& set, Index begin, Index end);

/// A part of a set: images [begin, end) with their labels.
ImageSet part(const ImageSet& set, Index begin, Index end);

/// The set with every pixel drawn once, 255 with probability x / 255 and 0 otherwise.
ImageSet binarize(const ImageSet& set, Rng rng);
/// SHA-256 of the pixels of several sets one after the other, a byte of 0 or 1 for each.
std::string binary_sha256(std::span<const ImageSet* const> sets);

}  // namespace atelier::inline v0::data
