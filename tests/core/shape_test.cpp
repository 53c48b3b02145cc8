#include "atelier/core/shape.hpp"

#include <gtest/gtest.h>

using namespace atelier;

TEST(Shape, KnowsItsSizes) {
  const Shape s{2, 3, 4};
  EXPECT_EQ(s.rank(), 3);
  EXPECT_EQ(s.size(), 24);
  EXPECT_EQ(s[-1], 4);
  EXPECT_EQ(s.str(), "[2, 3, 4]");
  EXPECT_EQ(Shape{}.size(), 1);
  EXPECT_EQ((Shape{3, 0}).size(), 0);
}

TEST(Shape, RefusesWhatCannotBe) {
  EXPECT_THROW((Shape{1, 1, 1, 1, 1, 1, 1}), Error);
  EXPECT_THROW((Shape{-1}), Error);
  EXPECT_THROW((Shape{2})[1], Error);
}

TEST(Shape, CountsBytesWithoutOverflow) {
  constexpr Index large = Index{1} << 40;
  EXPECT_EQ(Shape({3, 5}).bytes(4), 60);
  EXPECT_EQ(Shape({large, large, 0}).bytes(4), 0);
  EXPECT_THROW(Shape({large, large}).bytes(4), Error);
}

TEST(Shape, Broadcasts) {
  EXPECT_EQ(broadcast("add", {3, 1}, {4}), (Shape{3, 4}));
  EXPECT_EQ(broadcast("add", {}, {2, 0}), (Shape{2, 0}));
  try {
    broadcast("add", {3, 2}, {3});
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "add: shapes do not broadcast, [3, 2] and [3]");
  }
}
