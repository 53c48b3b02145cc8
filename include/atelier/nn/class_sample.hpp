/// A few classes that stand for all of them in one step's softmax.
#pragma once

#include <cmath>
#include <vector>

#include "atelier/core/random.hpp"
#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0::nn {

/// Classes 0, ..., always - 1 are in every sample: they should be the most frequent ones.
struct ClassSampleOptions {
  Index always = 1000;
  Index size = 4096;  ///< of the whole sample; it grows when a step needs more
};

/// The sum over all V classes that normalises a softmax is estimated from a part of them: exactly over the set D of the
/// classes that are always there and those that the step names, and over m classes drawn evenly, without replacement,
/// from the V - |D| others, each standing for (V - |D|) / m of them:
///   Z ~ sum_D exp(l_c) + sum_drawn exp(l_c + log((V - |D|) / m)).                      Botev, Zheng & Barber 2017
/// Unbiased in Z. As the offsets are added to logits, any softmax loss over the sample is such an estimate. Samples
/// keep their size from step to step, as far as the steps allow it.
class ClassSample {
 public:
  /// Throws ConfigError unless 0 <= always and 2 <= size.
  ClassSample(Index classes, const ClassSampleOptions& o) : options_(o), place_(checked(classes, o), -1) {}

  /// Draws a sample with all of `named`. Throws Error for an id outside.
  void draw(const IndexTensor& named, Rng& rng) {
    for (const auto c : members_) place(c) = -1;
    members_.clear();
    for (Index c = 0; c < std::min(options_.always, classes()); ++c) add(static_cast<std::int32_t>(c));
    for (const auto c : named.values()) {
      if (c < 0 || c >= classes())
        throw Error("class sample: expected ids from 0 to " + std::to_string(classes() - 1) + ", found " +
                    std::to_string(c));
      if (place(c) < 0) add(c);
    }
    exact_ = static_cast<Index>(members_.size());
    const Index drawn = std::min(size_for(exact_), classes()) - exact_;
    stands_for_ = drawn > 0 ? static_cast<double>(classes() - exact_) / static_cast<double>(drawn) : 1;
    while (static_cast<Index>(members_.size()) < exact_ + drawn) {
      const auto c = static_cast<std::int32_t>(rng.index(classes()));
      if (place(c) < 0) add(c);
    }
  }

  Index classes() const { return static_cast<Index>(place_.size()); }
  /// The classes of the sample, [K].
  IndexTensor members() const { return {Shape{static_cast<Index>(members_.size())}, std::span(members_)}; }
  /// What is added to the logits of the sample, [K]: log of how many classes each one stands for.
  template <class T> BasicTensor<T> offsets() const {
    BasicTensor<T> y(Shape{static_cast<Index>(members_.size())}, T(0));
    std::fill_n(y.mutable_data() + exact_, y.size() - exact_, static_cast<T>(std::log(stands_for_)));
    return y;
  }
  /// Ids as places in the sample, of the same shape. Throws Error for a class that is not in it.
  IndexTensor places(const IndexTensor& ids) const {
    auto y = IndexTensor::empty(ids.shape());
    for (Index i = 0; i < ids.size(); ++i) {
      const auto c = ids.data()[i];
      if (c < 0 || c >= classes() || place_[static_cast<std::size_t>(c)] < 0)
        throw Error("class sample: expected classes of the sample, found " + std::to_string(c));
      y.mutable_data()[i] = place_[static_cast<std::size_t>(c)];
    }
    return y;
  }

 private:
  static std::size_t checked(Index classes, const ClassSampleOptions& o) {
    if (classes < 1 || o.always < 0 || o.size < 2)
      throw ConfigError(
          "class sample: expected classes, 0 or more that are always there, and a size of at least 2, "
          "found " +
          std::to_string(classes) + ", " + std::to_string(o.always) + " and " + std::to_string(o.size));
    return static_cast<std::size_t>(classes);
  }
  /// At least an eighth of a sample is drawn, or the estimate would be of little use.
  Index size_for(Index exact) const {
    Index size = options_.size;
    while (size - size / 8 < exact) size += options_.size / 2;
    return size;
  }
  std::int32_t& place(std::int32_t c) { return place_[static_cast<std::size_t>(c)]; }
  void add(std::int32_t c) {
    place(c) = static_cast<std::int32_t>(members_.size());
    members_.push_back(c);
  }

  ClassSampleOptions options_;
  std::vector<std::int32_t> place_;    // by class: its place in the sample, or -1
  std::vector<std::int32_t> members_;  // first those that count exactly
  Index exact_ = 0;
  double stands_for_ = 1;
};

}  // namespace atelier::inline v0::nn
