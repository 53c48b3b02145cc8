/// Memory of tensors: blocks of a few sizes, kept by the thread that released them and handed out again, so that a
/// training step in its steady state never asks the system for memory.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace atelier::inline v0::memory {

/// Alignment of every block's data, and the size of the header in front of it.
inline constexpr std::size_t alignment = 64;

/// Header of a block. The data start `alignment` bytes behind its address.
struct Block {
  std::atomic<int> references;
  int size_class;
  Block* next;  // in a pool's list of free blocks
  void* data() { return reinterpret_cast<std::byte*>(this) + alignment; }
};

/// What the pool of one thread has asked of the system.
struct PoolStats {
  std::int64_t allocations = 0;  // calls of the system's allocator
  std::int64_t bytes = 0;        // held by blocks that this thread obtained and has not returned to the system
};

/// Free blocks of one thread, by size class. Sizes are 2^e * {4, 5, 6, 7} / 4: at most a quarter is unused.
class Pool {
 public:
  Pool() = default;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() { trim(); }

  /// A block with room for `bytes`, its reference count 1. Throws std::bad_alloc.
  Block* acquire(std::size_t bytes) {
    const int size_class = class_of(bytes);
    Block* block = free_[size_class];
    if (block) {
      free_[size_class] = block->next;
    } else {
      block = obtain(size_class);
    }
    block->references.store(1, std::memory_order_relaxed);
    return block;
  }
  void release(Block* block) {
    block->next = free_[block->size_class];
    free_[block->size_class] = block;
  }
  /// Returns every free block to the system.
  void trim() {
    for (Block*& list : free_)
      while (Block* block = list) {
        list = block->next;
        stats_.bytes -= static_cast<std::int64_t>(bytes_of(block->size_class));
        std::free(block);
      }
  }
  const PoolStats& stats() const { return stats_; }

 private:
  static constexpr int smallest = 6;  // log2 of the smallest class, 64 bytes
  static constexpr std::size_t huge_page = std::size_t{1} << 21;

  static int class_of(std::size_t bytes) {
    if (bytes <= 64) return 0;
    const int e = static_cast<int>(std::bit_width(bytes - 1)) - 1;  // 2^e < bytes <= 2^(e+1)
    const std::size_t quarter = std::size_t{1} << (e - 2);
    return (e - smallest) * 4 + static_cast<int>((bytes - 1) / quarter) - 3;
  }
  static std::size_t bytes_of(int size_class) {
    return ((std::size_t{4} + static_cast<std::size_t>(size_class % 4)) << (size_class / 4 + smallest)) / 4;
  }
  Block* obtain(int size_class) {
    const std::size_t bytes = bytes_of(size_class) + alignment;
    const std::size_t align = bytes >= 2 * huge_page ? huge_page : alignment;
    void* place = std::aligned_alloc(align, (bytes + align - 1) / align * align);
    if (!place) throw std::bad_alloc();
#if defined(__linux__)
    if (align == huge_page) madvise(place, bytes, MADV_HUGEPAGE);  // fewer page faults and TLB misses; may be refused
#endif
    ++stats_.allocations;
    stats_.bytes += static_cast<std::int64_t>(bytes_of(size_class));
    auto* block = new (place) Block;
    block->size_class = size_class;
    return block;
  }

  Block* free_[58 * 4] = {};
  PoolStats stats_;
};

namespace detail {
/// Trivially destructible, so that it can still be read while a thread's other objects are being destroyed.
inline thread_local bool pool_gone = false;
struct OwnedPool : Pool {
  ~OwnedPool() { pool_gone = true; }
};
}  // namespace detail

/// The calling thread's pool. Blocks may be released on another thread than they were acquired on.
inline Pool& pool() {
  static thread_local detail::OwnedPool mine;
  return mine;
}

inline Block* acquire(std::size_t bytes) { return pool().acquire(bytes); }

inline Block* share(Block* block) {
  block->references.fetch_add(1, std::memory_order_relaxed);
  return block;
}
/// Gives one reference back; the last one frees the block.
inline void release(Block* block) {
  if (!block || block->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (detail::pool_gone) {
    std::free(block);  // a tensor that outlives its thread's pool, at the end of the thread
  } else {
    pool().release(block);
  }
}

}  // namespace atelier::inline v0::memory
