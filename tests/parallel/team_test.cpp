#include "atelier/parallel/team.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

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
  constexpr int others = 19;
  std::atomic<int> done = 0, seen_by_stuck = 0;
  parallel_units(1 + others, [&](std::int64_t u, int) {
    if (u != 0) return void(++done);
    for (int i = 0; i < 10000 && done < others; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    seen_by_stuck = done.load();  // whoever is stuck in the first unit sees the rest done by the other one
  });
  EXPECT_EQ(seen_by_stuck, others);
}
TEST(Team, ScopesNest) {
  const ThreadScope outer(3);
  EXPECT_EQ(threads(), 3);
  {
    const ThreadScope inner(2);
    EXPECT_EQ(threads(), 2);
    parallel_tasks(2, [](int) { EXPECT_EQ(threads(), 1); });
  }
  EXPECT_EQ(threads(), 3);
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
TEST(Team, ATaskThatWaitsInVainForAHelperIsDoneByTheCaller) {
  const ThreadScope scope(2);
  std::atomic<int> by_caller = 0;
  const auto caller = std::this_thread::get_id();
  const auto count = [&](int) { by_caller += std::this_thread::get_id() == caller; };
  parallel_tasks(2, count);  // the helper exists
  const pid_t child = fork();
  if (child == 0) {  // and has not come along
    by_caller = 0;
    parallel_tasks(8, count);
    _exit(by_caller == 8 ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}
TEST(Team, HelpersThatSleepAreWoken) {
  const ThreadScope scope(2);
  for (const int pause : {0, 3}) {  // milliseconds: longer than a helper spins
    std::atomic<int> ran = 0;
    for (int repeat = 0; repeat < 20; ++repeat) {
      std::this_thread::sleep_for(std::chrono::milliseconds(pause));
      std::atomic<bool> helped = false;
      parallel_tasks(2, [&](int t) {
        ++ran;
        if (t == 1) helped = true;
        for (int i = 0; i < 10000 && !helped; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        EXPECT_TRUE(helped) << "the helper did not come";
      });
    }
    EXPECT_EQ(ran, 40);
  }
}
TEST(Team, TheCallerSleepsWhileAHelperIsLate) {
  const ThreadScope scope(2);
  std::atomic<bool> begun = false;
  bool ended = false;
  parallel_tasks(2, [&](int t) {
    if (t == 0) {
      while (!begun) std::this_thread::yield();
      return;
    }
    begun = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    ended = true;
  });
  EXPECT_TRUE(ended);
}
TEST(Team, AThreadThatIsMovedAwayKeepsItsProcessors) {
  const auto mask_of = [](pthread_t thread) {
    cpu_set_t mask;
    EXPECT_EQ(pthread_getaffinity_np(thread, sizeof mask, &mask), 0);
    return mask;
  };
  const auto set_mask = [](pthread_t thread, const cpu_set_t& mask) {
    EXPECT_EQ(pthread_setaffinity_np(thread, sizeof mask, &mask), 0);
  };
  const cpu_set_t all = mask_of(pthread_self());
  if (CPU_COUNT(&all) < 2) GTEST_SKIP() << "one processor: there is nowhere to move a thread to";
  const int here = sched_getcpu();
  cpu_set_t mine;
  CPU_ZERO(&mine);
  CPU_SET(static_cast<std::size_t>(here), &mine);
  std::atomic<int> place = -1;
  std::atomic<bool> stop = false;
  std::thread other([&] {
    while (!stop) place = sched_getcpu();
  });
  set_mask(pthread_self(), mine);
  set_mask(other.native_handle(), mine);
  detail::move_away(other);  // nowhere to go
  const cpu_set_t kept = mask_of(other.native_handle());
  EXPECT_TRUE(CPU_EQUAL(&mine, &kept));
  while (place != here) std::this_thread::yield();
  set_mask(other.native_handle(), all);
  detail::move_away(other);
  const cpu_set_t after = mask_of(other.native_handle());
  EXPECT_TRUE(CPU_EQUAL(&all, &after));
  const auto begin = std::chrono::steady_clock::now();
  bool moved = false;
  while (!moved && std::chrono::steady_clock::now() - begin < std::chrono::seconds(20)) moved = place != here;
  EXPECT_TRUE(moved);
  stop = true;
  other.join();
  set_mask(pthread_self(), all);
}
TEST(Team, WorksWhileItsThreadEnds) {
  struct Last {
    int* ran;
    ~Last() {
      parallel_tasks(4, [&](int) { ++*ran; });  // by this thread alone: the helpers have gone
    }
  };
  int ran = 0;
  std::thread([&ran] {
    const ThreadScope scope(2);
    thread_local Last last{&ran};
    parallel_tasks(2, [](int) {});
  }).join();
  EXPECT_EQ(ran, 4);
}
TEST(Team, DenormalsAreOffInsideAndAsBeforeOutside) {
  volatile float tiny = std::numeric_limits<float>::min();
  parallel_tasks(1, [&](int) { EXPECT_EQ(tiny / 4, 0.0f); });
  EXPECT_GT(tiny / 4, 0.0f);
}
