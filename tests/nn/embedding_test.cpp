// Tables of vectors.
#include <gtest/gtest.h>

#include "atelier/nn/nn.hpp"
#include "support/expect_error.hpp"

using namespace atelier;

TEST(Embedding, GivesTheRowOfEachNumber) {
  nn::Embedding table{5, 3};
  nn::init(table, Rng(1));
  const Tensor y = table(IndexTensor({2}, {4, 0}));
  EXPECT_EQ(y.shape(), (Shape{2, 3}));
  for (Index d = 0; d < 3; ++d) EXPECT_EQ(y.at({0, d}), table.w.at({4, d}));
  EXPECT_EQ(nn::describe(table), "weight [5, 3]\n15 parameters\n");
  expect_error<Error>([&] { table(IndexTensor({1}, {5})); }, {"5", "[0, 5)"});
}

TEST(Embedding, IsDrawnFromAStandardNormal) {
  nn::Embedding table{400, 50};
  nn::init(table, Rng(2));
  double sum = 0, squares = 0;
  for (const float v : table.w.values()) sum += v, squares += v * v;
  EXPECT_NEAR(sum / 20000, 0, 0.03);
  EXPECT_NEAR(squares / 20000, 1, 0.05);
}
