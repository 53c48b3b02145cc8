#include "atelier/core/error.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>

using namespace atelier;

TEST(NumberText, IsTheShortestThatReadsBack) {
  EXPECT_EQ(number_text(0.1), "0.1");
  EXPECT_EQ(number_text(0.1f), "0.1");
  EXPECT_EQ(number_text(-2.0), "-2");
  EXPECT_EQ(number_text(1e-9), "1e-09");
  EXPECT_EQ(number_text(1.0000000000000002), "1.0000000000000002");
  EXPECT_EQ(number_text(std::numeric_limits<double>::infinity()), "inf");
  for (const double x : {1.0 / 3, -5e-324, -std::numeric_limits<double>::max()})
    EXPECT_EQ(std::strtod(number_text(x).c_str(), nullptr), x) << number_text(x);
}
