#include "atelier/parallel/team.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <thread>
#include <vector>

#include "support/expect_error.hpp"

using namespace atelier;

TEST(Team, EveryTaskRunsOnce) {
  for (int team : {1, 2, 3, 7}) {
    const ThreadScope scope(team);
    std::vector<std::atomic<int>> seen(20);
    parallel_tasks(20, [&](int t) { ++seen[static_cast<std::size_t>(t)]; });
    for (auto& n : seen) EXPECT_EQ(n, 1);
  }
}
TEST(Team, PartsCoverTheRange) {
  const ThreadScope scope(3);
  for (std::int64_t n : {0, 1, 5, 100, 101}) {
    std::vector<std::atomic<int>> seen(static_cast<std::size_t>(n));
    parallel_for(n, 10, [&](std::int64_t a, std::int64_t b) {
      for (auto i = a; i < b; ++i) ++seen[static_cast<std::size_t>(i)];
    });
    for (auto& count : seen) EXPECT_EQ(count, 1);
  }
}
TEST(Team, EveryUnitRunsOnce) {
  for (int team : {1, 2, 3, 7}) {
    const ThreadScope scope(team);
    for (std::int64_t n : {0, 1, 2, 50, 1000}) {
      std::vector<std::atomic<int>> seen(static_cast<std::size_t>(n));
      const int workers = unit_workers(n);
      parallel_units(n, [&](std::int64_t u, int worker) {
        EXPECT_LT(worker, workers);
        ++seen[static_cast<std::size_t>(u)];
      });
      for (auto& count : seen) EXPECT_EQ(count, 1);
    }
  }
}
TEST(Team, WorkersHelpEachOther) {
  const ThreadScope scope(2);
#if defined(_OPENMP)
  constexpr int others = 19;
  std::atomic<int> done = 0, seen_by_stuck = 0;
  parallel_units(1 + others, [&](std::int64_t u, int) {
    if (u != 0) return void(++done);
    for (int i = 0; i < 10000 && done < others; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    seen_by_stuck = done.load();  // whoever is stuck in the first unit sees the rest done by the other one
  });
  EXPECT_EQ(seen_by_stuck, others);
#endif
}
TEST(Team, ScopesNest) {
  const ThreadScope outer(3);
#if defined(_OPENMP)
  EXPECT_EQ(threads(), 3);
  {
    const ThreadScope inner(2);
    EXPECT_EQ(threads(), 2);
    parallel_tasks(2, [](int) { EXPECT_EQ(threads(), 1); });
  }
  EXPECT_EQ(threads(), 3);
#else
  EXPECT_EQ(threads(), 1);
#endif
  expect_error<ConfigError>([] { ThreadScope none(0); }, {"threads", "0"});
}
TEST(Team, ExceptionsCrossThreads) {
  const ThreadScope scope(2);
  std::atomic<int> ran = 0;
  const auto fail = [&](int t) {
    ++ran;
    if (t == 1) throw Error("task 1");
  };
  expect_error<Error>([&] { parallel_tasks(4, fail); }, {"task 1"});
}
TEST(Team, DenormalsAreOffInsideAndAsBeforeOutside) {
  volatile float tiny = std::numeric_limits<float>::min();
  parallel_tasks(1, [&](int) { EXPECT_EQ(tiny / 4, 0.0f); });
  EXPECT_GT(tiny / 4, 0.0f);
}
