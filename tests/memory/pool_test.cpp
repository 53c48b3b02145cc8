#include "atelier/memory/pool.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>

using namespace atelier;

TEST(Pool, HandsBlocksOutAgain) {
  memory::Pool pool;
  auto* first = pool.acquire(1000);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first->data()) % memory::alignment, 0u);
  pool.release(first);
  EXPECT_EQ(pool.acquire(990), first);
  EXPECT_EQ(pool.stats().allocations, 1);
  pool.release(first);
  pool.trim();
  EXPECT_EQ(pool.stats().bytes, 0);
}
TEST(Pool, WastesAtMostAQuarter) {
  for (std::size_t bytes = 1; bytes < (std::size_t{1} << 26); bytes = bytes * 9 / 8 + 1) {
    memory::Pool pool;
    auto* block = pool.acquire(bytes);
    EXPECT_GE(pool.stats().bytes, static_cast<std::int64_t>(bytes));
    if (bytes > 256) {
      EXPECT_LE(static_cast<double>(pool.stats().bytes), 1.26 * static_cast<double>(bytes));
    }
    std::memset(block->data(), 1, bytes);
    pool.release(block);
  }
}
TEST(Pool, BlocksMayBeReleasedByAnotherThread) {
  memory::Block* block = memory::acquire(5000);
  std::thread([&] { memory::release(memory::share(block)); }).join();
  std::thread([&] { memory::release(block); }).join();
  SUCCEED();  // the sanitizers say whether it went well
}
