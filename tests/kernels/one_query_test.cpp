// Attention of one query to kept keys: values, odd sizes, no keys, queries that do not depend on each other, threads.
#include "atelier/kernels/attention/one_query.hpp"

#include <gtest/gtest.h>

#include "atelier/parallel/team.hpp"
#include "support/formula.hpp"

using namespace atelier;

namespace {
/// Queries of 5, count and 0 keys.
template <class T> struct Problem {
  kernels::OneQuerySizes s;
  std::vector<Index> counts;
  BasicTensor<T> q, k, v;

  Problem(Index heads, Index size, Index count)
      : s{heads, size, (count + 2) * size, 0.3},
        counts{std::min<Index>(5, count), count, 0},
        q(formula::uniform<T>(1, {3, heads, size}, -2, 2)),
        k(formula::uniform<T>(2, {heads, count + 2, size}, -2, 2)),
        v(formula::uniform<T>(3, {heads, count + 2, size}, -2, 2)) {}

  std::vector<T> run(std::size_t first = 0, std::size_t last = 3) const {
    auto y = BasicTensor<T>(q.shape(), T(77));
    std::vector<kernels::OneQuery<T>> queries;
    for (auto i = first; i < last; ++i) {
      const auto at = static_cast<Index>(i) * s.heads * s.size;
      queries.push_back({q.data() + at, k.data(), v.data(), y.mutable_data() + at, counts[i]});
    }
    const auto most = *std::max_element(counts.begin(), counts.end());
    std::vector<T> workspace(static_cast<std::size_t>(kernels::one_query_workspace_size(s, 3, most)));
    kernels::one_query_attention<T>(s, queries, workspace.data());
    return y.to_vector();
  }
  /// By plain loops.
  double expected(Index i, Index h, Index d) const {
    double total = 0, sum = 0;
    for (Index t = 0; t < counts[static_cast<std::size_t>(i)]; ++t) {
      double score = 0;
      for (Index e = 0; e < s.size; ++e)
        score += static_cast<double>(q.at({i, h, e})) * static_cast<double>(k.at({h, t, e}));
      const double w = std::exp(score * s.scale);
      total += w, sum += w * static_cast<double>(v.at({h, t, d}));
    }
    return total > 0 ? sum / total : 0;
  }
};
template <class T> void expect_values(double tolerance) {
  for (const Index size : {1, 6, 16, 40, 64})
    for (const Index count : {1, 2, 7, 16, 33, 100}) {
      const Problem<T> p(3, size, count);
      const auto y = p.run();
      for (Index i = 0; i < 3; ++i)
        for (Index h = 0; h < 3; ++h)
          for (Index d = 0; d < size; ++d)
            ASSERT_NEAR(y[static_cast<std::size_t>((i * 3 + h) * size + d)], p.expected(i, h, d), tolerance)
                << size << " " << count << " " << i;
    }
}
}  // namespace

TEST(OneQueryAttention, Floats) { expect_values<float>(3e-6); }
TEST(OneQueryAttention, Doubles) { expect_values<double>(1e-13); }
TEST(OneQueryAttention, AQueryDoesNotDependOnTheOthers) {
  const Problem<float> p(2, 24, 50);
  const auto all = p.run(), one = p.run(1, 2);
  EXPECT_TRUE(std::equal(all.begin() + 48, all.begin() + 96, one.begin() + 48));
}
TEST(OneQueryAttention, SameBitsForAnyNumberOfThreads) {
  const Problem<float> p(4, 64, 700);
  const ThreadScope one(1);
  const auto alone = p.run();
  const ThreadScope three(3);
  EXPECT_EQ(p.run(), alone);
}
