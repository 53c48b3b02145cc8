/// Parameters: the only tensors that change.
#pragma once

#include <atomic>
#include <cstring>

#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0::nn {

namespace detail {
/// A number that no write has had before.
inline std::uint64_t next_version() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}
}  // namespace detail

/// A trained tensor. As a tensor it is a live, read-only view; copying a Param copies its numbers, moving one keeps its
/// identity (an optimizer follows it). Written through write() or by an optimizer.
template <class T> class BasicParam : public BasicTensor<T> {
 public:
  using Base = BasicTensor<T>;
  static constexpr bool trained = true;

  BasicParam() = default;
  /// Zeros; initialisation fills them (nn/init.hpp).
  BasicParam(const Shape& shape) : Base(shape, T(0)) {}
  BasicParam(const BasicParam& o) : Base(o ? copy<T>(o) : Base{}) {}
  BasicParam(BasicParam&&) noexcept = default;
  BasicParam& operator=(BasicParam&&) noexcept = default;
  /// Copies the numbers, in place when the shapes agree, so that an optimizer of this one stays attached.
  BasicParam& operator=(const BasicParam& o) {
    if (this == &o) return *this;
    if (*this && o && this->shape() == o.shape()) {
      assign(o);
    } else {
      Base::operator=(o ? copy<T>(o) : Base{});
    }
    return *this;
  }
  ~BasicParam() = default;

  /// Memory to write to. Whatever was computed from the old numbers and is still on a tape can no longer be swept.
  T* write() {
    if (!this->id_) atelier::detail::throw_empty_handle();
    this->id_->version = detail::next_version();
    return this->mutable_data();
  }
  /// Takes over the numbers of `x`. Throws Error when the shapes differ.
  void assign(const Base& x) {
    if (x.shape() != this->shape())
      throw Error("assign: expected " + this->shape().str() + ", found " + x.shape().str());
    std::memcpy(write(), x.data(), static_cast<std::size_t>(x.size()) * sizeof(T));
  }
};

/// A tensor that belongs to a module and is saved with it but not trained: running statistics.
template <class T> class BasicBuffer : public BasicParam<T> {
 public:
  using BasicParam<T>::BasicParam;
  static constexpr bool trained = false;
};

using Param = BasicParam<float>;
using Buffer = BasicBuffer<float>;

}  // namespace atelier::inline v0::nn
