#include "atelier/data/batches.hpp"

#include <algorithm>

#include "atelier/io/checksum.hpp"
#include "atelier/kernels/random.hpp"
#include "atelier/parallel/team.hpp"
#include "data/check_numbers.hpp"
#include "data/scale_bytes.hpp"

namespace atelier::inline v0::data {

namespace {
void check_range(const char* name, const ImageSet& set, Index begin, Index end) {
  if (begin < 0 || begin > end || end > set.count)
    throw Error(std::string(name) + ": [" + std::to_string(begin) + ", " + std::to_string(end) + ") does not lie in " +
                std::to_string(set.count) + " images");
}
/// One float picture for each number(k), k < count.
template <class Number> Tensor images(const ImageSet& set, Index count, const Number& number) {
  const Index size = set.image_size();
  auto x = Tensor::empty({count, size});
  parallel_for(count, 64, [&](Index begin, Index end) {
    for (Index k = begin; k < end; ++k) {
      if (k + 1 < end) prefetch(set.pixels.data() + number(k + 1) * size, size);
      scale_bytes<Range::zero_one>(x.mutable_data() + k * size, set.pixels.data() + number(k) * size, size);
    }
  });
  return x;
}
template <class Number> IndexTensor labels(const ImageSet& set, Index count, const Number& number) {
  if (set.labels.empty()) throw Error("labels: expected a set with labels, found one without");
  auto y = IndexTensor::empty({count});
  for (Index k = 0; k < count; ++k) y.mutable_data()[k] = set.labels[static_cast<std::size_t>(number(k))];
  return y;
}
}  // namespace

Shuffle::Shuffle(Index count, Index batch, const Rng& rng) : count_(count), batch_(batch), rng_(rng) {
  if (batch < 1 || batch > count)
    throw Error("shuffle: expected a batch of 1 to " + std::to_string(count) + " examples, found " +
                std::to_string(batch));
}

std::span<const std::int32_t> Shuffle::operator()(Index step) {
  if (step < 0) throw Error("shuffle: expected an update from 0 on, found " + std::to_string(step));
  const Index epoch = step / steps_per_epoch();
  if (epoch != epoch_) {
    order_ = rng_.fork("epoch", static_cast<std::uint64_t>(epoch)).permutation(count_);
    epoch_ = epoch;
  }
  const auto begin = static_cast<std::size_t>(step % steps_per_epoch() * batch_);
  return std::span(order_).subspan(begin, static_cast<std::size_t>(batch_));
}

Tensor gather_images(const ImageSet& set, std::span<const std::int32_t> numbers) {
  check_numbers("gather_images", set, numbers);
  return images(set, static_cast<Index>(numbers.size()),
                [&](Index k) -> Index { return numbers[static_cast<std::size_t>(k)]; });
}
Tensor slice_images(const ImageSet& set, Index begin, Index end) {
  check_range("slice_images", set, begin, end);
  return images(set, end - begin, [&](Index k) { return begin + k; });
}
IndexTensor gather_labels(const ImageSet& set, std::span<const std::int32_t> numbers) {
  check_numbers("gather_labels", set, numbers);
  return labels(set, static_cast<Index>(numbers.size()),
                [&](Index k) -> Index { return numbers[static_cast<std::size_t>(k)]; });
}
IndexTensor slice_labels(const ImageSet& set, Index begin, Index end) {
  check_range("slice_labels", set, begin, end);
  return labels(set, end - begin, [&](Index k) { return begin + k; });
}

ImageSet part(const ImageSet& set, Index begin, Index end) {
  check_range("part", set, begin, end);
  ImageSet some = set;
  const Index size = set.image_size();
  some.pixels.assign(set.pixels.begin() + begin * size, set.pixels.begin() + end * size);
  if (!set.labels.empty()) some.labels.assign(set.labels.begin() + begin, set.labels.begin() + end);
  some.count = end - begin;
  return some;
}

ImageSet binarize(const ImageSet& set, Rng rng) {
  constexpr Index block = Index{1} << 16;
  ImageSet drawn = set;
  std::vector<float> u(block);
  const auto n = static_cast<Index>(set.pixels.size());
  for (Index begin = 0; begin < n; begin += block) {
    const Index count = std::min(block, n - begin);
    kernels::fill_uniform(u.data(), count, 0, 255, rng);
    for (Index i = 0; i < count; ++i) {
      auto& pixel = drawn.pixels[static_cast<std::size_t>(begin + i)];
      pixel = u[static_cast<std::size_t>(i)] < static_cast<float>(pixel) ? 255 : 0;
    }
  }
  return drawn;
}

std::string binary_sha256(std::span<const ImageSet* const> sets) {
  io::Sha256 sha;
  std::vector<std::byte> bits;
  for (const ImageSet* set : sets) {
    bits.resize(set->pixels.size());
    std::transform(set->pixels.begin(), set->pixels.end(), bits.begin(),
                   [](std::uint8_t x) { return std::byte(x > 127); });
    sha.update(bits);
  }
  return sha.hex();
}

}  // namespace atelier::inline v0::data
