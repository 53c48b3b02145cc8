#include "atelier/data/text/windows.hpp"

#include <algorithm>
#include <string>

#include "atelier/core/error.hpp"

namespace atelier::inline v0::data {
namespace {

using Stream = std::span<const std::int32_t>;

Index size_of(Stream stream) { return static_cast<Index>(stream.size()); }

void check_sizes(const char* what, Index batch, Index length) {
  if (batch < 1 || length < 1)
    throw Error(std::string(what) + ": expected a batch and a length of at least 1, found " + std::to_string(batch) +
                " and " + std::to_string(length));
}
void check_stream(const char* what, Stream stream, Index least) {
  if (size_of(stream) < least)
    throw Error(std::string(what) + ": expected a stream of at least " + std::to_string(least) + " tokens, found " +
                std::to_string(stream.size()));
}

/// Row b begins at start(b).
template <class Start> WindowBatch gather(Stream stream, Index batch, Index length, const Start& start) {
  WindowBatch w{IndexTensor::empty({batch, length}), IndexTensor::empty({batch, length})};
  for (Index b = 0; b < batch; ++b) {
    const std::int32_t* from = stream.data() + start(b);
    std::copy_n(from, length, w.inputs.mutable_data() + b * length);
    std::copy_n(from + 1, length, w.targets.mutable_data() + b * length);
  }
  return w;
}

}  // namespace

StreamBatches::StreamBatches(Stream stream, Index batch, Index length)
    : stream_(stream), batch_(batch), length_(length) {
  check_sizes("stream batches", batch, length);
  row_ = (size_of(stream) - 1) / batch;
  steps_ = row_ / length;
  if (steps_ < 1)
    throw Error("stream batches: expected a stream for " + std::to_string(batch) + " rows of " +
                std::to_string(length) + " tokens and one more, found " + std::to_string(stream.size()) + " tokens");
}

WindowBatch StreamBatches::operator()(Index step) const {
  const Index at = step % steps_ * length_;
  return gather(stream_, batch_, length_, [&](Index b) { return b * row_ + at; });
}

RandomWindows::RandomWindows(Stream stream, Index batch, Index length, const Rng& rng)
    : stream_(stream), batch_(batch), length_(length), rng_(rng) {
  check_sizes("random windows", batch, length);
  check_stream("random windows", stream, length + 1);
}

Index RandomWindows::steps_per_epoch() const {
  const Index targets = size_of(stream_) - 1, rows = (targets + length_ - 1) / length_;
  return (rows + batch_ - 1) / batch_;
}

WindowBatch RandomWindows::operator()(Index step) const {
  Rng rng = rng_.fork("windows", static_cast<std::uint64_t>(step));
  return gather(stream_, batch_, length_, [&](Index) { return rng.index(size_of(stream_) - length_); });
}

SlidingWindows::SlidingWindows(Stream stream, Index length, Index stride) : stream_(stream), stride_(stride) {
  if (stride < 1 || stride > length)
    throw Error("sliding windows: expected a stride of 1 to the length " + std::to_string(length) + ", found " +
                std::to_string(stride));
  check_stream("sliding windows", stream, 2);
  length_ = std::min(length, targets());
  count_ = 1 + (targets() - length_ + stride - 1) / stride;
}

Index SlidingWindows::end_of(Index window) const { return std::min(length_ + window * stride_, targets()); }

SlidingWindows::Batch SlidingWindows::operator()(Index begin, Index end) const {
  if (begin < 0 || begin >= end || end > count_)
    throw Error("sliding windows: [" + std::to_string(begin) + ", " + std::to_string(end) + ") does not lie in " +
                std::to_string(count_) + " windows");
  auto windows = gather(stream_, end - begin, length_, [&](Index b) { return end_of(begin + b) - length_; });
  Batch batch{std::move(windows.inputs), std::move(windows.targets), Tensor::zeros({end - begin, length_})};
  for (Index w = begin; w < end; ++w) {
    const Index new_ones = w == 0 ? length_ : end_of(w) - end_of(w - 1);
    std::fill_n(batch.weights.mutable_data() + (w - begin + 1) * length_ - new_ones, new_ones, 1.0f);
  }
  return batch;
}

SlidingWindows carried_windows(Stream stream, Index rows, Index warm_up) {
  if (rows < 1 || warm_up < 0)
    throw Error("carried windows: expected at least 1 row and 0 tokens before it, found " + std::to_string(rows) +
                " and " + std::to_string(warm_up));
  check_stream("carried windows", stream, 2);
  const Index targets = size_of(stream) - 1, rest = targets - warm_up;
  const Index fitting = std::clamp<Index>(rest / std::max<Index>(1, warm_up), 1, rows);
  if (fitting == 1) return {stream, targets, targets};
  const Index part = (rest + fitting - 1) / fitting;
  return {stream, warm_up + part, part};
}

}  // namespace atelier::inline v0::data
