#include "atelier/nn/nn.hpp"

#include <gtest/gtest.h>

#include <set>

#include "atelier/autograd/grad.hpp"
#include "atelier/ops/ops.hpp"
#include "atelier/optim/adam.hpp"
#include "support/expect_error.hpp"

using namespace atelier;

namespace {

struct Net {
  nn::Linear first{3, 5};
  std::vector<nn::Linear> more = {nn::Linear{5, 5}, nn::Linear{5, 4, false}};
  std::optional<nn::LayerNorm> norm = nn::LayerNorm{4};
  nn::Buffer seen{{2}};

  static void visit(auto& m, auto&& f) {
    f("first", m.first);
    f("more", m.more);
    f("norm", m.norm);
    f("seen", m.seen);
  }
};

std::vector<std::string> names_of(const auto& module) {
  std::vector<std::string> names;
  nn::visit_all(module, [&](const std::string& name, const auto&) { names.push_back(name); });
  return names;
}

/// Smallest, largest, mean and standard deviation.
struct Spread {
  double low = 1e9, high = -1e9, mean = 0, deviation = 0;
  explicit Spread(const Tensor& x) {
    for (float v : x.values()) {
      low = std::min<double>(low, v), high = std::max<double>(high, v);
      mean += v / static_cast<double>(x.size());
    }
    for (float v : x.values()) deviation += (v - mean) * (v - mean) / static_cast<double>(x.size());
    deviation = std::sqrt(deviation);
  }
};
}  // namespace

TEST(Module, NamesItsPartsAsPyTorchDoes) {
  const Net net;
  EXPECT_EQ(names_of(net), (std::vector<std::string>{"first.weight", "first.bias", "more.0.weight", "more.0.bias",
                                                     "more.1.weight", "norm.weight", "norm.bias", "seen"}));
  EXPECT_EQ(nn::count_params(net), 15 + 5 + 25 + 5 + 20 + 4 + 4);
  EXPECT_NE(nn::describe(net).find("seen [2] (buffer)"), std::string::npos);
  EXPECT_NE(nn::describe(net).find("78 parameters"), std::string::npos);
  Net without;
  without.norm.reset();
  EXPECT_EQ(nn::count_params(without), 70);
}

TEST(Init, IsPyTorchsDefault) {
  nn::Linear layer{100, 200};
  nn::init(layer, Rng(1));
  for (const Tensor& x : {Tensor(layer.w), Tensor(layer.b)}) {
    const Spread s(x);
    EXPECT_GE(s.low, -0.1f);
    EXPECT_LE(s.high, 0.1f);
    EXPECT_LT(s.low, -0.09);
    EXPECT_GT(s.high, 0.09);
    EXPECT_NEAR(s.deviation, 0.1 / std::sqrt(3.0), 0.01);
  }
}
TEST(Init, OtherSchemes) {
  Rng rng(1);
  nn::Param w({300, 100});
  nn::xavier_uniform(w, rng, 2);
  EXPECT_NEAR(Spread(w).high, 2 * std::sqrt(6.0 / 400), 1e-3);
  nn::kaiming_normal(w, rng);
  EXPECT_NEAR(Spread(w).deviation, std::sqrt(2.0 / 100), 2e-3);
  nn::fill_normal(w, 3, 0.5, rng);
  EXPECT_NEAR(Spread(w).mean, 3, 0.02);
  nn::fill_constant(w, 7);
  EXPECT_EQ(Spread(w).low, 7);
  EXPECT_EQ(Spread(w).high, 7);
}
TEST(Init, OfALayerDoesNotDependOnTheOthers) {
  Net a, b;
  b.more.pop_back();
  nn::init(a, Rng(1)), nn::init(b, Rng(1));
  EXPECT_EQ(a.first.w.to_vector(), b.first.w.to_vector());
  EXPECT_EQ(a.more[0].w.to_vector(), b.more[0].w.to_vector());
  EXPECT_NE(a.first.w.at({0, 0}), a.more[0].w.at({0, 0}));
  Net c;
  nn::init(c, Rng(2));
  EXPECT_NE(a.first.w.to_vector(), c.first.w.to_vector());
  EXPECT_EQ(a.norm->w.to_vector(), (std::vector<float>{1, 1, 1, 1}));
}

TEST(Param, CopiesNumbersAndMovesIdentity) {
  nn::Linear a{2, 2};
  nn::init(a, Rng(1));
  nn::Linear b = a;
  EXPECT_NE(a.w.identity(), b.w.identity());
  EXPECT_EQ(a.w.to_vector(), b.w.to_vector());
  const auto* id = a.w.identity();
  nn::Linear c = std::move(a);
  EXPECT_EQ(c.w.identity(), id);
  const auto* own = b.w.identity();
  b = c;
  EXPECT_EQ(b.w.identity(), own);
  expect_error<Error>([&] { b.w.assign(Tensor({3}, 0.0f)); }, {"assign", "[2, 2]", "[3]"});
}
TEST(Param, WhatWasRecordedBeforeAWriteCannotBeSwept) {
  nn::Linear layer{2, 1};
  nn::init(layer, Rng(1));
  Tape tape;
  const auto y = sum(square(layer(Tensor({1, 2}, {1, 2}))));
  nn::fill_constant(layer.w, 0);
  expect_error<Error>([&] { grad(y, layer.w); }, {"parameter was updated"});
}
TEST(Param, AnOptimizerFollowsItThroughAMove) {
  nn::Linear a{2, 1};
  nn::init(a, Rng(1));
  optim::Adam adam(a, {.lr = 0.5});
  const auto before = a.w.to_vector();
  nn::Linear b = std::move(a);
  Tape tape;
  adam.step(sum(b(Tensor({1, 2}, {1, 2}))));
  for (std::size_t i = 0; i < 2; ++i) EXPECT_NEAR(b.w.data()[i], before[i] - 0.5, 1e-5);
}

TEST(Layers, LinearWithAndWithoutBias) {
  nn::Linear layer{2, 1}, plain{.in = 2, .out = 1, .bias = false};
  layer.w.assign(Tensor({1, 2}, {3, 4}));
  plain.w.assign(Tensor({1, 2}, {3, 4}));
  layer.b.assign(Tensor({1}, {-20}));
  const Tensor x({2, 2}, {1, 2, 10, 0});
  EXPECT_EQ(layer(x).to_vector(), (std::vector<float>{-9, 10}));
  EXPECT_EQ(layer(x, Activation::relu).to_vector(), (std::vector<float>{0, 10}));
  EXPECT_EQ(plain(x).to_vector(), (std::vector<float>{11, 30}));
  EXPECT_EQ(plain(Tensor({2}, {1, 2})).to_vector(), std::vector<float>{11});
  EXPECT_EQ(names_of(plain), std::vector<std::string>{"weight"});
}
TEST(Layers, SequentialAppliesInOrder) {
  nn::Sequential net{nn::Linear{2, 3}, [](const Tensor& x) { return tanh(x); }, nn::Linear{3, 1}};
  nn::init(net, Rng(1));
  EXPECT_EQ(names_of(net), (std::vector<std::string>{"0.weight", "0.bias", "2.weight", "2.bias"}));
  const Tensor x({1, 2}, {1, 2});
  EXPECT_EQ(net(x).item(), std::get<2>(net.layers)(tanh(std::get<0>(net.layers)(x))).item());
}
TEST(Layers, DropoutNeedsAGenerator) {
  const nn::Dropout layer{0.5};
  const Tensor x({1000}, 1.0f);
  Rng rng(1);
  EXPECT_EQ(layer(x, nullptr).to_vector(), x.to_vector());
  const auto y = layer(x, &rng).to_vector();
  EXPECT_EQ(std::set<float>(y.begin(), y.end()), (std::set<float>{0, 2}));
}
TEST(Layers, DropoutNeedsAProbability) {
  Rng rng(1);
  const Tensor x({2, 3, 3, 4}, 1.0f);
  for (double p : {std::nan(""), -0.1, 1.5}) {
    const std::string found = "found " + number_text(p);
    expect_error<ConfigError>([&] { nn::Dropout{p}(x, &rng); }, {"Dropout: p", "[0, 1]", found});
    expect_error<ConfigError>([&] { nn::Dropout2d{p}(x, &rng); }, {"Dropout2d: p", "[0, 1]", found});
    expect_error<ConfigError>([&] { nn::LockedDropout{p}(x, &rng); }, {"LockedDropout: p", "[0, 1]", found});
  }
}
TEST(Layers, LayerNormHasUnitSpread) {
  nn::LayerNorm layer{64};
  nn::init(layer, Rng(1));
  Rng rng(1);
  const auto y = layer(5 * normal({3, 64}, rng) + 7);
  for (Index r = 0; r < 3; ++r) {
    const Spread s(slice(y, 0, r, r + 1));
    EXPECT_NEAR(s.mean, 0, 1e-5);
    EXPECT_NEAR(s.deviation, 1, 1e-4);
  }
}
