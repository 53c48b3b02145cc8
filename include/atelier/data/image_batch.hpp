/// Batches of images as convolutions take them.
#pragma once

#include <span>

#include "atelier/core/random.hpp"
#include "atelier/data/image_set.hpp"
#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0::data {

/// What the bytes 0 to 255 become: x / 255, or 2 x / 255 - 1, which is for generators that end in tanh.
enum class Range { zero_one, minus_one_one };

/// Images by number as [B, C, H, W]. Throws Error for numbers that the set does not have.
Tensor image_batch(const ImageSet& set, std::span<const std::int32_t> numbers, Range range = Range::zero_one);
/// The same, each image mirrored left to right with probability 1/2: one draw for each image, in the batch's order.
Tensor image_batch(const ImageSet& set, std::span<const std::int32_t> numbers, Range range, Rng& flips);

}  // namespace atelier::inline v0::data
