// Image operations and normalisations against PyTorch's values and gradients (scripts/golden/image_ops.py).
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
template <class T> using Table = std::map<std::string, std::function<BasicTensor<T>(const Tensors<T>&)>>;

template <class T> Table<T> images() {
  using X = const Tensors<T>&;
  const PoolOptions odd{.kernel = {3, 2}, .stride = {2, 1}, .padding = {1, 1}};
  const PoolOptions padded{.kernel = 3, .stride = 2, .padding = 1};
  const PoolOptions uncounted{.kernel = 3, .stride = 2, .padding = 1, .count_include_pad = false};
  const PoolOptions dense{.kernel = 3, .stride = 1, .padding = 1};
  const Border some{.top = 2, .left = 3, .right = 1};
  return {
      {"channels_last", [](X x) { return channels_last(x[0]); }},
      {"channels_first", [](X x) { return channels_first(x[0]); }},
      {"pad_zeros", [=](X x) { return pad2d(x[0], some); }},
      {"pad_constant", [=](X x) { return pad2d(x[0], some, PadMode::constant, T(0.7)); }},
      {"pad_reflect",
       [](X x) {
         return pad2d(x[0], {2, 4, 3, 1}, PadMode::reflect);
       }},
      {"pad_replicate",
       [](X x) {
         return pad2d(x[0], {2, 4, 9, 1}, PadMode::replicate);
       }},
      {"pad_circular",
       [](X x) {
         return pad2d(x[0], {2, 5, 7, 1}, PadMode::circular);
       }},
      {"avg_pool", [](X x) { return avg_pool2d(x[0], {.kernel = 2}); }},
      {"avg_pool_padded", [=](X x) { return avg_pool2d(x[0], padded); }},
      {"avg_pool_without_padding", [=](X x) { return avg_pool2d(x[0], uncounted); }},
      {"max_pool", [](X x) { return max_pool2d(x[0], {.kernel = 2}); }},
      {"max_pool_padded", [=](X x) { return max_pool2d(x[0], odd); }},
      {"max_pool_of_equals", [=](X x) { return max_pool2d(x[0], dense); }},
      {"adaptive_avg_pool",
       [](X x) {
         return adaptive_avg_pool2d(x[0], {3, 4});
       }},
      {"adaptive_avg_pool_more",
       [](X x) {
         return adaptive_avg_pool2d(x[0], {7, 3});
       }},
      {"global_avg_pool", [](X x) { return global_avg_pool(x[0]); }},
      {"global_max_pool", [](X x) { return global_max_pool(x[0]); }},
      {"upsample_nearest",
       [](X x) {
         return upsample_nearest(x[0], {2, 3});
       }},
      {"upsample_bilinear", [](X x) { return upsample_bilinear(x[0], 2); }},
      {"upsample_bilinear_odd",
       [](X x) {
         return upsample_bilinear(x[0], {3, 5});
       }},
      {"pixel_shuffle", [](X x) { return pixel_shuffle(x[0], 2); }},
      {"pixel_unshuffle", [](X x) { return pixel_unshuffle(x[0], 3); }},
  };
}
template <class T> Table<T> norms() {
  using X = const Tensors<T>&;
  const auto options = [](Activation a = Activation::none) {
    return NormOptions{.eps = 1e-3, .activation = a, .slope = 0.1};
  };
  const auto train = [=](Activation a) { return [=](X x) { return batch_norm(x[0], x[1], x[2], options(a)); }; };
  const auto eval = [=](Activation a) {
    return [=](X x) { return batch_norm_by(x[0], x[1], x[2], x[3], x[4], options(a)); };
  };
  return {
      {"batch_norm", train(Activation::none)},
      {"batch_norm_rows", train(Activation::none)},
      {"batch_norm_relu", train(Activation::relu)},
      {"batch_norm_leaky", train(Activation::leaky_relu)},
      {"batch_norm_tanh", train(Activation::tanh)},
      {"batch_norm_silu", train(Activation::silu)},
      {"batch_norm_eval", eval(Activation::none)},
      {"batch_norm_eval_leaky", eval(Activation::leaky_relu)},
      {"group_norm", [=](X x) { return group_norm(x[0], 4, x[1], x[2], options()); }},
      {"group_norm_one_relu", [=](X x) { return group_norm(x[0], 1, x[1], x[2], options(Activation::relu)); }},
      {"instance_norm", [=](X x) { return instance_norm(x[0], x[1], x[2], options()); }},
      {"layer_norm", [](X x) { return layer_norm(x[0], x[1], x[2]); }},
  };
}

const nlohmann::json& golden() {
  static const auto all = nlohmann::json::parse(std::ifstream(ATELIER_TEST_DIR "/golden/image_ops.json"));
  return all;
}
Shape shape_of(const nlohmann::json& sizes) {
  Shape shape;
  for (Index n : sizes) shape.push_back(n);
  return shape;
}

template <class T>
void expect_fingerprint(const BasicTensor<T>& x, std::uint64_t seed, const nlohmann::json& want, double tolerance) {
  const auto found = formula::fingerprint(x, seed);
  const double norm = want.at("norm");
  EXPECT_NEAR(found.norm, norm, tolerance * norm);
  for (std::size_t k = 0; k < found.products.size(); ++k)
    ASSERT_NEAR(found.products[k], want.at("products")[k], tolerance * norm) << "product " << k;
}

template <class T> Tensors<T> inputs_of(const std::string& name, const nlohmann::json& golden_case) {
  Tensors<T> x;
  for (const auto& in : golden_case["inputs"])
    x.push_back(formula::uniform<T>(std::uint64_t{golden_case["seed"]} + x.size(), shape_of(in[0]), in[1], in[2]));
  if (name.ends_with("of_equals"))
    for (auto& t : x)
      for (Index i = 0; i < t.size(); ++i) t.mutable_data()[i] = std::nearbyint(t.data()[i]);
  return x;
}

template <class T> void expect_golden(double tolerance) {
  auto table = images<T>();
  table.merge(norms<T>());
  const auto& cases = golden().at("operations");
  EXPECT_EQ(cases.size(), table.size());
  for (const auto& [name, function] : table) {
    SCOPED_TRACE(name);
    const auto& expected = cases.at(name);
    const auto x = inputs_of<T>(name, expected);
    const std::uint64_t seed = expected["seed"];
    Tape tape;
    const auto y = function(x);
    ASSERT_EQ(y.shape(), shape_of(expected["shape"]));
    expect_fingerprint(y, seed, expected["values"], tolerance);
    const auto g = vjp(y, formula::uniform<T>(seed + 9, y.shape(), -1, 1), x, {.allow_unused = true});
    for (std::size_t k = 0; k < expected["gradients"].size(); ++k)
      expect_fingerprint(g[k], seed + 1 + k, expected["gradients"][k], 4 * tolerance);
  }
}

void expect_near(std::span<const double> found, const nlohmann::json& want) {
  ASSERT_EQ(found.size(), want.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    ASSERT_NEAR(found[i], want[i], 1e-12 * (1 + std::abs(found[i]))) << "element " << i;
}

void expect_running_statistics(std::optional<double> momentum, const nlohmann::json& want) {
  nn::BasicBatchNorm2d<double> layer{.channels = 3, .momentum = momentum};
  nn::init(layer, Rng(1));
  for (std::uint64_t k = 0; k < 4; ++k)
    layer(formula::uniform<double>(7000 + k, {2, 5, 7, 3}, -1, 1 + static_cast<double>(k)), nn::Mode::train);
  expect_near(layer.running_mean.values(), want.at("mean"));
  expect_near(layer.running_var.values(), want.at("variance"));
  EXPECT_EQ(layer.batches.item(), want.at("batches"));
  expect_near(layer(formula::uniform<double>(7000, {2, 5, 7, 3}, -1, 1), nn::Mode::eval).values(), want.at("values"));
}

}  // namespace

TEST(GoldenImage, InDoubleValuesAndGradientsAreThoseOfPyTorch) { expect_golden<double>(1e-12); }
TEST(GoldenImage, InFloatTheyAreNear) { expect_golden<float>(3e-6); }

TEST(GoldenImage, RunningStatisticsAreThoseOfPyTorch) {
  expect_running_statistics(0.3, golden()["running"]["momentum"]);
  expect_running_statistics({}, golden()["running"]["mean"]);
}

TEST(GoldenImage, SpectralNormIsThatOfPyTorch) {
  for (int dim : {0, 1}) {
    SCOPED_TRACE(dim);
    const auto& want = golden()["spectral"][static_cast<std::size_t>(dim)];
    const Shape shape{4, 3, 2, 5};
    nn::BasicSpectralWeight<double> weight{.shape = shape, .dim = dim};
    weight.original.assign(formula::uniform<double>(7100, shape, -1, 1));
    const auto unit = [](const BasicTensor<double>& x) { return x / std::sqrt(sum(square(x)).item()); };
    weight.norm.u.assign(unit(formula::uniform<double>(7101, weight.norm.u.shape(), -1, 1)));
    weight.norm.v.assign(unit(formula::uniform<double>(7102, weight.norm.v.shape(), -1, 1)));
    BasicTensor<double> trained;
    for (int k = 0; k < 3; ++k) trained = weight(nn::Mode::train);
    expect_near(trained.values(), want.at("trained"));
    Tape tape;
    const auto y = weight(nn::Mode::eval);
    expect_near(y.values(), want.at("values"));
    expect_near(weight.norm.u.values(), want.at("u"));
    expect_near(weight.norm.v.values(), want.at("v"));
    const auto loss = sum(y * formula::uniform<double>(7103, shape, -1, 1));
    expect_near(grad(loss, weight.original).values(), want.at("gradient"));
  }
}
