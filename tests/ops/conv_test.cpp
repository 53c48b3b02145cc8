// Convolutions: gradients at order 1 and 2, what they mean, and their errors. Values: conv_golden_test.cpp.
#include "expect_grad.hpp"
#include "support/expect_error.hpp"
#include "support/precision.hpp"

using namespace atelier;

namespace {
/// Options that all matter.
const Conv2dOptions odd{.stride = {2, 1}, .padding = {1, 2}, .dilation = {1, 2}, .groups = 2};
}  // namespace

TEST(Ops, Conv2d) {
  expect_grad([](const auto& x) { return conv2d(x[0], x[1]); }, {{2, 4, 5, 3}, {4, 3, 3, 2}});
  expect_grad([](const auto& x) { return conv2d(x[0], x[1], odd); }, {{2, 5, 6, 4}, {6, 2, 3, 2}});
  expect_grad([](const auto& x) { return conv2d(x[0], x[1], x[2], {.stride = 2, .padding = 1}); },
              {{2, 6, 6, 3}, {5, 3, 4, 4}, {5}});
  expect_grad([](const auto& x) { return conv2d(x[0], x[1], x[2]); }, {{2, 3, 3, 4}, {5, 4, 1, 1}, {5}});
  expect_grad([](const auto& x) { return conv2d(x[0], x[1], {.padding = 1}); }, {{0, 3, 3, 2}, {2, 2, 3, 3}});
  expect_grad([](const auto& x) { return conv2d(x[0], x[1], {.padding = 1}); }, {{1, 1, 1, 2}, {2, 2, 3, 3}});
}
TEST(Ops, Conv2dWithActivations) {
  for (auto a : {Activation::none, Activation::relu, Activation::leaky_relu, Activation::tanh, Activation::gelu})
    for (double slope : {0.2, -0.5}) {
      const Conv2dOptions o{.stride = 2, .padding = 1};
      expect_grad([&](const auto& x) { return conv2d(x[0], x[1], x[2], o, a, slope); },
                  {{2, 5, 4, 3}, {4, 3, 3, 3}, {4}});
      expect_grad([&](const auto& x) { return conv2d(x[0], x[1], o, a, slope); }, {{2, 5, 4, 3}, {4, 3, 3, 3}});
    }
}
TEST(Ops, ConvTranspose2d) {
  expect_grad([](const auto& x) { return conv_transpose2d(x[0], x[1]); }, {{2, 3, 2, 3}, {3, 4, 3, 2}});
  const ConvTranspose2dOptions o{
      .stride = {2, 3}, .padding = {1, 2}, .output_padding = {1, 2}, .dilation = {1, 2}, .groups = 2};
  expect_grad([&](const auto& x) { return conv_transpose2d(x[0], x[1], o); }, {{2, 3, 2, 4}, {4, 3, 3, 3}});
  expect_grad([&](const auto& x) { return conv_transpose2d(x[0], x[1], x[2], {.stride = 2, .padding = 1}); },
              {{2, 3, 2, 4}, {4, 3, 4, 4}, {3}});
  expect_grad([](const auto& x) { return conv_transpose2d(x[0], x[1]); }, {{0, 3, 3, 2}, {2, 2, 3, 3}});
  for (auto a : {Activation::relu, Activation::leaky_relu, Activation::sigmoid})
    expect_grad([&](const auto& x) { return conv_transpose2d(x[0], x[1], x[2], {.stride = 2}, a); },
                {{2, 3, 2, 2}, {2, 3, 3, 3}, {3}});
}
TEST(Ops, Conv2dWeights) {
  const Shape y = conv2d(Tensor({2, 5, 6, 4}, 0.0f), Tensor({6, 2, 3, 2}, 0.0f), odd).shape();
  expect_grad([&](const auto& x) { return conv2d_weights(x[0], x[1], {3, 2}, odd); }, {{2, 5, 6, 4}, y});
}
TEST(Ops, Convolve) {  // fewer results than fit
  const kernels::ConvShape s{2, {6, 5}, 3, {2, 2}, 4, {2, 3}, {2, 1}};
  expect_grad([&](const auto& x) { return convolve(s, false, x[0], x[1], x[2], Activation::relu, 0); },
              {{2, 6, 5, 3}, {4, 3, 2, 3}, {4}});
  expect_grad([&](const auto& x) { return convolve(s, true, x[0], x[1], x[2], Activation::none, 0); },
              {{2, 2, 2, 4}, {4, 3, 2, 3}, {3}});
}

TEST(Conv2d, WeightGradientIsTheOneOfTheTape) {
  const auto x = draw({{2, 5, 6, 4}, {6, 2, 3, 2}}, {}, 3);
  Tape tape;
  const auto y = conv2d(x[0], x[1], odd);
  const auto g = draw({y.shape()}, {}, 4)[0];
  const auto w = grad(sum(y * g), x[1]);
  EXPECT_EQ(w.to_vector(), conv2d_weights(x[0], g, {3, 2}, odd).to_vector());
}

TEST(Conv2d, FusedEqualsItsDefinition) {
  const auto d = draw({{2, 9, 8, 5}, {7, 5, 4, 4}, {7}}, {}, 5);
  const auto x = cast<float>(d[0]), w = cast<float>(d[1]), b = cast<float>(d[2]);
  const auto fused = conv2d(x, w, b, {.stride = 2, .padding = 1}, Activation::leaky_relu, 0.3);
  const auto apart = leaky_relu(conv2d(x, w, {.stride = 2, .padding = 1}) + b, 0.3f);
  for (Index i = 0; i < fused.size(); ++i) EXPECT_NEAR(fused.data()[i], apart.data()[i], 1e-5f);
}

TEST(Conv2d, BackwardUsesThePrecisionOfForward) {
  const auto d = draw({{1, 6, 6, 8}, {8, 8, 3, 3}}, {}, 6);
  const auto x = cast<float>(d[0]), w = cast<float>(d[1]);
  const auto gradient = [&](Precision forward, Precision backward) {
    Tape tape;
    const auto y = [&] {
      PrecisionScope scope(forward);
      return conv2d(x, w);
    }();
    PrecisionScope scope(backward);
    return grad(sum(y), w).to_vector();
  };
  const auto medium = gradient(Precision::medium, Precision::highest);
  EXPECT_EQ(medium, gradient(Precision::medium, Precision::medium));
  EXPECT_EQ(medium != gradient(Precision::highest, Precision::highest), medium_rounds());
}

TEST(Conv2d, ErrorsNameTheOperationAndTheShapes) {
  const Tensor x({2, 5, 5, 4}, 0.0f), w({6, 4, 3, 3}, 0.0f), b({5}, 0.0f);
  expect_error<Error>([&] { conv2d(b, w); }, {"conv2d", "[5]", "[6, 4, 3, 3]"});
  expect_error<Error>([&] { conv2d(x, w, {.groups = 2}); }, {"conv2d", "channels differ", "[2, 5, 5, 4]"});
  expect_error<Error>([&] { conv2d(x, w, {.groups = 3}); }, {"conv2d", "3 groups do not divide 4"});
  expect_error<Error>([&] { conv2d(x, w, {.groups = 0}); }, {"conv2d", "0 groups"});
  expect_error<Error>([&] { conv2d(x, w, {.stride = {1, 0}}); }, {"conv2d", "stride", "[1, 0]"});
  expect_error<Error>([&] { conv2d(x, w, {.padding = -1}); }, {"conv2d", "padding", "[-1, -1]"});
  expect_error<Error>([&] { conv2d(x, w, {.padding = Index{1} << 40}); }, {"conv2d", "padding"});
  expect_error<Error>([&] { conv2d(x, w, {.dilation = 3}); }, {"conv2d", "does not fit", "dilation [3, 3]"});
  expect_error<Error>([&] { conv2d(x, w, b); }, {"conv2d", "bias [6]", "[5]"});
  expect_error<Error>([&] { conv2d(x, Tensor({6, 4, 0, 3}, 0.0f)); }, {"conv2d", "kernel", "[0, 3]"});
  expect_error<Error>([&] { conv2d_weights(x, x, 3); }, {"conv2d_weights", "[2, 3, 3, 4]", "[2, 5, 5, 4]"});
  const Tensor v({4, 6, 3, 3}, 0.0f);
  expect_error<Error>([&] { conv_transpose2d(x, w); }, {"conv_transpose2d", "channels differ"});
  expect_error<Error>([&] { conv_transpose2d(x, v, {.stride = 2, .output_padding = 2}); },
                      {"conv_transpose2d", "output padding", "[2, 2]"});
  expect_error<Error>([&] { conv_transpose2d(x, v, {.padding = 5}); }, {"conv_transpose2d", "nothing is left"});
  expect_error<Error>([&] { conv_transpose2d(x, v, b); }, {"conv_transpose2d", "bias [6]", "[5]"});
}

TEST(Conv2d, ASecondStepAllocatesNothing) {
  const auto d = draw({{2, 8, 8, 8}, {16, 8, 4, 4}, {16}}, {}, 7);
  const auto x = cast<float>(d[0]), w = cast<float>(d[1]), b = cast<float>(d[2]);
  const auto step = [&] {
    Tape tape;
    const auto y = conv2d(x, w, b, {.stride = 2, .padding = 1}, Activation::leaky_relu);
    grad(sum(conv_transpose2d(y, w, {.stride = 2, .padding = 1})), {x, w, b});
  };
  step();
  const auto before = memory::pool().stats().allocations;
  step();
  EXPECT_EQ(memory::pool().stats().allocations, before);
}
