// Building blocks of Transformers and recurrent networks against PyTorch's values and gradients
// (scripts/golden/transformer_ops.py), in double and in float.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "atelier/atelier.hpp"
#include "support/formula.hpp"

using namespace atelier;

namespace {
template <class T> using Tensors = std::vector<BasicTensor<T>>;
template <class T> using Function = std::function<BasicTensor<T>(const Tensors<T>&)>;

const IndexTensor& ids() {
  static const IndexTensor i({6}, {2, 0, 4, 4, 1, 3});
  return i;
}

template <class T> std::map<std::string, Function<T>> functions() {
  using X = const Tensors<T>&;
  return {
      {"attention", [](X x) { return attention(x[0], x[1], x[2]); }},
      {"attention_causal", [](X x) { return attention(x[0], x[1], x[2], {.causal = true}); }},
      {"attention_lengths",
       [](X x) {
         return attention(x[0], x[1], x[2], {.lengths = IndexTensor({2}, {4, 7})});
       }},
      {"attention_scale", [](X x) { return attention(x[0], x[1], x[2], {.scale = 0.3}); }},
      {"rms_norm", [](X x) { return rms_norm(x[0], x[1], T(1e-5)); }},
      {"add_layer_norm",
       [](X x) {
         const auto y = add_layer_norm(x[0], x[1], x[2], x[3]);
         return y.normed * y.sum;
       }},
      {"swiglu", [](X x) { return swiglu(x[0], x[1]); }},
      {"rotary", [](X x) { return rotary(x[0], rotary_table<T>(5, 8)); }},
      {"embedding",
       [](X x) {
         return embedding(x[0], ids().view(Shape{2, 3}));
       }},
      {"cross_entropy_smooth", [](X x) { return cross_entropy(x[0], ids(), {.label_smoothing = 0.2, .ignore = 4}); }},
      {"linear_cross_entropy",
       [](X x) { return linear_cross_entropy(x[0], x[1], x[2], ids(), {.label_smoothing = 0.1, .ignore = 4}); }},
  };
}

const nlohmann::json& golden() {
  static const auto all = [] {
    std::ifstream file(ATELIER_TEST_DIR "/golden/transformer_ops.json");
    return nlohmann::json::parse(file);
  }();
  return all;
}
Shape shape_of(const nlohmann::json& sizes) {
  Shape shape;
  for (Index n : sizes) shape.push_back(n);
  return shape;
}
template <class T> void expect_near(const BasicTensor<T>& y, const nlohmann::json& want, double tolerance) {
  ASSERT_EQ(static_cast<std::size_t>(y.size()), want.size());
  for (Index i = 0; i < y.size(); ++i) {
    const double w = want[static_cast<std::size_t>(i)];
    ASSERT_NEAR(y.data()[i], w, tolerance * (1 + std::abs(w))) << "element " << i;
  }
}
/// The value, and gradients of its sum with weights made by formula.
template <class T>
void expect_passes(const BasicTensor<T>& y, const Tensors<T>& x, const nlohmann::json& want, std::uint64_t seed,
                   double tolerance) {
  expect_near(y, want["values"], tolerance);
  const auto d = vjp(y, formula::uniform<T>(seed, y.shape(), -1, 1), x);
  for (std::size_t k = 0; k < x.size(); ++k) {
    SCOPED_TRACE("gradient " + std::to_string(k));
    expect_near(d[k], want["gradients"][k], tolerance);
  }
}

template <class T> void expect_golden(double tolerance) {
  for (const auto& [name, function] : functions<T>()) {
    SCOPED_TRACE(name);
    const auto& want = golden().at(name);
    const std::uint64_t seed = want["seed"];
    Tensors<T> x;
    for (const auto& in : want["inputs"])
      x.push_back(formula::uniform<T>(seed + x.size(), shape_of(in[0]), in[1], in[2]));
    Tape tape;
    expect_passes(function(x), x, want, seed + 10, tolerance);
  }
}

/// Checks the names and shapes of a module's parameters and fills them in PyTorch's order, which is that of visit();
/// returns handles.
template <class T, class M> Tensors<T> fill(M& module, const nlohmann::json& want) {
  Tensors<T> parameters;
  nn::visit_params(module, [&](const std::string& name, auto& p) {
    ASSERT_TRUE(want["parameters"].contains(name)) << name;
    EXPECT_EQ(p.shape(), shape_of(want["parameters"][name])) << name;
  });
  nn::visit_params(module, [&](const std::string&, auto& p) {
    p.assign(formula::uniform<T>(std::uint64_t{want["seed"]} + parameters.size(), p.shape(), -0.5, 0.5));
    parameters.push_back(p);
  });
  EXPECT_EQ(parameters.size(), want["parameters"].size());
  return parameters;
}
template <class T> void expect_lstm(double tolerance) {
  const auto& want = golden().at("lstm");
  const std::uint64_t seed = want["seed"];
  nn::BasicLstm<T> net{.input = 5, .hidden = 6, .layers = 2};
  const auto parameters = fill<T>(net, want);
  const auto make = [&](std::uint64_t k, const Shape& s) { return formula::uniform<T>(seed + 40 + k, s, -1, 1); };
  Tape tape;
  const auto out = net(make(0, {4, 3, 5}), {make(1, {2, 3, 6}), make(2, {2, 3, 6})});
  const auto flat = [](const BasicTensor<T>& x) { return reshape(x, Shape{x.size()}); };
  expect_passes(concat<T>({flat(out.y), flat(out.state.h), flat(out.state.c)}, 0), parameters, want, seed + 49,
                tolerance);
}
template <class T> void expect_adaptive(double tolerance) {
  const auto& want = golden().at("adaptive_softmax");
  const std::uint64_t seed = want["seed"];
  nn::BasicAdaptiveSoftmax<T> net{.in = 16, .classes = 20, .cutoffs = {4, 10}, .div_value = 2, .head_bias = true};
  const auto parameters = fill<T>(net, want);
  const auto x = formula::uniform<T>(seed + 40, {8, 16}, -1, 1);
  Tape tape;
  const auto loss = net.loss(x, IndexTensor({8}, {0, 3, 4, 5, 9, 10, 17, 19}));
  const auto log_prob = net.log_prob(slice(x, 0, 0, 2));
  expect_passes(concat<T>({reshape(loss, Shape{1}), reshape(log_prob, Shape{40})}, 0), parameters, want, seed + 49,
                tolerance);
}
}  // namespace

TEST(TransformerGolden, InDoubleAreThoseOfPyTorch) { expect_golden<double>(1e-12); }
TEST(TransformerGolden, InFloatAreNear) { expect_golden<float>(5e-6); }
TEST(TransformerGolden, LstmIsThatOfPyTorch) {
  expect_lstm<double>(1e-12);
  expect_lstm<float>(5e-6);
}
TEST(TransformerGolden, AdaptiveSoftmaxIsThatOfPyTorch) {
  expect_adaptive<double>(1e-12);
  expect_adaptive<float>(5e-6);
}
