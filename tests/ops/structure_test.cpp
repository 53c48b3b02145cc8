// Gradients of reductions, shape operations, gathers and products, at order 1 and 2.
#include "expect_grad.hpp"
#include "support/expect_error.hpp"

using namespace atelier;

TEST(Ops, SumTo) {
  for (const Shape& to : {Shape{}, Shape{7}, Shape{5, 1}, Shape{3, 1, 7}, Shape{1, 5, 1}, Shape{3, 5, 7}})
    expect_grad([&](const auto& x) { return sum_to(x[0], to); }, {{3, 5, 7}});
}
TEST(Ops, Sum) {
  for (const Dims& dims : {Dims{}, Dims{0}, Dims{1}, Dims{-1}, Dims{0, 2}, Dims{1, 2}})
    for (bool keep : {false, true}) expect_grad([&](const auto& x) { return sum(x[0], dims, keep); }, {{3, 5, 7}});
  expect_grad([](const auto& x) { return sum(x[0], {1}); }, {{3, 0}});
}
TEST(Ops, SumOfALongRow) {  // shared by the threads
  expect_grad([](const auto& x) { return sum(x[0]); }, {{70001}});
}
TEST(Ops, Mean) {
  expect_grad([](const auto& x) { return mean(x[0], {1}, true); }, {{3, 5, 7}});
}
TEST(Ops, Variance) {
  for (bool unbiased : {false, true})
    expect_grad([&](const auto& x) { return variance(x[0], {0, 2}, unbiased); }, {{3, 5, 7}});
}
TEST(Ops, Max) {
  expect_grad([](const auto& x) { return max(x[0], {1}); }, {{3, 5, 7}});
}
TEST(Ops, Min) {
  expect_grad([](const auto& x) { return min(x[0], {0, 2}, true); }, {{3, 5, 7}});
}
TEST(Ops, EqualMaximaShareTheGradient) {
  const Tensor x({4}, {1, 3, 3, 0});
  Tape tape;
  EXPECT_EQ(grad(max(x), x).to_vector(), (std::vector<float>{0, 0.5, 0.5, 0}));
}
TEST(Ops, Expand) {
  expect_grad([](const auto& x) { return expand(x[0], {4, 3, 5}); }, {{3, 1}});
}
TEST(Ops, Reshape) {
  expect_grad([](const auto& x) { return reshape(x[0] * x[0], {5, -1}); }, {{3, 5, 2}});
}
TEST(Ops, UnsqueezeAndSqueeze) {
  expect_grad([](const auto& x) { return squeeze(unsqueeze(x[0] * x[0], 1), -2); }, {{3, 5}});
}
TEST(Ops, Permute) {
  for (const Dims& order : {Dims{2, 0, 1}, Dims{0, 2, 1}, Dims{1, 0, 2}, Dims{0, 1, 2}})
    expect_grad([&](const auto& x) { return permute(x[0], order); }, {{3, 5, 7}});
}
TEST(Ops, Transpose) {
  expect_grad([](const auto& x) { return transpose(x[0]); }, {{3, 5}});
  expect_grad([](const auto& x) { return transpose(x[0], 0, 2); }, {{3, 5, 2}});
}
TEST(Ops, Slice) {
  for (int dim : {0, 1, 2}) expect_grad([&](const auto& x) { return slice(x[0], dim, 1, -1); }, {{3, 5, 7}});
  expect_grad([](const auto& x) { return slice(x[0], 0, 2, 2); }, {{3, 5}});
}
TEST(Ops, Embed) {
  expect_grad([](const auto& x) { return embed(x[0], 1, 2, 8); }, {{3, 5}});
}
TEST(Ops, SelectIndex) {
  expect_grad([](const auto& x) { return select_index(x[0], 1, -2); }, {{3, 5, 2}});
}
TEST(Ops, Concat) {
  expect_grad([](const auto& x) { return concat(x, 1); }, {{3, 5, 2}, {3, 1, 2}, {3, 0, 2}});
  expect_grad([](const auto& x) { return concat(x, 0); }, {{2, 3}, {1, 3}});
}
TEST(Ops, Stack) {
  for (int dim : {0, 1, -1}) expect_grad([&](const auto& x) { return stack(x, dim); }, {{3, 5}, {3, 5}});
}
TEST(Ops, Split) {
  expect_grad(
      [](const auto& x) {
        const auto parts = split(x[0], 1, {1, 4});
        return parts[0] * parts[1];
      },
      {{3, 5}});
}
TEST(Ops, Take) {
  const IndexTensor i({4}, {2, 0, 2, 1});
  expect_grad([&](const auto& x) { return take(x[0], i); }, {{3, 5}});
  expect_grad([&](const auto& x) { return take(x[0], i, -1); }, {{2, 5, 3}});
}
TEST(Ops, ScatterAdd) {
  const IndexTensor i({5}, {2, 0, 2, 1, 2});
  expect_grad([&](const auto& x) { return scatter_add(x[0], i, 0, 4); }, {{5, 3}});
  expect_grad([&](const auto& x) { return scatter_add(x[0], i, 1, 4); }, {{3, 5}});
}
TEST(Ops, Pick) {
  expect_grad([](const auto& x) { return pick(x[0], IndexTensor({3}, {1, 0, 4})); }, {{3, 5}});
}
TEST(Ops, OneHot) {
  EXPECT_EQ(one_hot<float>(IndexTensor({2}, {2, 0}), 3).to_vector(), (std::vector<float>{0, 0, 1, 1, 0, 0}));
}
TEST(Ops, Matmul) {
  for (bool ta : {false, true})
    for (bool tb : {false, true}) {
      const Shape a = ta ? Shape{4, 3} : Shape{3, 4}, b = tb ? Shape{5, 4} : Shape{4, 5};
      const auto product = [&](const auto& x) { return matmul(x[0], x[1], {ta, tb}); };
      expect_grad(product, {a, b});
      expect_grad(product, {Shape{2, 2, a[0], a[1]}, Shape{2, 2, b[0], b[1]}});
      if (!ta) expect_grad(product, {Shape{2, a[0], a[1]}, b});
    }
  expect_grad([](const auto& x) { return matmul(x[0], x[1]); }, {{3, 0}, {0, 4}});
  expect_grad([](const auto& x) { return matmul(x[0], x[1]); }, {{0, 3}, {3, 4}});
}
TEST(Ops, Linear) {
  for (auto a : {Activation::none, Activation::relu, Activation::leaky_relu, Activation::tanh, Activation::sigmoid,
                 Activation::silu, Activation::gelu, Activation::gelu_tanh}) {
    expect_grad([&](const auto& x) { return linear(x[0], x[1], x[2], a); }, {{6, 5}, {3, 5}, {3}});
    expect_grad([&](const auto& x) { return linear(x[0], x[1], x[2], a); }, {{2, 2, 5}, {3, 5}, {3}});
    expect_grad([&](const auto& x) { return linear(x[0], x[1], x[2], a); }, {{5}, {3, 5}, {3}});
  }
}
TEST(Ops, Softmax) {
  expect_grad([](const auto& x) { return softmax(x[0]); }, {{3, 7}}, {-4, 4});
}
TEST(Ops, LogSoftmax) {
  expect_grad([](const auto& x) { return log_softmax(x[0]); }, {{3, 7}}, {-4, 4});
}
TEST(Ops, Logsumexp) {
  expect_grad([](const auto& x) { return logsumexp(x[0]); }, {{3, 7}}, {-4, 4});
}
TEST(Ops, SoftmaxOfLargeNumbersIsFinite) {
  EXPECT_EQ(softmax(Tensor({3}, {1000, 0, -1000})).to_vector(), (std::vector<float>{1, 0, 0}));
  EXPECT_EQ(logsumexp(Tensor({2}, {-2000, -2000})).item(), -2000 + std::log(2.0f));
}
TEST(Ops, LayerNorm) {
  expect_grad([](const auto& x) { return layer_norm(x[0], x[1], x[2]); }, {{4, 9}, {9}, {9}});
}
TEST(Ops, BceWithLogits) {
  expect_grad([](const auto& x) { return bce_with_logits(x[0], x[1]); }, {{3, 7}, {3, 7}}, {0.1, 2});
}
TEST(Ops, BceOfLargeLogitsIsFinite) {
  EXPECT_EQ(bce_with_logits(Tensor({1, 2}, {1000, -1000}), Tensor({1, 2}, {1, 1})).item(), 1000);
}
TEST(Ops, HalfSquaredError) {
  expect_grad([](const auto& x) { return half_squared_error(x[0], x[1]); }, {{3, 7}, {3, 7}});
}
TEST(Ops, GaussianNll) {
  expect_grad([](const auto& x) { return gaussian_nll(x[0], x[1], x[2]); }, {{3, 7}, {3, 7}, {3, 7}});
}
TEST(Ops, GaussianKl) {
  expect_grad([](const auto& x) { return gaussian_kl(x[0], x[1]); }, {{3, 7}, {3, 7}});
}
TEST(Ops, CrossEntropy) {
  expect_grad([](const auto& x) { return cross_entropy(x[0], IndexTensor({3}, {1, 0, 4})); }, {{3, 5}});
}

TEST(Ops, ErrorsNameTheOperationAndTheShapes) {
  const Tensor a({2, 3}, 0.0f), b({4, 5}, 0.0f), v({3}, 0.0f);
  expect_error<Error>([&] { a + b; }, {"add", "[2, 3]", "[4, 5]"});
  expect_error<Error>([&] { matmul(a, b); }, {"matmul", "inner sizes differ", "[2, 3]", "[4, 5]"});
  expect_error<Error>([&] { matmul(a, v); }, {"matmul", "expected matrices"});
  expect_error<Error>([&] { reshape(a, {4}); }, {"reshape", "[2, 3]", "[4]"});
  expect_error<Error>([&] { permute(a, {0, 0}); }, {"permute", "twice"});
  expect_error<Error>([&] { slice(a, 1, 2, 5); }, {"slice", "[2, 5)"});
  expect_error<Error>([&] { concat<float>({a, b}, 0); }, {"concat", "[2, 3]", "[4, 5]"});
  expect_error<Error>([&] { concat<float>({}, 0); }, {"concat"});
  expect_error<Error>([&] { take(a, IndexTensor({1}, {2})); }, {"take", "index 2", "[0, 2)"});
  expect_error<Error>([&] { pick(a, IndexTensor({2}, {0, -1})); }, {"pick", "-1"});
  expect_error<Error>([&] { linear(a, b, v); }, {"linear", "[4, 5]"});
  expect_error<Error>([&] { split(a, 1, {1, 1}); }, {"split", "2"});
  expect_error<Error>([&] { max(Tensor({0}, 0.0f)); }, {"max"});
  expect_error<Error>([&] { a.item(); }, {"item", "[2, 3]"});
  expect_error<Error>([&] { sum(a, {2}); }, {"2", "[2, 3]"});
  expect_error<Error>([&] { reshape(a, {-1, -1}); }, {"reshape", "one -1"});
  expect_error<Error>([] { reshape(Tensor({0, 5}, 0.0f), {0, -1}); }, {"reshape", "-1"});
  expect_error<Error>([] { reshape(Tensor({0}, 0.0f), {Index{1} << 32, Index{1} << 32}); }, {"more elements"});
  for (const Index i : {-5, -4, 3}) expect_error<Error>([&] { select_index(a, 1, i); }, {"select_index", "[2, 3]"});
  expect_error<Error>([&] { clamp(a, 2, 1); }, {"clamp", "low <= high"});
  expect_error<Error>([] { one_hot<float>(IndexTensor({2, 2}, 0), 3); }, {"one_hot", "[2, 2]"});
}

TEST(Ops, IndicesMoveToo) {
  const IndexTensor x({2, 3}, {0, 1, 2, 3, 4, 5});
  using Ids = std::vector<std::int32_t>;
  const Tape tape;
  EXPECT_EQ(slice(x, 1, 1, 2).to_vector(), (Ids{1, 4}));
  EXPECT_EQ(transpose(x).to_vector(), (Ids{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(take(x, IndexTensor({1}, {1})).to_vector(), (Ids{3, 4, 5}));
  EXPECT_EQ(select_index(concat<std::int32_t>({x, x}, 0), 0, -1).to_vector(), (Ids{3, 4, 5}));
  EXPECT_EQ(stack<std::int32_t>({x, x}, 0).shape(), (Shape{2, 2, 3}));
  EXPECT_EQ(split(x, 1, {1, 2})[1].to_vector(), (Ids{1, 2, 4, 5}));
  EXPECT_EQ(expand(reshape(x, {6}), Shape{2, 6}).size(), 12);
  EXPECT_EQ(sum(x).item(), 15);
  EXPECT_EQ(tape.size(), 0u);
}
