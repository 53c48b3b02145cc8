/// Operands of benchmarks: aligned memory, filled with random numbers.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace atelier_bench {

/// Floats on huge pages, as the library's own large blocks are.
class Aligned {
 public:
  /// `n` numbers, uniform in [-1, 1).
  explicit Aligned(std::int64_t n) : size_(static_cast<std::size_t>(n)) {
    constexpr std::size_t page = std::size_t{1} << 21;
    const std::size_t bytes = (size_ * sizeof(float) / page + 1) * page;
    data_.reset(static_cast<float*>(std::aligned_alloc(page, bytes)));
    if (!data_) throw std::bad_alloc();
#if defined(__linux__)
    madvise(data_.get(), bytes, MADV_HUGEPAGE);
#endif
    std::uint32_t state = 12345;
    for (std::size_t i = 0; i < size_; ++i) {
      state = state * 1664525u + 1013904223u;
      data_.get()[i] = static_cast<float>(state >> 8) * 0x1p-23f - 1;
    }
  }
  float* data() const { return data_.get(); }
  std::span<float> span() const { return {data_.get(), size_}; }

 private:
  struct Free {
    void operator()(float* p) const { std::free(p); }
  };
  std::size_t size_;
  std::unique_ptr<float, Free> data_;
};

}  // namespace atelier_bench
