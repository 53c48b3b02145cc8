/// Softmax over many classes of very different frequency.
#pragma once

#include <algorithm>
#include <cmath>

#include "atelier/nn/linear.hpp"
#include "atelier/ops/cross_entropy.hpp"

namespace atelier::inline v0::nn {

/// Classes sorted by falling frequency, [0, classes), are cut at `cutoffs`. The head tells the first ones and one class
/// for each further cluster apart; the clusters have layers of their own, through in / div_value^(i + 1) numbers.
///                                                                                            Grave et al. 2017
/// Named, initialised and cut as torch.nn.AdaptiveLogSoftmaxWithLoss: head.weight, tail.0.0.weight, tail.0.1.weight,
/// ...
template <class T> struct BasicAdaptiveSoftmax {
  Index in = 0, classes = 0;
  std::vector<Index> cutoffs;
  double div_value = 4;
  bool head_bias = false;
  struct Tail {
    BasicLinear<T> down, up;
    static void visit(auto& m, auto&& f) { f("0", m.down), f("1", m.up); }
  };
  BasicLinear<T> head{in, check(cutoffs, classes)[0] + static_cast<Index>(cutoffs.size()), head_bias};
  std::vector<Tail> tail = make_tail();

  /// Mean of -log p(id) in nats over the ids that count: x [..., in], an id for each row -> [].
  BasicTensor<T> loss(const BasicTensor<T>& x, const IndexTensor& ids, std::int32_t ignore = -100) const {
    const IndexTensor flat = ids.view(Shape{ids.size()});
    const Index count = atelier::detail::check_targets("AdaptiveSoftmax", flat, classes, {.ignore = ignore});
    const auto rows = reshape(x, Shape{flat.size(), in});
    const BasicTensor<T> none;
    auto total = linear_cross_entropy(rows, BasicTensor<T>(head.w), head_bias ? BasicTensor<T>(head.b) : none,
                                      head_ids(flat, ignore), {.ignore = -1});
    for (std::size_t i = 0; i < tail.size(); ++i) {
      const auto [places, members] = cluster(flat, i, ignore);
      if (places.size() == 0) continue;
      const auto share = static_cast<real_of<T>>(members.size()) / static_cast<real_of<T>>(count);
      const auto inner = linear_cross_entropy(tail[i].down(take(rows, places)), BasicTensor<T>(tail[i].up.w), none,
                                              members, {.ignore = -1});
      total = add(total, affine(inner, share, 0));
    }
    return total;
  }
  /// log p of every class: [R, in] -> [R, classes].
  BasicTensor<T> log_prob(const BasicTensor<T>& x) const {
    const auto first = log_softmax(head(x));
    std::vector<BasicTensor<T>> parts{slice(first, 1, 0, cutoffs[0])};
    for (std::size_t i = 0; i < tail.size(); ++i) {
      const Index at = cutoffs[0] + static_cast<Index>(i);
      parts.push_back(add(slice(first, 1, at, at + 1), log_softmax(tail[i].up(tail[i].down(x)))));
    }
    return concat(parts, 1);
  }
  static void visit(auto& m, auto&& f) { f("head", m.head), f("tail", m.tail); }

 private:
  /// Throws ConfigError unless the cutoffs rise within (0, classes).
  static const std::vector<Index>& check(const std::vector<Index>& cutoffs, Index classes) {
    Index last = 0;
    for (const Index c : cutoffs) {
      if (c <= last || c >= classes)
        throw ConfigError("AdaptiveSoftmax: expected cutoffs that rise between 0 and " + std::to_string(classes) +
                          ", found " + std::to_string(c) + " after " + std::to_string(last));
      last = c;
    }
    if (cutoffs.empty()) throw ConfigError("AdaptiveSoftmax: expected at least one cutoff, found none");
    return cutoffs;
  }
  Index end(std::size_t i) const { return i + 1 < cutoffs.size() ? cutoffs[i + 1] : classes; }
  std::vector<Tail> make_tail() const {
    std::vector<Tail> all;
    for (std::size_t i = 0; i < cutoffs.size(); ++i) {
      const auto size = static_cast<Index>(std::floor(static_cast<double>(in) / std::pow(div_value, i + 1)));
      if (size < 1)
        throw ConfigError("AdaptiveSoftmax: expected an input of at least " + number_text(div_value) +
                          " to the power of the number of cutoffs, found " + std::to_string(in));
      all.push_back({{in, size, false}, {size, end(i) - cutoffs[i], false}});
    }
    return all;
  }
  /// What the head is to say: the id itself, its cluster, or -1 for one that does not count.
  IndexTensor head_ids(const IndexTensor& ids, std::int32_t ignore) const {
    auto out = copy(ids);
    for (Index r = 0; r < ids.size(); ++r) {
      std::int32_t& id = out.mutable_data()[r];
      const auto above = std::upper_bound(cutoffs.begin(), cutoffs.end(), Index{id}) - cutoffs.begin();
      if (id == ignore)
        id = -1;
      else if (above > 0)
        id = static_cast<std::int32_t>(cutoffs[0] + above - 1);
    }
    return out;
  }
  /// The rows whose id lies in cluster i, and their numbers within it.
  std::pair<IndexTensor, IndexTensor> cluster(const IndexTensor& ids, std::size_t i, std::int32_t ignore) const {
    std::vector<std::int32_t> places, members;
    for (Index r = 0; r < ids.size(); ++r) {
      const auto id = ids.data()[r];
      if (id == ignore || id < cutoffs[i] || id >= end(i)) continue;
      places.push_back(static_cast<std::int32_t>(r));
      members.push_back(id - static_cast<std::int32_t>(cutoffs[i]));
    }
    const Shape shape{static_cast<Index>(places.size())};
    return {IndexTensor(shape, std::span<const std::int32_t>(places)),
            IndexTensor(shape, std::span<const std::int32_t>(members))};
  }
};
using AdaptiveSoftmax = BasicAdaptiveSoftmax<float>;

}  // namespace atelier::inline v0::nn
