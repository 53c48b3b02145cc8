/// Keys and values that a decoder keeps.
#pragma once

#include <span>
#include <vector>

#include "atelier/kernels/attention/one_query.hpp"
#include "atelier/models/transformer/stack.hpp"

namespace atelier::inline v0::transformer {

/// Of every layer and row: keys and values, [H] times [capacity, D] each.
class Cache {
 public:
  Cache(const Config& c, Index rows, Index capacity)
      : heads_(c.heads), size_(c.head_size()), layers_(c.layers), rows_(rows), capacity_(capacity) {
    keys_ = Tensor::empty({layers_, rows, heads_, capacity, size_});
    values_ = Tensor::empty(keys_.shape());
  }
  Index capacity() const { return capacity_; }
  Index rows() const { return rows_; }
  kernels::OneQuerySizes sizes() const {
    return {heads_, size_, capacity_ * size_, 1 / std::sqrt(static_cast<double>(size_))};
  }
  const float* keys(Index layer, Index row) const { return keys_.data() + at(layer, row); }
  const float* values(Index layer, Index row) const { return values_.data() + at(layer, row); }

  /// Keeps the keys and values of one time: C numbers each.
  void put(Index layer, Index row, Index time, const float* key, const float* value) {
    for (Index h = 0; h < heads_; ++h) {
      const Index to = at(layer, row) + (h * capacity_ + time) * size_;
      std::copy_n(key + h * size_, size_, keys_.mutable_data() + to);
      std::copy_n(value + h * size_, size_, values_.mutable_data() + to);
    }
  }
  /// Takes over the first `count` times of a row of another cache of the same sizes.
  void copy_row(const Cache& from, Index from_row, Index row, Index count) {
    for (Index l = 0; l < layers_; ++l)
      for (Index h = 0; h < heads_; ++h) {
        const Index source = at(l, from_row) + h * capacity_ * size_, to = at(l, row) + h * capacity_ * size_;
        std::copy_n(from.keys_.data() + source, count * size_, keys_.mutable_data() + to);
        std::copy_n(from.values_.data() + source, count * size_, values_.mutable_data() + to);
      }
  }

 private:
  Index at(Index layer, Index row) const { return (layer * rows_ + row) * heads_ * capacity_ * size_; }

  Index heads_, size_, layers_, rows_, capacity_;
  Tensor keys_, values_;
};

}  // namespace atelier::inline v0::transformer
