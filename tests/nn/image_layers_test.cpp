// Layers of convolutional networks besides the convolution: normalisations, spectral normalisation, dropout.
#include <gtest/gtest.h>

#include <set>

#include "atelier/nn/nn.hpp"
#include "atelier/ops/ops.hpp"
#include "atelier/optim/adam.hpp"
#include "atelier/optim/ema.hpp"
#include "support/expect_error.hpp"

using namespace atelier;
using nn::Mode;

namespace {

std::vector<std::string> names_of(const auto& module) {
  std::vector<std::string> names;
  nn::visit_all(module, [&](const std::string& name, const auto&) { names.push_back(name); });
  return names;
}
template <class M> M made(M module) {
  nn::init(module, Rng(1));
  return module;
}
Tensor drawn(const Shape& shape, std::uint64_t seed = 1) {
  Rng rng(seed);
  return 3 * normal(shape, rng) + 2;
}
double distance(const Tensor& a, const Tensor& b) { return max(abs(a - b)).item(); }
struct BatchNormStack {
  std::vector<nn::BatchNorm1d> layers;
  static void visit(auto& m, auto&& f) { f("layers", m.layers); }
};

}  // namespace

TEST(BatchNorm, PartsAreNamedAsInPyTorch) {
  const nn::BatchNorm2d all{4}, plain{.channels = 4, .affine = false}, untracked{.channels = 4, .track = false};
  EXPECT_EQ(names_of(all),
            (std::vector<std::string>{"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}));
  EXPECT_EQ(names_of(plain), (std::vector<std::string>{"running_mean", "running_var", "num_batches_tracked"}));
  EXPECT_EQ(names_of(untracked), (std::vector<std::string>{"weight", "bias"}));
  EXPECT_EQ(nn::count_params(all), 8);
}
TEST(BatchNorm, TrainingMovesTheStatisticsAndUseDoesNot) {
  const auto layer = made(nn::BatchNorm2d{.channels = 3, .momentum = 0.5});
  const auto x = drawn({4, 5, 5, 3});
  const auto before = layer(x, Mode::eval);
  EXPECT_LE(distance(before, x), 1e-4);  // mean 0, variance 1 at first
  EXPECT_EQ(layer.batches.item(), 0);
  const auto y = layer(x, Mode::train);
  EXPECT_LE(distance(mean(y, {0, 1, 2}), Tensor({3}, 0.0f)), 1e-5);
  EXPECT_EQ(layer.batches.item(), 1);
  const Tensor m = mean(x, {0, 1, 2}), v = variance(x, {0, 1, 2}, true);
  EXPECT_LE(distance(layer.running_mean, 0.5 * m), 1e-5);
  EXPECT_LE(distance(layer.running_var, 0.5 * v + 0.5), 1e-5);
  const auto seen = layer.running_mean.to_vector();
  layer(x, Mode::eval);
  EXPECT_EQ(layer.running_mean.to_vector(), seen);
}
TEST(BatchNorm, FrozenStatisticsStay) {
  auto layer = made(nn::BatchNorm2d{3});
  layer.frozen = true;
  const auto y = layer(drawn({4, 5, 5, 3}), Mode::train);
  EXPECT_LE(std::abs(mean(y).item()), 1e-5);
  EXPECT_EQ(layer.batches.item(), 0);
  EXPECT_EQ(layer.running_mean.to_vector(), std::vector<float>(3, 0));
}
TEST(BatchNorm, WithoutMomentumTheyAreTheMeanOverBatches) {
  auto layer = made(nn::BatchNorm1d{.channels = 2, .momentum = {}});
  const auto a = drawn({6, 2}, 1), b = drawn({6, 2}, 2);
  layer(a, Mode::train), layer(b, Mode::train);
  EXPECT_LE(distance(layer.running_mean, 0.5 * (mean(a, {0}) + mean(b, {0}))), 1e-5);
  layer.forget();
  EXPECT_EQ(layer.running_var.to_vector(), std::vector<float>(2, 1));
}
TEST(BatchNorm, StatisticsAreGatheredAnew) {
  BatchNormStack net{
      {made(nn::BatchNorm1d{2}), made(nn::BatchNorm1d{.channels = 2, .momentum = 0.5}), made(nn::BatchNorm1d{2})}};
  net.layers[2].frozen = true;
  const std::vector<Tensor> data = {drawn({6, 2}, 1), drawn({6, 2}, 2)};
  const auto pass = [&](Index k) {
    auto x = data[static_cast<std::size_t>(k)];
    for (const auto& layer : net.layers) x = layer(x, Mode::train);
  };
  pass(0);  // what was gathered before is forgotten
  nn::gather_statistics(net, 2, pass);
  EXPECT_LE(distance(net.layers[0].running_mean, 0.5 * (mean(data[0], {0}) + mean(data[1], {0}))), 1e-5);
  EXPECT_LE(distance(net.layers[0].running_var, 0.5 * (variance(data[0], {0}, true) + variance(data[1], {0}, true))),
            1e-4);
  EXPECT_EQ(net.layers[1].batches.item(), 2);
  EXPECT_LE(distance(net.layers[1].running_mean, Tensor({2}, 0.0f)), 1e-5);
  EXPECT_EQ(net.layers[2].batches.item(), 0);
  EXPECT_EQ(*net.layers[0].momentum, 0.1);
  EXPECT_EQ(*net.layers[1].momentum, 0.5);
}
TEST(BatchNorm, WithoutLayersThatGatherThereIsNoPass) {
  nn::BatchNorm2d untracked{.channels = 3, .track = false};
  nn::gather_statistics(untracked, 2, [](Index) { ADD_FAILURE() << "a pass for nothing"; });
  nn::Linear linear{.in = 2, .out = 2};
  nn::gather_statistics(linear, 2, [](Index) { ADD_FAILURE() << "a pass for nothing"; });
  expect_error<Error>([&] { nn::gather_statistics(linear, 0, [](Index) {}); }, {"gather_statistics", "found 0"});
}
TEST(BatchNorm, WithoutTrackingUseTakesTheBatch) {
  const auto layer = made(nn::BatchNorm2d{.channels = 3, .track = false});
  const auto x = drawn({4, 5, 5, 3});
  EXPECT_EQ(layer(x, Mode::eval).to_vector(), layer(x, Mode::train).to_vector());
}
TEST(BatchNorm, ActivationAndSlopeAreApplied) {
  const auto layer = made(nn::BatchNorm2d{3});
  const auto x = drawn({4, 5, 5, 3});
  for (Mode mode : {Mode::train, Mode::eval}) {
    const auto y = made(nn::BatchNorm2d{3})(x, mode);
    EXPECT_LE(distance(made(nn::BatchNorm2d{3})(x, mode, Activation::leaky_relu, 0.3), leaky_relu(y, 0.3f)), 1e-6);
    EXPECT_LE(distance(made(nn::BatchNorm2d{3})(x, mode, Activation::tanh), tanh(y)), 1e-6);
  }
}
TEST(BatchNorm, TakesItsOwnShapesOnly) {
  const auto images = made(nn::BatchNorm2d{3});
  const auto rows = made(nn::BatchNorm1d{3});
  EXPECT_EQ(rows(drawn({4, 3}), Mode::train).shape(), (Shape{4, 3}));
  EXPECT_EQ(rows(drawn({4, 5, 3}), Mode::eval).shape(), (Shape{4, 5, 3}));
  expect_error<Error>([&] { images(drawn({4, 3}), Mode::train); }, {"BatchNorm2d", "[B, H, W, C]", "[4, 3]"});
  expect_error<Error>([&] { rows(drawn({4, 2, 2, 3}), Mode::eval); }, {"BatchNorm1d", "[B, C]", "[4, 2, 2, 3]"});
  expect_error<Error>([&] { images(drawn({4, 2, 2, 5}), Mode::eval); }, {"BatchNorm2d", "3 channels", "[4, 2, 2, 5]"});
}
TEST(BatchNorm, CopiesAndAveragesTakeTheStatisticsAlong) {
  const auto layer = made(nn::BatchNorm2d{3});
  optim::Ema ema(layer);
  layer(drawn({4, 5, 5, 3}), Mode::train);
  const nn::BatchNorm2d copy = layer;
  EXPECT_EQ(copy.running_mean.to_vector(), layer.running_mean.to_vector());
  EXPECT_NE(copy.running_mean.identity(), layer.running_mean.identity());
  ema.update(layer);
  EXPECT_EQ(ema.average.running_var.to_vector(), layer.running_var.to_vector());
  EXPECT_EQ(ema.average.batches.item(), 1);
}
TEST(BatchNorm, ATapeGoesOnAfterTheStatisticsHaveMoved) {
  const auto layer = made(nn::BatchNorm2d{3});
  const auto x = drawn({2, 3, 3, 3});
  Tape tape;
  const auto y = sum(square(layer(x, Mode::eval)));
  layer(x, Mode::train);
  EXPECT_NO_THROW(grad(y, {x, layer.w}));
}

TEST(Layers, GroupNormAndInstanceNorm) {
  const auto groups = made(nn::GroupNorm{2, 6});
  const auto images = made(nn::InstanceNorm2d{.channels = 6, .affine = true});
  const nn::InstanceNorm2d plain{6};
  EXPECT_EQ(names_of(groups), (std::vector<std::string>{"weight", "bias"}));
  EXPECT_EQ(names_of(nn::GroupNorm{.groups = 2, .channels = 6, .affine = false}), std::vector<std::string>{});
  EXPECT_EQ(names_of(plain), std::vector<std::string>{});
  const auto x = drawn({3, 4, 4, 6});
  const auto by_group = reshape(groups(x), Shape{3, 16, 2, 3});
  EXPECT_LE(distance(mean(by_group, {1, 3}), Tensor({3, 2}, 0.0f)), 1e-5);
  EXPECT_LE(distance(variance(by_group, {1, 3}), Tensor({3, 2}, 1.0f)), 1e-4);
  EXPECT_LE(distance(variance(images(x), {1, 2}), Tensor({3, 6}, 1.0f)), 1e-4);
  EXPECT_EQ(images(x).to_vector(), plain(x).to_vector());
  EXPECT_LE(distance(plain(x, Activation::relu), relu(plain(x))), 1e-6);
  EXPECT_LE(distance(groups(x, Activation::leaky_relu, 0.1), leaky_relu(groups(x), 0.1f)), 1e-6);
  const auto blunt = nn::InstanceNorm2d{.channels = 6, .eps = 1e6};
  EXPECT_LE(max(abs(blunt(x))).item(), 0.1);
  expect_error<Error>([&] { plain(drawn({4, 6})); }, {"InstanceNorm2d", "[4, 6]"});
}

TEST(Layers, Dropout2dTakesWholeChannels) {
  const nn::Dropout2d layer{0.5};
  const Tensor x({20, 3, 3, 10}, 1.0f);
  Rng rng(1);
  EXPECT_EQ(layer(x, nullptr).to_vector(), x.to_vector());
  const auto y = layer(x, &rng);
  const auto values = y.to_vector();
  EXPECT_EQ(std::set<float>(values.begin(), values.end()), (std::set<float>{0, 2}));
  EXPECT_EQ(min(y, {1, 2}).to_vector(), max(y, {1, 2}).to_vector());
  expect_error<Error>([&] { layer(drawn({4, 6}), &rng); }, {"Dropout2d", "[4, 6]"});
}

TEST(SpectralNorm, TheLargestSingularValueBecomesOne) {
  for (const auto& [shape, dim] :
       {std::pair{Shape{8, 6}, 0}, std::pair{Shape{5, 3, 3, 4}, 0}, std::pair{Shape{5, 7, 2, 2}, 1}}) {
    nn::SpectralWeight weight{.shape = shape, .dim = dim};
    Rng rng(3);
    nn::fill_normal(weight.original, 0, 2, rng);
    weight.start(rng);
    for (int k = 0; k < 300; ++k) weight(Mode::train);
    const auto w = detail::as_rows("test", weight(Mode::eval), dim);
    auto x = normal({w.size(1), 1}, rng);
    for (int k = 0; k < 500; ++k) {
      x = matmul(w, matmul(w, x), {.transpose_a = true});
      x = x / std::sqrt(sum(square(x)).item());
    }
    EXPECT_NEAR(sum(square(matmul(w, x))).item(), 1, 1e-4) << shape.str();
  }
}
TEST(SpectralNorm, TrainingMovesTheVectorsAndUseDoesNot) {
  const auto layer = made(nn::SpectralLinear{6, 4});
  const auto x = drawn({3, 6});
  const auto u = layer.w.norm.u.to_vector();
  EXPECT_EQ(layer(x, Mode::eval).to_vector(), layer(x, Mode::eval).to_vector());
  EXPECT_EQ(layer.w.norm.u.to_vector(), u);
  layer(x, Mode::train);
  EXPECT_NE(layer.w.norm.u.to_vector(), u);
  nn::SpectralNorm once{Shape{4, 6}}, thrice{.shape = Shape{4, 6}, .iterations = 3};
  nn::init(once, Rng(1)), nn::init(thrice, Rng(1));
  for (int k = 0; k < 3; ++k) once(layer.w.original, Mode::train);
  thrice(layer.w.original, Mode::train);
  EXPECT_EQ(once.v.to_vector(), thrice.v.to_vector());
}
TEST(SpectralNorm, PartsAreNamedAsInPyTorch) {
  EXPECT_EQ(names_of(nn::SpectralLinear{6, 4}),
            (std::vector<std::string>{"bias", "parametrizations.weight.original", "parametrizations.weight.0._u",
                                      "parametrizations.weight.0._v"}));
  EXPECT_EQ(nn::count_params(nn::SpectralLinear{.in = 6, .out = 4, .bias = false}), 24);
}
TEST(SpectralNorm, TwoPassesInTrainingCanBothBeSwept) {
  auto layer = made(nn::SpectralLinear{6, 4});
  optim::Adam adam(layer);
  Tape tape;
  const auto loss = sum(square(layer(drawn({3, 6}, 1), Mode::train))) - sum(layer(drawn({3, 6}, 2), Mode::train));
  EXPECT_NO_THROW(adam.step(loss));
}
TEST(SpectralNorm, LeastNormAndErrors) {
  nn::SpectralNorm zero{.shape = Shape{3, 2}, .eps = 0.5};
  nn::init(zero, Rng(1));
  zero.iterate(Tensor({3, 2}, 0.0f), 1);
  EXPECT_EQ(zero.u.to_vector(), std::vector<float>(3, 0));
  expect_error<Error>([&] { zero(Tensor({2, 3}, 0.0f), Mode::train); }, {"SpectralNorm", "[3, 2]", "[2, 3]"});
}
