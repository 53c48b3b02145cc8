/// Shape of a tensor: up to six sizes, stored inline, so that making one never allocates.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include "atelier/core/error.hpp"

namespace atelier::inline v0 {

using Index = std::int64_t;

/// Sizes of a row-major tensor, outermost first. Rank 0 is a scalar. Sizes may be 0.
class Shape {
 public:
  static constexpr int max_rank = 6;

  Shape() = default;
  Shape(std::initializer_list<Index> sizes) : Shape(std::span<const Index>(sizes.begin(), sizes.size())) {}
  /// Throws Error for more than six sizes or a negative one.
  explicit Shape(std::span<const Index> sizes) {
    if (sizes.size() > max_rank) throw Error("shape: expected at most 6 sizes, found " + std::to_string(sizes.size()));
    for (Index n : sizes) push_back(n);
  }

  int rank() const { return rank_; }
  /// Number of elements.
  Index size() const {
    Index n = 1;
    for (int i = 0; i < rank_; ++i) n *= sizes_[i];
    return n;
  }
  /// Bytes of that many elements of `each` bytes. Throws Error when an Index can't count them.
  Index bytes(Index each) const {
    Index n = each;
    bool overflow = false, none = false;
    for (Index size : sizes()) {
      none |= size == 0;
      overflow |= __builtin_mul_overflow(n, size, &n);
    }
    if (overflow && !none) throw Error("shape: " + str() + " has more elements than memory can hold");
    return none ? 0 : n;
  }
  /// Size of dimension `dim`; negative counts from the end (-1 is the innermost).
  Index operator[](int dim) const { return sizes_[axis(dim)]; }
  Index& operator[](int dim) { return sizes_[axis(dim)]; }
  /// `dim` as a non-negative number. Throws Error when there is no such dimension.
  int axis(int dim) const {
    int at = dim < 0 ? rank_ + dim : dim;
    if (at < 0 || at >= rank_) throw Error("shape: no dimension " + std::to_string(dim) + " in " + str());
    return at;
  }
  void push_back(Index n) {
    if (rank_ == max_rank) throw Error("shape: a tensor has at most 6 dimensions");
    if (n < 0) throw Error("shape: negative size " + std::to_string(n));
    sizes_[rank_++] = n;
  }
  /// Product of the sizes of dimensions [first, last).
  Index count(int first, int last) const {
    Index n = 1;
    for (int i = first; i < last; ++i) n *= sizes_[i];
    return n;
  }
  std::span<const Index> sizes() const { return {sizes_, static_cast<std::size_t>(rank_)}; }
  std::string str() const {
    std::string text = "[";
    for (int i = 0; i < rank_; ++i) text += (i ? ", " : "") + std::to_string(sizes_[i]);
    return text + "]";
  }

  friend bool operator==(const Shape& a, const Shape& b) {
    if (a.rank_ != b.rank_) return false;
    for (int i = 0; i < a.rank_; ++i)
      if (a.sizes_[i] != b.sizes_[i]) return false;
    return true;
  }

 private:
  Index sizes_[max_rank] = {};
  int rank_ = 0;
};

/// A list of dimensions, such as {0, -1}: at most as many as a tensor has. Making one never allocates.
class Dims {
 public:
  Dims() = default;
  /// Throws Error for more than six.
  Dims(std::initializer_list<int> dims) {
    for (int d : dims) push_back(d);
  }
  void push_back(int dim) {
    if (count_ == Shape::max_rank) throw Error("dimensions: expected at most 6");
    dims_[count_++] = dim;
  }
  int size() const { return count_; }
  bool empty() const { return count_ == 0; }
  int& operator[](int i) { return dims_[i]; }
  int operator[](int i) const { return dims_[i]; }
  const int* begin() const { return dims_; }
  const int* end() const { return dims_ + count_; }

 private:
  int dims_[Shape::max_rank] = {};
  int count_ = 0;
};

/// Common shape of two operands after broadcasting: aligned at the innermost dimension, sizes equal or 1.
/// Throws Error naming `op` when they do not fit.
inline Shape broadcast(const char* op, const Shape& a, const Shape& b) {
  if (a == b) return a;
  Shape out = a.rank() >= b.rank() ? a : b;
  for (int i = 1; i <= out.rank(); ++i) {
    Index x = i <= a.rank() ? a[-i] : 1, y = i <= b.rank() ? b[-i] : 1;
    if (x != y && x != 1 && y != 1)
      throw Error(std::string(op) + ": shapes do not broadcast, " + a.str() + " and " + b.str());
    out[-i] = x == 1 ? y : x;
  }
  return out;
}

}  // namespace atelier::inline v0
