#include "atelier/memory/pool.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>
#include <vector>

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
  EXPECT_EQ(memory::acquire(5000), block);  // it came home
  memory::release(block);
}
TEST(Pool, BlocksComeHomeToTheThreadThatObtainedThem) {
  std::thread([] {
    const auto step = [] {
      auto* block = memory::acquire(5000);
      std::thread([=] { memory::release(block); }).join();
    };
    step();
    const auto after_first = memory::pool().stats().allocations;
    for (int i = 0; i < 10; ++i) step();
    EXPECT_EQ(memory::pool().stats().allocations, after_first);
  }).join();
}
TEST(Pool, BlocksMayOutliveTheirPool) {
  memory::Block* block = nullptr;
  std::thread([&] { block = memory::acquire(5000); }).join();
  std::memset(block->data(), 1, 5000);
  memory::release(block);  // the sanitizers say whether it leaks
}
TEST(Pool, ManyThreadsMayHandInAtOnce) {
  constexpr int threads = 4, each = 500;
  std::thread([] {
    for (int round = 0; round < 3; ++round) {
      std::vector<memory::Block*> blocks;
      for (int i = 0; i < threads * each; ++i) blocks.push_back(memory::acquire(64));
      std::vector<std::thread> helpers;
      for (int t = 0; t < threads; ++t)
        helpers.emplace_back([&, t] {
          for (int i = 0; i < each; ++i) memory::release(blocks[static_cast<std::size_t>(t * each + i)]);
        });
      for (auto& helper : helpers) helper.join();
    }
    EXPECT_EQ(memory::pool().stats().allocations, threads * each);
  }).join();
}
