/// A language model's likelihood of a text, by the protocols that papers use: windows on their own, or a memory that is
/// carried through the text. Both go over windows as data::SlidingWindows gives them:
///   windows.size(), windows.targets(), windows(begin, end) -> {inputs, targets, weights}, each [N, T]
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0::metrics {

/// Told which share of the windows is done; says whether to go on.
using GoOn = std::function<bool(double done)>;

/// Sum of -log p of all targets, each in a window of its own context: `nats(inputs, targets)` gives -log p of each
/// target, [N, T], for windows of tokens [N, T], `batch` of them at a time. Nothing when `go_on` says to stop.
/// With a stride of the window's length this is what a model of fixed context is trained on; with a shorter stride each
/// target has at least length - stride tokens of context.                               Baevski & Auli 2019, sec. 5
template <class Windows, class Nats>
std::optional<double> windowed_nats(const Windows& windows, Index batch, const Nats& nats, const GoOn& go_on = {}) {
  double sum = 0;
  for (Index i = 0; i < windows.size(); i += batch) {
    if (go_on && !go_on(static_cast<double>(i) / static_cast<double>(windows.size()))) return std::nullopt;
    const auto part = windows(i, std::min(windows.size(), i + batch));
    const Tensor each = nats(part.inputs, part.targets);
    if (each.size() != part.weights.size())
      throw Error("perplexity: expected -log p of " + part.weights.shape().str() + ", found " + each.shape().str());
    for (Index k = 0; k < each.size(); ++k)
      if (part.weights.data()[k] > 0) sum += static_cast<double>(each.data()[k]);
  }
  return sum;
}

/// Times [begin, end) of windows, turned: [end - begin, N], as recurrent models read them.
struct TimesOfWindows {
  IndexTensor inputs, targets;
  Tensor weights;
};

/// [rows, T] -> [end - begin, rows]: columns [begin, end) as rows.
template <class T> BasicTensor<T> turned(const BasicTensor<T>& x, Index begin, Index end) {
  const Index rows = x.size(0), length = x.size(1);
  auto y = BasicTensor<T>::empty({end - begin, rows});
  for (Index r = 0; r < rows; ++r)
    for (Index t = begin; t < end; ++t) y.mutable_data()[(t - begin) * rows + r] = x.data()[r * length + t];
  return y;
}

/// Goes through all windows side by side, `length` times after `length` times: visit(TimesOfWindows), which carries its
/// memory from call to call. False when `go_on` says to stop.
template <class Windows, class Visit>
bool carry_through(const Windows& windows, Index length, const Visit& visit, const GoOn& go_on = {}) {
  const auto all = windows(0, windows.size());
  const Index times = all.inputs.size(1);
  for (Index t = 0; t < times; t += length) {
    if (go_on && !go_on(static_cast<double>(t) / static_cast<double>(times))) return false;
    const Index end = std::min(times, t + length);
    visit(TimesOfWindows{turned(all.inputs, t, end), turned(all.targets, t, end), turned(all.weights, t, end)});
  }
  return true;
}

}  // namespace atelier::inline v0::metrics
