/// Streams of tokens as batches.
#include "atelier/data/text/windows.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "support/expect_error.hpp"

namespace {
using namespace atelier;
using namespace atelier::data;
using Ids = std::vector<std::int32_t>;

Ids count_to(int n) {
  Ids stream(static_cast<std::size_t>(n));
  std::iota(stream.begin(), stream.end(), 0);
  return stream;
}
/// Targets follow inputs in a stream that counts.
void expect_next(const IndexTensor& inputs, const IndexTensor& targets) {
  for (Index i = 0; i < inputs.size(); ++i) EXPECT_EQ(targets.data()[i], inputs.data()[i] + 1);
}

TEST(StreamBatches, RowsGoOnWhereTheyEnded) {
  const auto stream = count_to(27);
  const StreamBatches batches(stream, 2, 4);  // rows of 13, three steps each
  EXPECT_EQ(batches.steps_per_epoch(), 3);
  EXPECT_EQ(batches(0).inputs.to_vector(), (Ids{0, 1, 2, 3, 13, 14, 15, 16}));
  EXPECT_EQ(batches(1).inputs.to_vector(), (Ids{4, 5, 6, 7, 17, 18, 19, 20}));
  EXPECT_EQ(batches(2).targets.to_vector(), (Ids{9, 10, 11, 12, 22, 23, 24, 25}));
  EXPECT_EQ(batches(3).inputs.to_vector(), batches(0).inputs.to_vector());
  EXPECT_TRUE(batches.starts_over(0) && !batches.starts_over(2) && batches.starts_over(3));
  EXPECT_EQ(batches(1).inputs.shape(), (Shape{2, 4}));
}
TEST(StreamBatches, UseTheWholeStream) {
  const auto stream = count_to(9);
  const StreamBatches batches(stream, 2, 4);
  EXPECT_EQ(batches.steps_per_epoch(), 1);
  EXPECT_EQ(batches(0).targets.to_vector(), (Ids{1, 2, 3, 4, 5, 6, 7, 8}));
  expect_error<Error>([&] { StreamBatches(stream, 3, 4); }, {"3 rows of 4 tokens", "9 tokens"});
  expect_error<Error>([&] { StreamBatches(stream, 0, 4); }, {"at least 1", "0 and 4"});
  expect_error<Error>([&] { StreamBatches({}, 1, 1); }, {"0 tokens"});
}
TEST(RandomWindows, AreAFunctionOfSeedAndStep) {
  const auto stream = count_to(50);
  const RandomWindows windows(stream, 3, 8, Rng(5)), again(stream, 3, 8, Rng(5)), other(stream, 3, 8, Rng(6));
  const auto late = windows(70), early = windows(2);
  EXPECT_EQ(late.inputs.to_vector(), again(70).inputs.to_vector());
  EXPECT_NE(late.inputs.to_vector(), early.inputs.to_vector());
  EXPECT_NE(late.inputs.to_vector(), other(70).inputs.to_vector());
  expect_next(late.inputs, late.targets);
  EXPECT_EQ(windows.steps_per_epoch(), 3);  // 49 targets, 24 a step
}
TEST(RandomWindows, ReachEveryPlace) {
  const auto stream = count_to(11);
  const RandomWindows windows(stream, 4, 8, Rng(5));
  std::set<std::int32_t> places;
  for (Index step = 0; step < 50; ++step)
    for (Index b = 0; b < 4; ++b) places.insert(windows(step).inputs.at({b, 0}));
  EXPECT_EQ(places, (std::set<std::int32_t>{0, 1, 2}));
  EXPECT_EQ(RandomWindows(stream, 1, 10, Rng(1))(0).targets.at({0, 9}), 10);
  expect_error<Error>([&] { RandomWindows(stream, 1, 11, Rng(1)); }, {"at least 12 tokens", "11"});
  expect_error<Error>([&] { RandomWindows(stream, 1, 0, Rng(1)); }, {"1 and 0"});
}
TEST(SlidingWindows, CountEveryTargetOnce) {
  for (int tokens = 2; tokens < 40; ++tokens)
    for (Index length = 1; length < 12; ++length)
      for (Index stride = 1; stride <= length; ++stride) {
        const auto stream = count_to(tokens);
        const SlidingWindows windows(stream, length, stride);
        const auto all = windows(0, windows.size());
        std::vector<int> counted(static_cast<std::size_t>(tokens));
        for (Index i = 0; i < all.targets.size(); ++i)
          counted[static_cast<std::size_t>(all.targets.data()[i])] += all.weights.data()[i] == 1;
        EXPECT_EQ(counted[0], 0);
        for (std::size_t i = 1; i < counted.size(); ++i) ASSERT_EQ(counted[i], 1) << tokens << length << stride;
        expect_next(all.inputs, all.targets);
      }
}
TEST(SlidingWindows, KeepTheirContext) {
  const auto stream = count_to(12);
  const SlidingWindows windows(stream, 5, 2);
  EXPECT_EQ(windows.size(), 4);
  EXPECT_EQ(windows.targets(), 11);
  const auto some = windows(1, 3);
  EXPECT_EQ(some.inputs.to_vector(), (Ids{2, 3, 4, 5, 6, 4, 5, 6, 7, 8}));
  EXPECT_EQ(some.weights.to_vector(), (std::vector<float>{0, 0, 0, 1, 1, 0, 0, 0, 1, 1}));
  EXPECT_EQ(SlidingWindows(stream, 100, 100)(0, 1).inputs.shape(), (Shape{1, 11}));
  expect_error<Error>([&] { SlidingWindows(stream, 5, 6); }, {"1 to the length 5", "6"});
  expect_error<Error>([&] { SlidingWindows(stream, 5, 0); }, {"found 0"});
  expect_error<Error>([&] { SlidingWindows(count_to(1), 5, 1); }, {"at least 2 tokens"});
  expect_error<Error>([&] { windows(2, 5); }, {"[2, 5)", "4 windows"});
}

TEST(CarriedWindows, BeginEarlyAndCountEveryTargetOnce) {
  const auto stream = count_to(101);
  for (const auto& [rows, warm_up, found] :
       {std::array<Index, 3>{4, 10, 4}, {1, 10, 1}, {16, 10, 9}, {4, 60, 1}, {4, 200, 1}, {5, 0, 5}}) {
    const auto windows = carried_windows(stream, rows, warm_up);
    ASSERT_EQ(windows.size(), found) << rows << " " << warm_up;
    const auto all = windows(0, found);
    std::multiset<std::int32_t> counted;
    for (Index r = 0; r < found; ++r) {
      const float* w = all.weights.data() + r * all.weights.size(1);
      if (r > 0) {
        EXPECT_EQ(std::count(w, w + warm_up, 1.0f), 0);
      }
      for (Index t = 0; t < all.weights.size(1); ++t)
        if (w[t] > 0) counted.insert(all.targets.at({r, t}));
    }
    EXPECT_EQ(counted.size(), 100u);
    EXPECT_EQ((std::set<std::int32_t>(counted.begin(), counted.end()).size()), 100u);
  }
  expect_error<Error>([&] { carried_windows(stream, 0, 1); }, {"at least 1 row", "found 0 and 1"});
  expect_error<Error>([&] { carried_windows({}, 1, 1); }, {"found 0"});
}

}  // namespace
