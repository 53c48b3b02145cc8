/// Memory of tensors: blocks of a few sizes, kept by the thread that obtained them and handed out again, so that a
/// training step in its steady state never asks the system for memory, whichever thread releases a block.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace atelier::inline v0::memory {

/// Alignment of every block's data, and the size of the header in front of it.
inline constexpr std::size_t alignment = 64;

class Home;

/// Header of a block. The data start `alignment` bytes behind its address.
struct Block {
  std::atomic<int> references;
  int size_class;
  Block* next;  // in a list of free blocks
  Home* home;   // of the pool that obtained it
  void* data() { return reinterpret_cast<std::byte*>(this) + alignment; }
};

/// Where other threads hand in the blocks of a pool: a stack that its owner empties as a whole. It outlives the pool
/// while there are blocks; a block handed in after the pool's end goes to the system.
class Home {
 public:
  void give_back(Block* block) {
    Block* top = returned_.load(std::memory_order_relaxed);
    do {
      if (top == &closed_) return free(block);
      block->next = top;
    } while (!returned_.compare_exchange_weak(top, block, std::memory_order_release, std::memory_order_relaxed));
  }
  /// All blocks handed in since the last call, as a list.
  Block* take() { return returned_.exchange(nullptr, std::memory_order_acquire); }
  /// The pool ends; the last blocks handed in.
  Block* close() { return returned_.exchange(&closed_, std::memory_order_acq_rel); }

  void join() { users_.fetch_add(1, std::memory_order_relaxed); }
  void leave() {
    if (users_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  /// Returns a block of this home to the system.
  void free(Block* block) {
    std::free(block);
    leave();
  }

 private:
  std::atomic<Block*> returned_{nullptr};
  std::atomic<std::int64_t> users_{1};  // the pool, and every block
  Block closed_;                        // stands in returned_ once the pool has ended
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
  ~Pool() {
    keep(home_->close());
    trim();
    home_->leave();
  }

  /// A block with room for `bytes`, its reference count 1. Throws std::bad_alloc.
  Block* acquire(std::size_t bytes) {
    const int size_class = class_of(bytes);
    if (!free_[size_class]) keep(home_->take());
    Block* block = free_[size_class];
    if (block) {
      free_[size_class] = block->next;
    } else {
      block = obtain(size_class);
    }
    block->references.store(1, std::memory_order_relaxed);
    return block;
  }
  /// Takes back a block of this pool.
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
        home_->free(block);
      }
  }
  const PoolStats& stats() const { return stats_; }
  const Home* home() const { return home_; }

 private:
  void keep(Block* list) {
    while (list) release(std::exchange(list, list->next));
  }
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
    block->home = home_;
    home_->join();
    return block;
  }

  Home* home_ = new Home;
  Block* free_[58 * 4] = {};
  PoolStats stats_;
};

namespace detail {
/// The home of this thread's pool while that lives. Trivially destructible, so that it can still be read while a
/// thread's other objects are being destroyed.
inline thread_local const Home* own_home = nullptr;
struct OwnedPool : Pool {
  OwnedPool() { own_home = home(); }
  ~OwnedPool() { own_home = nullptr; }
};
}  // namespace detail

/// The calling thread's pool.
inline Pool& pool() {
  static thread_local detail::OwnedPool mine;
  return mine;
}

inline Block* acquire(std::size_t bytes) { return pool().acquire(bytes); }

inline Block* share(Block* block) {
  block->references.fetch_add(1, std::memory_order_relaxed);
  return block;
}
/// Gives one reference back; the last one returns the block to the pool that it came from.
inline void release(Block* block) {
  if (!block || block->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (block->home == detail::own_home) {
    pool().release(block);
  } else {
    block->home->give_back(block);
  }
}

}  // namespace atelier::inline v0::memory
