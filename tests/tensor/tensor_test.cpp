#include "atelier/tensor/tensor.hpp"

#include <gtest/gtest.h>

#include "atelier/tensor/print.hpp"
#include "support/expect_error.hpp"

using namespace atelier;

namespace {
template <class T> std::string text(const BasicTensor<T>& x) {
  std::ostringstream out;
  out << x;
  return out.str();
}
}  // namespace

TEST(Tensor, IsAHandleOfNumbersThatDoNotChange) {
  const Tensor a({2, 3}, {1, 2, 3, 4, 5, 6}), b = a;
  EXPECT_EQ(a.data(), b.data());
  EXPECT_EQ(a.size(), 6);
  EXPECT_EQ(a.size(-1), 3);
  EXPECT_EQ(a.at({1, 0}), 4);
  EXPECT_FALSE(Tensor());
  const Tensor c = copy(a);
  EXPECT_NE(c.data(), a.data());
  EXPECT_EQ(c.to_vector(), a.to_vector());
}
TEST(Tensor, OtherScalars) {
  const IndexTensor i({2}, {3, -1});
  EXPECT_EQ(cast<double>(i).to_vector(), (std::vector<double>{3, -1}));
  EXPECT_EQ(cast<std::int32_t>(Tensor({2}, {2.7f, -2.7f})).to_vector(), (std::vector<std::int32_t>{2, -2}));
}
TEST(Tensor, Errors) {
  expect_error<Error>([] { Tensor({2, 2}, {1, 2, 3}); }, {"3 values", "[2, 2]"});
  expect_error<Error>([] { Tensor({2, 2}, 0.0f).at({1}); }, {"2 indices"});
  expect_error<Error>([] { Tensor({2, 2}, 0.0f).at({1, 2}); }, {"index 2", "[2, 2]"});
  expect_error<Error>([] { Shape({1, 2, 3, 4, 5, 6, 7}); }, {"6 sizes", "7"});
  expect_error<Error>([] { Shape({-1}); }, {"-1"});
  const Tensor a({2, 3}, 0.0f), none;
  expect_error<Error>([&] { a.view({3, 3}); }, {"view", "[3, 3]", "[2, 3]"});
  expect_error<Error>([&] { a.view({3}, 4); }, {"view", "element 4"});
  expect_error<Error>([&] { a.view({0}, -1); }, {"view", "element -1"});
  expect_error<Error>([&] { none.item(); }, {"empty handle"});
  expect_error<Error>([&] { copy(none); }, {"empty handle"});
}
TEST(Tensor, MemoryLivesAsLongAsItsLastView) {
  Tensor row;
  {
    const Tensor a({2, 3}, {1, 2, 3, 4, 5, 6});
    row = a.view({3}, 3);
  }
  EXPECT_EQ(row.to_vector(), (std::vector<float>{4, 5, 6}));
}
TEST(Tensor, Printing) {
  EXPECT_EQ(text(Tensor({2}, {1, 2.5f})), "[1, 2.5] [2]");
  EXPECT_EQ(text(Tensor({}, 3.0f)), "3 []");
  EXPECT_EQ(text(IndexTensor({2, 2}, {1, 2, 3, 4})), "[[1, 2],\n [3, 4]] [2, 2]");
  EXPECT_EQ(text(BasicTensor<double>({100}, 1.0)), "[1, 1, 1, ..., 1, 1, 1] [100]");
  EXPECT_EQ(text(Tensor({0}, 1.0f)), "[] [0]");
  EXPECT_EQ(text(Tensor()), "(empty handle)");
}
