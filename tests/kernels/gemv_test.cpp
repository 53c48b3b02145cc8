// Products of a few rows: values, odd sizes, rows that do not depend on their neighbours, threads.
#include "atelier/kernels/gemv.hpp"

#include <gtest/gtest.h>

#include "atelier/parallel/team.hpp"
#include "support/formula.hpp"

using namespace atelier;

namespace {
template <class T> struct Problem {
  kernels::GemvShape s;
  BasicTensor<T> x, w, b;

  explicit Problem(const kernels::GemvShape& shape)
      : s(shape),
        x(formula::uniform<T>(1, {s.rows, s.k}, -1, 1)),
        w(formula::uniform<T>(2, {s.n, s.k}, -1, 1)),
        b(formula::uniform<T>(3, {s.n}, -1, 1)) {}
  std::vector<T> product(bool bias = true) const {
    auto y = BasicTensor<T>(Shape{s.rows, s.n}, T(77));
    kernels::gemv<T>(s, x.data(), w.data(), bias ? b.data() : nullptr, y.mutable_data());
    return y.to_vector();
  }
};
template <class T> void expect_products(double tolerance) {
  for (const Index k : {0, 1, 3, 16, 37, 129})
    for (const Index n : {1, 4, 6, 19})
      for (const Index rows : {1, 2, 3, 4, 5, 8, 11}) {
        const Problem<T> p({rows, n, k});
        const auto y = p.product(), plain = p.product(false);
        for (Index r = 0; r < rows; ++r)
          for (Index j = 0; j < n; ++j) {
            double sum = 0;
            for (Index i = 0; i < k; ++i)
              sum += static_cast<double>(p.x.data()[r * k + i]) * static_cast<double>(p.w.data()[j * k + i]);
            const auto at = static_cast<std::size_t>(r * n + j);
            ASSERT_NEAR(plain[at], sum, tolerance * static_cast<double>(k)) << rows << " " << n << " " << k;
            ASSERT_NEAR(y[at], sum + static_cast<double>(p.b.data()[j]), tolerance * static_cast<double>(k + 1));
          }
      }
}
}  // namespace

TEST(Gemv, ProductsOfFloats) { expect_products<float>(2e-7); }
TEST(Gemv, ProductsOfDoubles) { expect_products<double>(1e-15); }
TEST(Gemv, ARowDoesNotDependOnItsNeighbours) {
  const Problem<float> all({8, 23, 70});
  const auto together = all.product();
  for (Index r = 0; r < 8; ++r) {
    Problem<float> alone({1, 23, 70});
    alone.x = all.x.view({1, 70}, r * 70);
    const auto row = alone.product();
    EXPECT_TRUE(std::equal(row.begin(), row.end(), together.begin() + r * 23)) << r;
  }
}
TEST(Gemv, SameBitsForAnyNumberOfThreads) {
  const Problem<float> p({3, 1030, 301});
  const ThreadScope one(1);
  const auto alone = p.product();
  for (int n : {2, 3}) {
    const ThreadScope scope(n);
    EXPECT_EQ(p.product(), alone);
  }
}
