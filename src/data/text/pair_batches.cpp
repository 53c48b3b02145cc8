#include "atelier/data/text/pair_batches.hpp"

#include <algorithm>
#include <numeric>
#include <string>

#include "atelier/core/error.hpp"

namespace atelier::inline v0::data {
namespace {

/// A row: `first` unless negative, the tokens, `last` unless negative, padding.
void fill_row(std::span<std::int32_t> row, std::int32_t first, const std::vector<std::int32_t>& tokens,
              std::int32_t last, std::int32_t pad) {
  auto at = row.begin();
  if (first >= 0) *at++ = first;
  at = std::copy(tokens.begin(), tokens.end(), at);
  if (last >= 0) *at++ = last;
  std::fill(at, row.end(), pad);
}

std::span<std::int32_t> row_of(IndexTensor& x, Index row) {
  return {x.mutable_data() + row * x.size(1), static_cast<std::size_t>(x.size(1))};
}

}  // namespace

PairBatches::PairBatches(std::span<const TokenPair> pairs, const PairBatchOptions& options, const Rng& rng)
    : pairs_(pairs), options_(options), rng_(rng) {
  if (pairs.empty()) throw Error("pair batches: expected pairs, found none");
  if (options.batch < 1 || options.pool < 1)
    throw Error("pair batches: expected a batch and a pool of at least 1, found " + std::to_string(options.batch) +
                " and " + std::to_string(options.pool));
  if (options.pad < 0 || options.begin < 0 || options.end < 0)
    throw Error("pair batches: expected ids of at least 0 for pad, begin and end, found " +
                std::to_string(std::min({options.pad, options.begin, options.end})));
}

Index PairBatches::steps_per_epoch() const { return (std::ssize(pairs_) + options_.batch - 1) / options_.batch; }

void PairBatches::order_epoch(Index epoch) {
  const Rng rng = rng_.fork("epoch", static_cast<std::uint64_t>(epoch));
  const auto count = std::ssize(pairs_);
  order_.resize(pairs_.size());
  batches_.resize(static_cast<std::size_t>(steps_per_epoch()));
  std::iota(order_.begin(), order_.end(), 0);
  std::iota(batches_.begin(), batches_.end(), 0);
  if (options_.shuffle) {
    order_ = rng.fork("pairs").permutation(count);
    batches_ = rng.fork("batches").permutation(steps_per_epoch());
  }
  const auto lengths = [&](std::int32_t i) {
    const TokenPair& pair = pairs_[static_cast<std::size_t>(i)];
    return std::pair(pair.source.size(), pair.target.size());
  };
  const Index pool = options_.shuffle ? std::min(options_.pool, steps_per_epoch()) * options_.batch : count;
  for (Index begin = 0; begin < count; begin += pool)
    std::stable_sort(order_.begin() + begin, order_.begin() + std::min(begin + pool, count),
                     [&](std::int32_t a, std::int32_t b) { return lengths(a) < lengths(b); });
  epoch_ = epoch;
}

PairBatch PairBatches::operator()(Index step) {
  const Index steps = steps_per_epoch();
  if (step / steps != epoch_) order_epoch(step / steps);
  const auto begin = static_cast<std::size_t>(batches_[static_cast<std::size_t>(step % steps)] * options_.batch);
  const auto size = std::min(static_cast<std::size_t>(options_.batch), pairs_.size() - begin);
  return gather(std::span<const std::int32_t>(order_).subspan(begin, size));
}

PairBatch PairBatches::gather(std::span<const std::int32_t> numbers) const {
  std::size_t source = 0, target = 0;
  for (std::int32_t i : numbers) {
    source = std::max(source, pairs_[static_cast<std::size_t>(i)].source.size());
    target = std::max(target, pairs_[static_cast<std::size_t>(i)].target.size());
  }
  const auto count = std::ssize(numbers);
  const Shape sources{count, static_cast<Index>(source) + 1}, targets{count, static_cast<Index>(target) + 1};
  PairBatch batch{IndexTensor::empty(sources), IndexTensor::empty(targets), IndexTensor::empty(targets),
                  IndexTensor::empty({count}), IndexTensor::empty({count}), {numbers.begin(), numbers.end()}};
  for (Index b = 0; b < count; ++b) {
    const TokenPair& pair = pairs_[static_cast<std::size_t>(numbers[static_cast<std::size_t>(b)])];
    fill_row(row_of(batch.source, b), -1, pair.source, options_.end, options_.pad);
    fill_row(row_of(batch.decoder_input, b), options_.begin, pair.target, -1, options_.pad);
    fill_row(row_of(batch.decoder_target, b), -1, pair.target, options_.end, options_.pad);
    batch.source_lengths.mutable_data()[b] = static_cast<std::int32_t>(pair.source.size() + 1);
    batch.decoder_lengths.mutable_data()[b] = static_cast<std::int32_t>(pair.target.size() + 1);
  }
  return batch;
}

}  // namespace atelier::inline v0::data
