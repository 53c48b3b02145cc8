#include "atelier/data/image_batch.hpp"

#include <algorithm>
#include <string>

#include "atelier/core/error.hpp"
#include "atelier/parallel/team.hpp"
#include "data/check_numbers.hpp"
#include "data/scale_bytes.hpp"

namespace atelier::inline v0::data {
namespace {

constexpr Index grain_pixels = 100'000;  // some 40 microseconds

/// Every row reversed.
void mirror(float* image, Index rows, Index width) {
  for (Index y = 0; y < rows; ++y) std::reverse(image + y * width, image + (y + 1) * width);
}

/// flips: a byte for each image, not 0 where it is mirrored; or empty.
template <Range range>
Tensor gather(const ImageSet& set, std::span<const std::int32_t> numbers, std::span<const std::uint8_t> flips) {
  const Index size = set.image_size();
  auto x = Tensor::empty({static_cast<Index>(numbers.size()), set.channels, set.height, set.width});
  parallel_for(x.size(0), grain_pixels / std::max<Index>(size, 1) + 1, [&](Index begin, Index end) {
    for (Index k = begin; k < end; ++k) {
      float* to = x.mutable_data() + k * size;
      scale_bytes<range>(to, set.pixels.data() + numbers[static_cast<std::size_t>(k)] * size, size);
      if (!flips.empty() && flips[static_cast<std::size_t>(k)]) mirror(to, set.channels * set.height, set.width);
    }
  });
  return x;
}

Tensor gather(const ImageSet& set, std::span<const std::int32_t> numbers, Range range,
              std::span<const std::uint8_t> flips) {
  check_numbers("image_batch", set, numbers);
  return range == Range::zero_one ? gather<Range::zero_one>(set, numbers, flips)
                                  : gather<Range::minus_one_one>(set, numbers, flips);
}

}  // namespace

void check_numbers(const char* name, const ImageSet& set, std::span<const std::int32_t> numbers) {
  const auto bad = std::find_if(numbers.begin(), numbers.end(), [&](auto n) { return n < 0 || n >= set.count; });
  if (bad != numbers.end())
    throw Error(std::string(name) + ": expected numbers below " + std::to_string(set.count) + ", found " +
                std::to_string(*bad));
}

Tensor image_batch(const ImageSet& set, std::span<const std::int32_t> numbers, Range range) {
  return gather(set, numbers, range, {});
}

Tensor image_batch(const ImageSet& set, std::span<const std::int32_t> numbers, Range range, Rng& flips) {
  std::vector<std::uint8_t> drawn(numbers.size());
  for (auto& flip : drawn) flip = flips.bits() & 1;
  return gather(set, numbers, range, drawn);
}

}  // namespace atelier::inline v0::data
