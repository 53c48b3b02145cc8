#include "atelier/nn/conv.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "support/expect_error.hpp"

using namespace atelier;

namespace {
std::vector<std::string> names_of(const auto& module) {
  std::vector<std::string> names;
  nn::visit_all(module, [&](const std::string& name, const auto&) { names.push_back(name); });
  return names;
}
float largest(const Tensor& x) {
  float most = 0;
  for (float v : x.values()) most = std::max(most, std::abs(v));
  return most;
}
}  // namespace

TEST(ConvLayers, HavePyTorchsNamesAndShapes) {
  const nn::Conv2d conv{.in = 6, .out = 4, .kernel = {3, 5}, .groups = 2};
  EXPECT_EQ(conv.w.shape(), (Shape{4, 3, 3, 5}));
  EXPECT_EQ(conv.b.shape(), Shape{4});
  EXPECT_EQ(names_of(conv), (std::vector<std::string>{"weight", "bias"}));
  EXPECT_EQ(names_of(nn::Conv2d{.in = 6, .out = 4, .bias = false}), std::vector<std::string>{"weight"});
  const nn::ConvTranspose2d transposed{.in = 6, .out = 4, .kernel = 2, .groups = 2};
  EXPECT_EQ(transposed.w.shape(), (Shape{6, 2, 2, 2}));
  EXPECT_EQ(names_of(transposed), (std::vector<std::string>{"weight", "bias"}));
}

TEST(ConvLayers, InitIsPyTorchsDefault) {  // uniform in +- 1/sqrt(fan_in), of weight.size(1) * kh * kw inputs
  nn::Conv2d conv{16, 32, 3};
  nn::init(conv, Rng(1));
  EXPECT_NEAR(largest(conv.w), 1 / 12.0, 1e-3);
  EXPECT_LE(largest(conv.b), 1 / 12.0f);
  EXPECT_GT(largest(conv.b), 1 / 20.0f);
  nn::ConvTranspose2d transposed{64, 16, 4};
  nn::init(transposed, Rng(1));
  EXPECT_NEAR(largest(transposed.w), 1 / 16.0, 1e-3);
}

TEST(ConvLayers, EveryOptionReachesTheOperation) {
  Rng rng(1);
  const Tensor x = normal({2, 8, 9, 6}, rng);
  nn::Conv2d conv{.in = 6, .out = 4, .kernel = 3, .stride = 2, .padding = {1, 2}, .dilation = 2, .groups = 2};
  nn::init(conv, Rng(2));
  const Conv2dOptions o{.stride = 2, .padding = {1, 2}, .dilation = 2, .groups = 2};
  EXPECT_EQ(conv(x).to_vector(), conv2d(x, conv.w, conv.b, o).to_vector());
  EXPECT_EQ(conv(x, Activation::leaky_relu, 0.1).to_vector(),
            conv2d(x, conv.w, conv.b, o, Activation::leaky_relu, 0.1).to_vector());
  nn::ConvTranspose2d up{.in = 6,
                         .out = 4,
                         .kernel = 3,
                         .stride = 2,
                         .padding = 1,
                         .output_padding = {1, 0},
                         .dilation = 2,
                         .groups = 2,
                         .bias = false};
  nn::init(up, Rng(3));
  const ConvTranspose2dOptions u{.stride = 2, .padding = 1, .output_padding = {1, 0}, .dilation = 2, .groups = 2};
  EXPECT_EQ(up(x).to_vector(), conv_transpose2d(x, up.w, u).to_vector());
  EXPECT_EQ(up(x).shape(), (Shape{2, 18, 19, 4}));
}

TEST(ConvLayers, StackAndUnstackTheDcgan) {
  const nn::Conv2d down{3, 64, 4, 2, 1};
  const nn::ConvTranspose2d up{64, 3, 4, 2, 1}, first{100, 512, 4};
  EXPECT_EQ(down(Tensor({2, 64, 64, 3}, 0.0f)).shape(), (Shape{2, 32, 32, 64}));
  EXPECT_EQ(up(Tensor({2, 32, 32, 64}, 0.0f)).shape(), (Shape{2, 64, 64, 3}));
  EXPECT_EQ(first(Tensor({2, 1, 1, 100}, 0.0f)).shape(), (Shape{2, 4, 4, 512}));
}

TEST(ConvLayers, GroupsMustDivideTheChannels) {
  expect_error<Error>([] { return nn::Conv2d{.in = 5, .out = 4, .groups = 2}; }, {"Conv2d", "2 groups", "5"});
  expect_error<Error>([] { return nn::ConvTranspose2d{.in = 4, .out = 5, .groups = 0}; }, {"ConvTranspose2d", "0 groups"});
}
