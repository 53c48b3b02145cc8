// Cross-entropy of logits and fused with the layer that makes them: gradients, definitions, options, memory, threads.
#include "atelier/ops/cross_entropy.hpp"

#include "expect_grad.hpp"
#include "support/expect_error.hpp"

using namespace atelier;

namespace {
const CrossEntropyOptions options[] = {
    {}, {.label_smoothing = 0.1}, {.ignore = 2}, {.label_smoothing = 0.3, .ignore = 0}};

IndexTensor some_ids(Index rows, Index classes) {
  auto ids = IndexTensor::empty({rows});
  for (Index r = 0; r < rows; ++r) ids.mutable_data()[r] = static_cast<std::int32_t>(r * 7 % classes);
  return ids;
}
/// Value and gradients of the fused operation, or of its definition.
template <class T>
std::vector<BasicTensor<T>> passes(bool fused, const std::vector<BasicTensor<T>>& x, const IndexTensor& ids,
                                   const CrossEntropyOptions& o) {
  Tape tape;
  const bool bias = x.size() > 2;
  const Index count = detail::check_targets("test", ids, x[1].size(0), o);
  const auto precision = PrecisionScope::current();
  const auto y = fused  ? linear_cross_entropy(x[0], x[1], bias ? x[2] : BasicTensor<T>{}, ids, o)
                 : bias ? detail::linear_loss_definition(ids, o, precision, count, x[0], x[1], x[2])
                        : detail::linear_loss_definition(ids, o, precision, count, x[0], x[1]);
  auto all = grad(3 * y, x);
  all.push_back(y);
  return all;
}
template <class T> void expect_definition(Index rows, Index width, Index classes, double tolerance) {
  for (const auto& o : options)
    for (const bool bias : {false, true}) {
      std::vector<BasicTensor<T>> x;
      for (const auto& t : draw({{rows, width}, {classes, width}, {classes}}, {-1, 1}, 9)) x.push_back(cast<T>(t));
      if (!bias) x.pop_back();
      const auto ids = some_ids(rows, classes);
      const auto found = passes(true, x, ids, o), want = passes(false, x, ids, o);
      for (std::size_t k = 0; k < found.size(); ++k)
        EXPECT_LE(max(abs(found[k] - want[k])).item(), tolerance * (1e-3 + max(abs(want[k])).item()))
            << "part " << k << " of " << Shape{rows, width, classes}.str() << " smoothing " << o.label_smoothing;
    }
}
}  // namespace

TEST(Ops, CrossEntropyOptions) {
  for (const auto& o : options)
    for (const Index classes : {3, 19, 40})
      expect_grad([&](const auto& x) { return cross_entropy(x[0], some_ids(5, 3), o); }, {{5, classes}}, {-3, 3});
}
TEST(Ops, LinearCrossEntropy) {
  for (const auto& o : options) {
    expect_grad([&](const auto& x) { return linear_cross_entropy(x[0], x[1], x[2], some_ids(6, 5), o); },
                {{2, 3, 4}, {5, 4}, {5}});
    expect_grad(
        [&](const auto& x) {
          return linear_cross_entropy(x[0], x[1], std::remove_cvref_t<decltype(x[0])>{}, some_ids(6, 5), o);
        },
        {{6, 4}, {5, 4}});
  }
}
TEST(CrossEntropy, FusedEqualsItsDefinition) {
  for (const auto& [rows, width, classes] : {std::array<Index, 3>{1, 1, 3}, {37, 5, 33}, {100, 31, 130}}) {
    expect_definition<double>(rows, width, classes, 1e-12);
    expect_definition<float>(rows, width, classes, 1e-5);
    const PrecisionScope medium(Precision::medium);
    expect_definition<float>(rows, width, classes, 2e-2);
  }
}
TEST(CrossEntropy, ChunksOfRowsAddUp) {
  const Index classes = Index{1} << 17, rows = 200;
  EXPECT_EQ(detail::logit_rows(rows, classes), 112);
  expect_definition<float>(rows, 3, classes, 2e-5);
}
TEST(CrossEntropy, LogitsNeverExistWhole) {
  Rng rng(1);
  const auto peak = [&](Index classes) {
    memory::pool().trim();
    const auto x = normal({2048, 8}, rng), w = normal({classes, 8}, rng);
    Tape tape;
    const auto before = memory::pool().stats().bytes;
    const auto y = linear_cross_entropy(x, w, Tensor{}, some_ids(2048, classes));
    return memory::pool().stats().bytes - before - 2 * classes * 8 * 4;
  };
  for (const Index classes : {8192, 50000})  // the logits are 67 and 410 MB
    EXPECT_LE(peak(classes), Index{112} << 20) << classes;
}
TEST(CrossEntropy, NothingCounts) {
  const Tensor x({3, 2}, 1.0f), w({4, 2}, 1.0f);
  const IndexTensor none({3}, {-100, -100, -100});
  Tape tape;
  const auto y = linear_cross_entropy(x, w, Tensor{}, none);
  EXPECT_EQ(y.item(), 0);
  EXPECT_EQ(grad(y, w).to_vector(), std::vector<float>(8, 0.0f));
}
TEST(CrossEntropy, IgnoredRowsDoNotCount) {
  Rng rng(1);
  const auto x = normal({4, 3}, rng), w = normal({5, 3}, rng);
  const auto all = linear_cross_entropy(slice(x, 0, 0, 2), w, Tensor{}, IndexTensor({2}, {1, 4}));
  const auto some = linear_cross_entropy(x, w, Tensor{}, IndexTensor({4}, {1, 4, 0, 0}), {.ignore = 0});
  EXPECT_FLOAT_EQ(all.item(), some.item());
}
TEST(CrossEntropy, LargeLogitsDoNotOverflow) {
  const Tensor z({2, 3}, {1e4f, -1e4f, 0, -1e4f, -1e4f, -1e4f});
  EXPECT_EQ(cross_entropy(z, IndexTensor({2}, {0, 0})).to_vector(), (std::vector<float>{0, std::log(3.0f)}));
}
TEST(CrossEntropy, MaskedClassesHaveNoShare) {
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor z({3, 3}, {-inf, 0, 1, 0, -inf, -inf, -inf, 0, 0});
  const IndexTensor ids({3}, {1, 0, 0});
  const auto loss = cross_entropy(z, ids);
  EXPECT_FLOAT_EQ(loss.at({0}), std::log1p(std::exp(1.0f)));
  EXPECT_EQ(loss.at({1}), 0);
  EXPECT_EQ(loss.at({2}), inf);
  const auto defined = atelier::detail::cross_entropy_definition(z, ids, {});
  for (Index r = 0; r < 3; ++r) EXPECT_FLOAT_EQ(defined.at({r}), loss.at({r}));
  const auto sums = logsumexp(Tensor({3, 2}, {-inf, -inf, inf, 0, -inf, 1}));
  EXPECT_EQ(sums.to_vector(), (std::vector<float>{-inf, inf, 1}));
}
TEST(CrossEntropy, SameBitsForAnyNumberOfThreads) {
  Rng rng(1);
  const std::vector<Tensor> x{normal({150, 40}, rng), normal({300, 40}, rng), normal({300}, rng)};
  const auto run = [&](int n) {
    const ThreadScope scope(n);
    std::vector<float> bits;
    for (const auto& t : passes(true, x, some_ids(150, 300), {}))
      bits.insert(bits.end(), t.data(), t.data() + t.size());
    return bits;
  };
  const auto one = run(1);
  for (const int n : {2, 3}) EXPECT_EQ(one, run(n)) << n << " threads";
}
TEST(CrossEntropy, Errors) {
  const Tensor x({2, 3}, 0.0f), w({4, 3}, 0.0f);
  const auto loss = [&](const IndexTensor& ids, const CrossEntropyOptions& o) {
    linear_cross_entropy(x, w, Tensor{}, ids, o);
  };
  expect_error<Error>([&] { loss(IndexTensor({2}, {0, 4}), {}); }, {"index 4 at position 1", "[0, 4)"});
  expect_error<Error>([&] { loss(IndexTensor({3}, {0, 1, 2}), {}); }, {"[..., C], [V, C]", "[3]"});
  expect_error<Error>(
      [&] {
        loss(IndexTensor({2}, {0, 1}), {.label_smoothing = 2});
      },
      {"smoothing in [0, 1]", "found 2"});
  expect_error<Error>([&] { cross_entropy(x, IndexTensor({3}, {0, 1, 2})); }, {"[R, V] and [R]", "[3]"});
}
