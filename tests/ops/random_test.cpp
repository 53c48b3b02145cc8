// Random tensors: what the distributions' own tests (tests/kernels) leave open.
#include "expect_grad.hpp"
#include "support/expect_error.hpp"

using namespace atelier;

TEST(Ops, Dropout) {
  for (double p : {0.0, 0.3, 1.0})
    expect_grad(
        [p](const auto& x) {
          Rng rng(5);
          return dropout(x[0] * x[0], p, rng);
        },
        {{3, 50}});
}
TEST(Ops, DropoutKeepsTheMean) {
  Rng rng(5);
  const auto y = dropout(Tensor({10000}, 1.0f), 0.25, rng);
  const auto zeros = sum(y == Tensor({}, 0.0f)).item();
  EXPECT_NEAR(zeros, 2500, 5 * std::sqrt(10000 * 0.25 * 0.75));
  EXPECT_EQ(max(y).item(), 1 / 0.75f);
  EXPECT_NEAR(sum(y).item(), (10000 - zeros) / 0.75, 0.1);
}
TEST(Ops, RandomTensorsFollowTheGenerator) {
  Rng a(3), b(3), c(4);
  const auto x = normal({5, 7}, a), y = normal({5, 7}, b), z = normal({5, 7}, c), next = normal({5, 7}, a);
  EXPECT_EQ(x.to_vector(), y.to_vector());
  EXPECT_NE(x.to_vector(), z.to_vector());
  EXPECT_NE(x.to_vector(), next.to_vector());
  const auto u = uniform<double>({1000}, a, 2, 3);
  EXPECT_GE(min(u).item(), 2);
  EXPECT_LT(max(u).item(), 3);
  EXPECT_NEAR(mean(bernoulli({10000}, 0.2, a)).item(), 0.2, 5 * std::sqrt(0.2 * 0.8 / 10000));
  expect_error<Error>([&] { bernoulli({3}, 1.5, a); }, {"bernoulli", "1.5"});
}
