// Optimizers and schedules against PyTorch's (scripts/golden/optim.py), in double.
#include "atelier/optim/optim.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "atelier/nn/linear.hpp"
#include "atelier/ops/ops.hpp"
#include "support/expect_error.hpp"
#include "support/formula.hpp"

using namespace atelier;

namespace {

using Layer = nn::BasicLinear<double>;
using Doubles = BasicTensor<double>;

const nlohmann::json& golden() {
  static const auto json = nlohmann::json::parse(std::ifstream(ATELIER_TEST_DIR "/golden/optim.json"));
  return json;
}

struct TwoLayers {
  Layer used{4, 3}, unused{4, 3};
  static void visit(auto& m, auto&& f) { f("used", m.used), f("unused", m.unused); }
};

Layer small_layer() {
  Layer layer{4, 3};
  layer.w.assign(formula::uniform<double>(1, {3, 4}, -1, 1));
  layer.b.assign(formula::uniform<double>(2, {3}, -1, 1));
  return layer;
}

/// Mean squared error of tanh(layer) on examples [begin, end).
Doubles loss(const Layer& layer, Index begin = 0, Index end = 8) {
  const auto x = slice(formula::uniform<double>(10, {8, 4}, -1, 1), 0, begin, end);
  const auto y = slice(formula::uniform<double>(11, {8, 3}, -1, 1), 0, begin, end);
  return mean(square(tanh(layer(x)) - y));
}

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN(),
                 infinity = std::numeric_limits<double>::infinity();
std::string shown(double x) { return (std::ostringstream() << x).str(); }

template <class Optimizer> void train(Layer& layer, Optimizer& optimizer, Index parts = 1) {
  for (int step = 0; step < 6; ++step) {
    for (Index k = 0; k < parts; ++k) {
      Tape tape;
      optimizer.accumulate(loss(layer, k * 8 / parts, (k + 1) * 8 / parts));
    }
    optimizer.step();
  }
}

void expect_golden(const std::string& name, const Layer& layer) {
  auto values = layer.w.to_vector();
  const auto bias = layer.b.to_vector();
  values.insert(values.end(), bias.begin(), bias.end());
  const auto& expected = golden()["runs"][name];
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i].get<double>(), 1e-12) << name;
}

void expect_sgd(const std::string& name, const optim::SgdOptions& options) {
  Layer layer = small_layer();
  optim::BasicSgd<double> sgd(layer, options);
  train(layer, sgd);
  expect_golden(name, layer);
}
void expect_adam(const std::string& name, const optim::AdamOptions& options, Index parts = 1) {
  Layer layer = small_layer();
  optim::BasicAdam<double> adam(layer, options);
  train(layer, adam, parts);
  expect_golden(name, layer);
}

void expect_schedule(const std::string& name, const optim::Schedule& schedule) {
  const auto& expected = golden()["schedules"][name];
  for (std::size_t step = 0; step < expected.size(); ++step)
    EXPECT_NEAR(schedule(static_cast<Index>(step)), expected[step].get<double>(), 1e-12) << name << " step " << step;
}

}  // namespace

TEST(Sgd, IsThatOfPyTorch) {
  expect_sgd("sgd", {.lr = 0.1});
  expect_sgd("momentum", {.lr = 0.1, .momentum = 0.9});
  expect_sgd("dampening", {.lr = 0.1, .momentum = 0.9, .dampening = 0.5});
  expect_sgd("nesterov", {.lr = 0.1, .momentum = 0.9, .nesterov = true});
  expect_sgd("sgd_decay", {.lr = 0.1, .momentum = 0.9, .weight_decay = 0.1});
  expect_sgd("clip", {.lr = 0.5, .clip_norm = 0.1});
}
TEST(Adam, IsThatOfPyTorch) {
  expect_adam("adam", {.lr = 0.05});
  expect_adam("adam_betas", {.lr = 0.05, .beta1 = 0.5, .beta2 = 0.9, .eps = 1e-3});
  expect_adam("adam_decay", {.lr = 0.05, .weight_decay = 0.1, .decoupled = false});
  expect_adam("adamw", {.lr = 0.05, .weight_decay = 0.1});
  expect_adam("adamw_matrices", {.lr = 0.05, .weight_decay = 0.1, .decays = optim::matrices_only});
  expect_adam("accumulate", {.lr = 0.05}, 4);
}
TEST(Sgd, RefusesWhatMakesTrainingUseless) {
  const auto refuse = [](const optim::SgdOptions& o, const std::vector<std::string>& parts) {
    Layer layer = small_layer();
    expect_error<ConfigError>([&] { optim::BasicSgd<double> sgd(layer, o); }, parts);
    optim::BasicSgd<double> another(layer);  // the parameters are still free
  };
  for (double lr : {-1e-9, not_a_number, infinity}) refuse({.lr = lr}, {"Sgd: lr", "from 0", shown(lr)});
  for (double m : {-0.1, 1.0, not_a_number}) refuse({.momentum = m}, {"Sgd: momentum", "below 1", shown(m)});
  refuse({.nesterov = true}, {"Sgd: nesterov", "momentum"});
  refuse({.momentum = 0.9, .dampening = 0.1, .nesterov = true}, {"Sgd: nesterov", "dampening 0", shown(0.1)});
  refuse({.weight_decay = -1}, {"Sgd: weight_decay", "-1"});
}
TEST(Adam, RefusesWhatMakesTrainingUseless) {
  const auto refuse = [](const optim::AdamOptions& o, const std::vector<std::string>& parts) {
    Layer layer = small_layer();
    expect_error<ConfigError>([&] { optim::BasicAdam<double> adam(layer, o); }, parts);
  };
  for (double x : {-1e-9, not_a_number, infinity}) {
    refuse({.lr = x}, {"Adam: lr", "from 0", shown(x)});
    refuse({.eps = x}, {"Adam: eps", "from 0", shown(x)});
    refuse({.weight_decay = x}, {"Adam: weight_decay", "from 0", shown(x)});
  }
  for (double beta : {-0.1, 1.0, not_a_number}) {
    refuse({.beta1 = beta}, {"Adam: beta1", "below 1", shown(beta)});
    refuse({.beta2 = beta}, {"Adam: beta2", "below 1", shown(beta)});
  }
}
TEST(Optimizer, ReportsTheNormBeforeClipping) {
  Layer layer = small_layer();
  optim::BasicSgd<double> sgd(layer, {.lr = 0.1});
  sgd.measure_norm = true;
  Tape tape;
  const auto info = sgd.step(loss(layer));
  Layer same = small_layer();
  double square = 0;
  Tape other;
  for (const auto& g : grad(loss(same), std::vector<Doubles>{same.w, same.b}))
    for (double v : g.values()) square += v * v;
  EXPECT_NEAR(info.gradient_norm, std::sqrt(square), 1e-12);
}
TEST(Optimizer, NamesTheParameterWithoutInfluence) {
  TwoLayers model;
  optim::BasicAdam<double> adam(model);
  Tape tape;
  expect_error<Error>([&] { adam.step(loss(model.used)); }, {"unused.weight"});
}
TEST(Optimizer, RefusesAParameterThatAnotherOneHas) {
  Layer layer = small_layer();
  optim::BasicAdam<double> first(layer);
  expect_error<Error>([&] { optim::BasicAdam<double> second(layer); }, {"'weight'", "another optimizer"});
}
TEST(Optimizer, LeavesItsParametersToTheNextOne) {
  Layer layer = small_layer(), same = small_layer();
  for (Layer* one : {&layer, &same}) {
    optim::BasicAdam<double> adam(*one, {.lr = 0.05});
    train(*one, adam);
  }
  const auto trained = layer.w.to_vector();
  EXPECT_EQ(trained, same.w.to_vector());
  optim::BasicSgd<double> sgd(layer, {.lr = 0.1});
  EXPECT_EQ(layer.w.to_vector(), trained);
  train(layer, sgd);
  EXPECT_NE(layer.w.to_vector(), trained);
  EXPECT_EQ(same.w.to_vector(), trained);
}
TEST(Optimizer, StateCanBeCarriedOver) {
  Layer a = small_layer(), b = small_layer();
  optim::BasicAdam<double> one(a, {.lr = 0.05}), two(b, {.lr = 0.05});
  train(a, one);
  b.w.assign(a.w), b.b.assign(a.b);
  std::vector<Doubles> state;
  one.visit_state([&](const std::string&, Doubles x) { state.push_back(x); });
  std::size_t k = 0;
  two.visit_state([&](const std::string&, Doubles x) {
    std::copy_n(state[k].data(), x.size(), x.mutable_data());
    ++k;
  });
  two.set_steps(one.steps());
  train(a, one), train(b, two);
  EXPECT_EQ(a.w.to_vector(), b.w.to_vector());
}
TEST(Schedule, IsThatOfPyTorch) {
  using Course = optim::Schedule::Course;
  expect_schedule("cosine", {.course = Course::cosine, .total = 12, .floor = 0.1});
  expect_schedule("step", {.course = Course::step, .every = 5, .gamma = 0.3});
  expect_schedule("linear", {.course = Course::linear, .total = 12, .floor = 0.2});
  expect_schedule("warmup_cosine", {.course = Course::cosine, .warmup = 4, .total = 12});
}
TEST(Schedule, RefusesACourseWithoutItsLength) {
  using Course = optim::Schedule::Course;
  for (const auto course : {Course::linear, Course::cosine})
    expect_error<ConfigError>([&] { optim::Schedule{.course = course}(0); }, {"Schedule: total", "found 0"});
  expect_error<ConfigError>([] { optim::Schedule{.course = Course::linear, .total = -3}(0); }, {"total", "-3"});
  expect_error<ConfigError>([] { optim::Schedule{.course = Course::step}(0); }, {"Schedule: every", "found 0"});
  expect_error<ConfigError>([] { optim::Schedule{}(-1); }, {"Schedule", "step from 0", "-1"});
  EXPECT_EQ(optim::Schedule{}(1000), 1);
}
TEST(Ema, FollowsTheWeights) {
  Layer layer = small_layer();
  optim::Ema<Layer> ema(layer, 0.9);
  const auto start = layer.w.to_vector();
  layer.w.assign(layer.w + 1.0);
  ema.update(layer);
  ema.update(layer);
  for (std::size_t i = 0; i < start.size(); ++i) EXPECT_NEAR(ema.average.w.data()[i], start[i] + 1 - 0.81, 1e-14);
}
