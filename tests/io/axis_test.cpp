/// Axes of charts: which numbers stand on them, and where.
#include "../src/io/axis.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace {
using namespace atelier::io;

std::string labels(const Axis& axis) {
  std::string text;
  for (const Tick& tick : axis.ticks) text += (text.empty() ? "" : " ") + tick.label;
  return text;
}

std::string labels(double low, double high, AxisOptions options = {}) {
  options.margin = 0;
  return labels(make_axis(low, high, options));
}

TEST(Axis, RoundNumbers) {
  EXPECT_EQ(labels(0, 1), "0 0.2 0.4 0.6 0.8 1.0");
  EXPECT_EQ(labels(0, 0.05), "0 0.01 0.02 0.03 0.04 0.05");
  EXPECT_EQ(labels(-3, 3), "-3 -2 -1 0 1 2 3");
  EXPECT_EQ(labels(103.2, 134.9), "110 120 130");
  EXPECT_EQ(labels(103.2, 134.9, {.most_ticks = 9}), "105 110 115 120 125 130");
  EXPECT_EQ(labels(99.9991, 99.9996), "99.9991 99.9992 99.9993 99.9994 99.9995 99.9996");
}

TEST(Axis, LargeAndSmallNumbers) {
  EXPECT_EQ(labels(0, 5000), "0 1000 2000 3000 4000 5000");
  EXPECT_EQ(labels(0, 50'000), "0 10k 20k 30k 40k 50k");
  EXPECT_EQ(labels(0, 1.2e6), "0 0.2M 0.4M 0.6M 0.8M 1.0M 1.2M");
  EXPECT_EQ(labels(0, 5e9), "0 1G 2G 3G 4G 5G");
  EXPECT_EQ(labels(0, 5e12), "0 1T 2T 3T 4T 5T");
  EXPECT_EQ(labels(0, 5e20), "0 1e20 2e20 3e20 4e20 5e20");
  EXPECT_EQ(labels(0, 6e-5), "0 1e-5 2e-5 3e-5 4e-5 5e-5 6e-5");
  EXPECT_EQ(labels(-2e-4, 1e-4), "-2.0e-4 -1.5e-4 -1.0e-4 -5e-5 0 5e-5 1.0e-4");
}

TEST(Axis, IntegersOnly) {
  EXPECT_EQ(labels(1, 3), "1.0 1.5 2.0 2.5 3.0");
  EXPECT_EQ(labels(1, 3, {.integers = true}), "1 2 3");
  EXPECT_EQ(labels(1, 1, {.integers = true}), "1");
  EXPECT_EQ(labels(0, 0, {.integers = true}), "-1 0 1");
}

TEST(Axis, Logarithmic) {
  EXPECT_EQ(labels(1, 100, {.log = true}), "1 2 5 10 20 50 100");
  EXPECT_EQ(labels(1e-4, 1e4, {.log = true}), "1e-4 0.01 1 100 10k");
  EXPECT_EQ(labels(1e-5, 1, {.log = true}), "1e-5 1e-4 0.001 0.01 0.1 1");
  EXPECT_EQ(labels(95, 140, {.log = true}), "100 110 120 130 140");
  EXPECT_EQ(labels(1e-100, 1e100, {.log = true}), "1e-68 1e-34 1 1e34 1e68");
  const auto axis = make_axis(1e-2, 1e2, {.log = true, .margin = 0});
  EXPECT_NEAR(axis.place(0.01), 0, 1e-12);
  EXPECT_NEAR(axis.place(1), 0.5, 1e-12);
  EXPECT_NEAR(axis.place(100), 1, 1e-12);
}

TEST(Axis, MarginsAndPlaces) {
  const auto axis = make_axis(10, 20, {.margin = 0.1});
  EXPECT_NEAR(axis.low, 9, 1e-12);
  EXPECT_NEAR(axis.high, 21, 1e-12);
  EXPECT_NEAR(axis.place(15), 0.5, 1e-12);
  EXPECT_NEAR(axis.place(9), 0, 1e-12);
  const auto log = make_axis(1, 1e4, {.log = true, .margin = 0.25});
  EXPECT_NEAR(log.low, 0.1, 1e-12);
  EXPECT_NEAR(log.high, 1e5, 1e-6);
}

TEST(Axis, EveryRangeHasTicksInside) {
  for (double low : {-1e100, -5.0, -1e-100, 0.0, 1e-100, 1e-9, 0.3, 7.0, 1e6, 1e100})
    for (double width : {0.0, 1e-100, 1e-9, 0.01, 1.0, 9.5, 1e3, 1e100})
      for (bool log : {false, true}) {
        if (log && low <= 0) continue;
        const auto axis = make_axis(low, low + width, {.log = log});
        EXPECT_LT(axis.low, axis.high) << low << " + " << width;
        EXPECT_LE(axis.low, low);
        EXPECT_GE(axis.high, low + width);
        EXPECT_GE(axis.ticks.size(), 1u) << low << " + " << width << (log ? " log" : "");
        EXPECT_LE(axis.ticks.size(), 16u) << low << " + " << width << (log ? " log" : "");
        for (const Tick& tick : axis.ticks) {
          EXPECT_GE(axis.place(tick.value), -1e-6) << tick.label;
          EXPECT_LE(axis.place(tick.value), 1 + 1e-6) << tick.label;
          EXPECT_LT(tick.label.size(), 20u);
        }
      }
}

}  // namespace
