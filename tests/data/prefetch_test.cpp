/// Values made ahead on another thread.
#include "atelier/data/prefetch.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

#include "atelier/core/random.hpp"
#include "atelier/parallel/team.hpp"
#include "atelier/tensor/tensor.hpp"
#include "support/expect_error.hpp"

namespace {
using namespace atelier;
using data::Prefetch;

/// Waits until f() holds; false after ten seconds.
template <class F> bool soon(const F& f) {
  for (int i = 0; i < 10'000 && !f(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return f();
}

TEST(Prefetch, GivesWhatMakeGives) {
  const auto make = [](std::int64_t step) { return Rng(7).fork("step", static_cast<std::uint64_t>(step)).bits(); };
  Prefetch<std::uint64_t> batches(make);
  for (std::int64_t step : {0, 1, 2, 3, 3, 9, 10, 4, 5, 0, -3}) EXPECT_EQ(batches(step), make(step)) << step;
}

TEST(Prefetch, MakesTheNextOneAhead) {
  std::atomic<int> made = -1;
  Prefetch<int> batches([&](std::int64_t step) {
    made = static_cast<int>(step);
    return made.load();
  });
  EXPECT_EQ(batches(4), 4);
  EXPECT_TRUE(soon([&] { return made == 5; }));
}

TEST(Prefetch, PassesOnExceptionsOfTheStepThatIsAskedFor) {
  int calls = 0;
  Prefetch<int> batches([&](std::int64_t step) {
    if (step % 3 == 1 && ++calls) throw InputError("step " + std::to_string(step));
    return static_cast<int>(step);
  });
  EXPECT_EQ(batches(0), 0);
  EXPECT_EQ(batches(2), 2);
  expect_error<InputError>([&] { batches(1); }, {"step 1"});
  expect_error<InputError>([&] { batches(1); }, {"step 1"});
  EXPECT_EQ(batches(3), 3);
  expect_error<InputError>([&] { batches(4); }, {"step 4"});
  EXPECT_EQ(batches(5), 5);
}

TEST(Prefetch, WorksOnOneThread) {
  Prefetch<int> batches([](std::int64_t) { return threads(); });
  EXPECT_EQ(batches(0), 1);
}

TEST(Prefetch, LeavesNoThreadBehind) {
  std::atomic<int> inside = 0;
  {
    Prefetch<int> batches([&](std::int64_t step) {
      ++inside;
      if (step == 1) std::this_thread::sleep_for(std::chrono::milliseconds(30));
      --inside;
      return 1;
    });
    batches(0);
  }
  EXPECT_EQ(inside, 0);
  Prefetch<int> unused([](std::int64_t) { return 1; });
}

TEST(Prefetch, ValuesDieOnTheThreadThatMadeThem) {
  struct Owner {
    std::thread::id made = std::this_thread::get_id();
    std::atomic<int>* foreign;
    ~Owner() { *foreign += std::this_thread::get_id() != made; }
  };
  std::atomic<int> foreign = 0;
  {
    Prefetch<std::unique_ptr<Owner>> batches([&](std::int64_t) {
      auto owner = std::make_unique<Owner>();
      owner->foreign = &foreign;
      return owner;
    });
    for (int step = 0; step < 50; ++step) batches(step);
    EXPECT_EQ(foreign, 0);
  }
  EXPECT_LE(foreign, 2);
}

TEST(Prefetch, TensorsFindTheirMemoryAgain) {
  std::atomic<std::int64_t> allocations = 0;
  Prefetch<Tensor> batches([&](std::int64_t step) {
    Tensor x({1000}, static_cast<float>(step));
    allocations = memory::pool().stats().allocations;
    return x;
  });
  for (int step = 0; step < 5; ++step) batches(step);
  const auto before = allocations.load();
  for (int step = 5; step < 100; ++step) EXPECT_EQ(batches(step).at({999}), static_cast<float>(step));
  EXPECT_EQ(allocations, before);
}

}  // namespace
