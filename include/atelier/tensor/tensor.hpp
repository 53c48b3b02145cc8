/// The tensor: an immutable array of numbers behind a shared handle, row-major and contiguous, of dynamic rank.
#pragma once

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <span>
#include <vector>

#include "atelier/core/scalar.hpp"
#include "atelier/tensor/identity.hpp"

namespace atelier::inline v0 {

namespace detail {
[[noreturn, gnu::cold, gnu::noinline]] inline void throw_empty_handle() {
  throw Error("tensor: expected a value, found an empty handle (default-made, moved from, or an unused gradient)");
}
}  // namespace detail

/// Copying a handle is cheap and shares the value. Nothing changes a value once an operation has returned it; the one
/// exception is a parameter (nn::Param). A default-constructed handle is empty.
template <Element T> class BasicTensor {
 public:
  using scalar = T;

  BasicTensor() = default;
  /// Every element equal to `value`.
  BasicTensor(const Shape& shape, T value) : BasicTensor(empty(shape)) { std::fill_n(mutable_data(), size(), value); }
  /// Elements in row-major order. Throws Error when their number differs from the shape's.
  BasicTensor(const Shape& shape, std::initializer_list<T> values)
      : BasicTensor(shape, std::span<const T>(values.begin(), values.size())) {}
  BasicTensor(const Shape& shape, std::span<const T> values) : BasicTensor(empty(shape)) {
    if (static_cast<Index>(values.size()) != size())
      throw Error("tensor: " + std::to_string(values.size()) + " values do not fill " + shape.str());
    std::copy(values.begin(), values.end(), mutable_data());
  }

  /// Memory whose contents are still to be written, by whoever makes the value.
  /// Throws Error for a shape whose elements could not be addressed.
  static BasicTensor empty(const Shape& shape) {
    memory::Block* block = memory::acquire(static_cast<std::size_t>(shape.bytes(sizeof(T))));
    return adopt(make_identity(shape, block, block->data()));
  }
  static BasicTensor zeros(const Shape& shape) { return BasicTensor(shape, T(0)); }

  BasicTensor(const BasicTensor& o) noexcept : id_(o.id_ ? share(o.id_) : nullptr) {}
  BasicTensor(BasicTensor&& o) noexcept : id_(std::exchange(o.id_, nullptr)) {}
  BasicTensor& operator=(BasicTensor o) noexcept {
    std::swap(id_, o.id_);
    return *this;
  }
  ~BasicTensor() { release(id_); }

  explicit operator bool() const { return id_ != nullptr; }
  /// Throws Error for an empty handle, as all do that need the shape.
  const Shape& shape() const {
    if (!id_) [[unlikely]]
      detail::throw_empty_handle();
    return id_->shape;
  }
  int rank() const { return shape().rank(); }
  Index size() const { return shape().size(); }
  /// Size of one dimension; negative counts from the end.
  Index size(int dim) const { return shape()[dim]; }
  const T* data() const { return static_cast<const T*>(id_->data); }
  std::span<const T> values() const { return {data(), static_cast<std::size_t>(size())}; }
  std::vector<T> to_vector() const { return {data(), data() + size()}; }
  /// The only element. Throws Error when there are more or none.
  T item() const {
    if (size() != 1) throw Error("item: expected one element, found shape " + shape().str());
    return *data();
  }
  /// One element by its indices (for looking, not for loops).
  T at(std::initializer_list<Index> indices) const {
    if (static_cast<int>(indices.size()) != rank())
      throw Error("at: expected " + std::to_string(rank()) + " indices, found " + std::to_string(indices.size()));
    Index offset = 0;
    int dim = 0;
    for (Index i : indices) {
      if (i < 0 || i >= size(dim)) throw Error("at: index " + std::to_string(i) + " outside " + shape().str());
      offset = offset * size(dim++) + i;
    }
    return data()[offset];
  }

  /// The same elements from `offset` on under another shape, sharing the memory; not recorded (ops/shape.hpp has the
  /// recorded view). Throws Error for more elements than there are.
  BasicTensor view(const Shape& shape, Index offset = 0) const {
    if (offset < 0 || shape.bytes(1) > size() - offset)
      throw Error("view: " + shape.str() + " from element " + std::to_string(offset) + " on does not lie in " +
                  this->shape().str());
    auto v = adopt(make_identity(shape, memory::share(id_->storage), const_cast<T*>(data()) + offset));
    v.id_->source = share(id_->source ? id_->source : id_);
    return v;
  }

  // For the makers of values and the tape, not for their users.
  T* mutable_data() { return static_cast<T*>(id_->data); }
  /// Nobody else holds this value or its memory: it may be updated in place. What is left of a tensor that only this
  /// view still shows does not count.
  bool unique() const {
    const Identity* source = id_->source;
    const bool alone = source && source->references.load(std::memory_order_acquire) == 1;
    return id_->references.load(std::memory_order_acquire) == 1 &&
           id_->storage->references.load(std::memory_order_acquire) == (alone ? 2 : 1);
  }
  Identity* identity() const { return id_; }
  static BasicTensor adopt(Identity* id) {
    BasicTensor t;
    t.id_ = id;
    return t;
  }
  static BasicTensor from(Identity* id) { return adopt(share(id)); }
  Identity* disown() { return std::exchange(id_, nullptr); }

 protected:
  Identity* id_ = nullptr;
};

using Tensor = BasicTensor<float>;
/// Indices: labels, token numbers, positions.
using IndexTensor = BasicTensor<std::int32_t>;

/// A copy of the values as they are now, recorded nowhere: the way to keep what a parameter is at this moment.
template <class T> BasicTensor<T> copy(const BasicTensor<T>& x) {
  auto y = BasicTensor<T>::empty(x.shape());
  if (x.size()) std::memcpy(y.mutable_data(), x.data(), static_cast<std::size_t>(x.size()) * sizeof(T));
  return y;
}

/// The values in another scalar type; recorded nowhere, so no gradient passes.
template <class To, class From> BasicTensor<To> cast(const BasicTensor<From>& x) {
  auto y = BasicTensor<To>::empty(x.shape());
  std::transform(x.data(), x.data() + x.size(), y.mutable_data(), [](const From& v) { return static_cast<To>(v); });
  return y;
}

}  // namespace atelier::inline v0
