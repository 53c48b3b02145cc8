/// The shared part of a tensor: what every copy of a handle agrees on.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "atelier/core/shape.hpp"
#include "atelier/memory/pool.hpp"

namespace atelier::inline v0 {

/// Something derived from a tensor's values that is kept beside them (weights packed for a kernel).
struct Attachment {
  virtual ~Attachment() = default;
};

/// One value with its place in memory and in a tape. All handles of a tensor point to the same identity, so when the
/// value is recorded, or its storage moves into an optimizer's arena, every handle sees it.
struct Identity {
  std::atomic<int> references{1};
  std::uint32_t node = 0;      // index of the node that made it, on tape number `tape`
  std::uint64_t tape = 0;      // 0: recorded nowhere
  std::uint64_t version = 0;   // stamp of the last write to a parameter; 0: never written
  Identity* source = nullptr;  // of a view: the tensor whose memory it shows, itself no view
  Shape shape;
  memory::Block* storage = nullptr;
  void* data = nullptr;  // inside storage
  std::atomic<Attachment*> attachment{nullptr};

  Identity(const Shape& s, memory::Block* block, void* at) : shape(s), storage(block), data(at) {}
  /// Stamp of the last write to the memory that this tensor shows.
  std::uint64_t written() const { return source ? source->version : version; }
};

/// A new identity that takes over one reference to `storage`.
inline Identity* make_identity(const Shape& shape, memory::Block* storage, void* data) {
  return new (memory::acquire(sizeof(Identity))->data()) Identity(shape, storage, data);
}
inline Identity* share(Identity* id) {
  id->references.fetch_add(1, std::memory_order_relaxed);
  return id;
}
inline void release(Identity* id) {
  if (!id || id->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  delete id->attachment.load(std::memory_order_acquire);
  release(id->source);
  memory::release(id->storage);
  id->~Identity();
  memory::release(reinterpret_cast<memory::Block*>(reinterpret_cast<std::byte*>(id) - memory::alignment));
}

}  // namespace atelier::inline v0
