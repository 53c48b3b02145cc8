#include "atelier/interop/eigen.hpp"

#include <gtest/gtest.h>

using namespace atelier;

TEST(Eigen, SeesATensorAsAMatrix) {
  const Tensor x({2, 2, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  const auto m = interop::as_matrix(x);
  EXPECT_EQ(m.rows(), 4);
  EXPECT_EQ(m.cols(), 3);
  EXPECT_EQ(m(3, 1), 11);
  EXPECT_EQ(m.data(), x.data());
  const Tensor one({}, 5.0f), row({3}, {1, 2, 3});
  EXPECT_EQ(interop::as_matrix(one)(0, 0), 5);
  EXPECT_EQ(interop::as_matrix(row).rows(), 1);
}
TEST(Eigen, ExpressionsBecomeTensors) {
  const BasicTensor<double> x({2, 3}, {1, 2, 3, 4, 5, 6});
  const auto m = interop::as_matrix(x);
  const auto y = interop::to_tensor(m.transpose() * m);
  EXPECT_EQ(y.shape(), (Shape{3, 3}));
  EXPECT_EQ(y.at({0, 2}), 1 * 3 + 4 * 6);
  EXPECT_EQ(interop::to_tensor(m).to_vector(), x.to_vector());
}
