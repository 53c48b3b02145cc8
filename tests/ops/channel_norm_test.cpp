// Normalisation of channels: gradients at order 1 and 2, fused passes against their definitions, errors.
#include "expect_grad.hpp"
#include "support/expect_error.hpp"

using namespace atelier;

namespace {
/// f(x, w, b) over images of one channel, fewer than a vector, odd, several vectors and chunks.
template <class F> void expect_grad_norm(const F& f, const std::vector<Shape>& shapes, double tolerance = 1e-9) {
  for (const Shape& s : shapes)
    expect_grad([&](const auto& x) { return f(x[0], x[1], x[2]); }, {s, {s[-1]}, {s[-1]}}, {}, tolerance);
}
const std::vector<Shape> images = {{2, 3, 2, 1}, {2, 4, 3, 3}, {3, 2, 3, 19}, {1, 3, 5, 16}, {2, 2, 2, 300}};
const std::vector<Activation> fused = {Activation::none, Activation::relu, Activation::leaky_relu, Activation::tanh};

/// The largest difference between a fused operation and its definition, in value and gradients.
template <class F>
void expect_definition(const F& f, const detail::NormPlan& plan, const NormOptions& o, const Shape& s) {
  const auto in = draw({s, {s[-1]}, {s[-1]}, s}, {-1, 1}, 3);
  const auto gradients = [&](const auto& g) {
    Tape tape;
    const auto y = g(in[0], in[1], in[2]);
    auto d = vjp(y, in[3], {in[0], in[1], in[2]});
    d.push_back(y);
    return d;
  };
  const auto found = gradients(f);
  const auto want =
      gradients([&](const auto& x, const auto& w, const auto& b) { return detail::norm_definition(x, w, b, plan, o); });
  for (std::size_t k = 0; k < found.size(); ++k)
    EXPECT_LE(max(abs(found[k] - want[k])).item(), 1e-10) << s.str() << " part " << k;
}
}  // namespace

TEST(Ops, BatchNorm) {
  for (Activation a : fused)
    expect_grad_norm(
        [&](const auto& x, const auto& w, const auto& b) { return batch_norm(x, w, b, {.activation = a}); }, images);
  expect_grad_norm([](const auto& x, const auto& w, const auto& b) { return batch_norm(x, w, b); }, {{7, 5}, {40, 33}});
  expect_grad_norm(
      [](const auto& x, const auto& w, const auto& b) { return batch_norm(x, w, b, {.activation = Activation::gelu}); },
      {{7, 5}});
}
TEST(Ops, BatchNormBy) {
  for (Activation a : fused)
    expect_grad_norm(
        [&](const auto& x, const auto& w, const auto& b) {
          using B = std::remove_cvref_t<decltype(x)>;
          const B mean(w.shape(), typename B::scalar(0.3)), variance(w.shape(), typename B::scalar(1.7));
          return batch_norm_by(x, w, b, mean, variance, {.activation = a});
        },
        images);
}
TEST(Ops, GroupNorm) {
  for (Activation a : fused)
    for (Index groups : {1, 3})
      expect_grad_norm(
          [&](const auto& x, const auto& w, const auto& b) { return group_norm(x, groups, w, b, {.activation = a}); },
          {{2, 2, 3, 3}, {3, 2, 2, 21}, {1, 3, 2, 300}, {4, 6}, {0, 2, 2, 3}});
}
TEST(Ops, InstanceNorm) {
  for (Activation a : fused)
    expect_grad_norm(
        [&](const auto& x, const auto& w, const auto& b) { return instance_norm(x, w, b, {.activation = a}); },
        {{2, 3, 2, 1}, {2, 4, 3, 3}, {3, 2, 5, 19}, {0, 2, 2, 3}, {2, 5, 4}});
}

TEST(ChannelNorm, FusedPassesAreTheirDefinitionsOverManyBlocks) {
  const NormOptions leaky{.eps = 1e-3, .activation = Activation::leaky_relu, .slope = -0.3};
  for (const Shape& s : {Shape{3, 53, 50, 5}, Shape{2, 40, 41, 67}, Shape{2, 9, 70, 261}, Shape{3, 1, 700, 1}}) {
    expect_definition([&](const auto& x, const auto& w, const auto& b) { return batch_norm(x, w, b, leaky); },
                      detail::whole_batch(s), leaky, s);
    expect_definition([&](const auto& x, const auto& w, const auto& b) { return instance_norm(x, w, b, leaky); },
                      detail::each_image(s, s[-1]), leaky, s);
    expect_definition([&](const auto& x, const auto& w, const auto& b) { return group_norm(x, 1, w, b, leaky); },
                      detail::each_image(s, 1), leaky, s);
  }
}
TEST(ChannelNorm, AMeanFarFromZeroDoesNotHurt) {
  Rng rng(1);
  const auto x = normal({64, 9, 9, 20}, rng);
  const Tensor w({20}, 1.0f), b({20}, 0.0f);
  const auto near = batch_norm(x, w, b), far = batch_norm(x + 4096, w, b);
  EXPECT_LE(max(abs(near - far)).item(), 1e-3);  // x + 4096 keeps 2^-12 of x
  auto outlier = copy(x);
  outlier.mutable_data()[0] = 1e4f;  // of the first row, which a shifted sum would take for the mean
  BatchMoments<float> moments;
  batch_norm(outlier, w, b, {}, &moments);
  const auto exact = variance(cast<double>(outlier), {0, 1, 2}), mean_exact = mean(cast<double>(outlier), {0, 1, 2});
  for (Index c = 0; c < 20; ++c) {
    EXPECT_NEAR(moments.variance.data()[c], exact.data()[c], 1e-6 * exact.data()[c]);
    EXPECT_NEAR(moments.mean.data()[c], mean_exact.data()[c], 1e-6 * std::sqrt(exact.data()[c]));
  }
}
TEST(ChannelNorm, MomentsAreThoseOfTheBatch) {
  const auto x = draw({{3, 4, 5, 7}}, {-1, 3}, 5)[0];
  const BasicTensor<double> w({7}, 1.0), b({7}, 0.0);
  BatchMoments<double> moments;
  batch_norm(x, w, b, {}, &moments);
  EXPECT_EQ(moments.count, 60);
  EXPECT_LE(max(abs(moments.mean - mean(x, {0, 1, 2}))).item(), 1e-15);
  EXPECT_LE(max(abs(moments.variance - variance(x, {0, 1, 2}))).item(), 1e-14);
}
TEST(ChannelNorm, EpsAndSlopeCount) {
  const Tensor x({2, 1}, {-1, 1}), w({1}, 1.0f), b({1}, 0.0f);
  EXPECT_FLOAT_EQ(batch_norm(x, w, b, {.eps = 3}).data()[1], 0.5f);
  EXPECT_FLOAT_EQ(batch_norm(x, w, b, {.eps = 3, .activation = Activation::leaky_relu, .slope = 0.5}).data()[0],
                  -0.25f);
}
TEST(ChannelNorm, GivenMomentsMayMoveBeforeTheSweep) {
  nn::Buffer mean(Shape{2}), variance(Shape{2});
  nn::fill_constant(variance, 1);
  const Tensor x({3, 2}, {1, 2, 3, 4, 5, 6}), w({2}, 2.0f), b({2}, 0.0f);
  Tape tape;
  const auto y = batch_norm_by(x, w, b, mean, variance, {.eps = 0});
  nn::fill_constant(variance, 100), nn::fill_constant(mean, 5);
  const auto [dx, dw] = grad(y, {x, w});
  EXPECT_EQ(dx.to_vector(), std::vector<float>(6, 2.0f));
  EXPECT_EQ(dw.to_vector(), (std::vector<float>{9, 12}));
}
TEST(ChannelNorm, AreTheSameBitsForAnyNumberOfThreads) {
  Rng rng(1);
  const auto x = normal({5, 41, 40, 24}, rng), w = normal({24}, rng), b = normal({24}, rng);
  const auto run = [&](int threads) {
    const ThreadScope scope(threads);
    Tape tape;
    const auto loss = sum(square(batch_norm(x, w, b, {.activation = Activation::relu}))) +
                      sum(square(group_norm(x, 4, w, b))) + sum(square(instance_norm(x, w, b)));
    std::vector<float> all;
    for (const auto& g : grad(loss, {x, w, b})) all.insert(all.end(), g.values().begin(), g.values().end());
    return all;
  };
  const auto one = run(1);
  EXPECT_EQ(one, run(2));
  EXPECT_EQ(one, run(3));
}
TEST(ChannelNorm, Errors) {
  const Tensor x({2, 3, 3, 4}, 0.0f), one({1, 1, 1, 4}, 0.0f), w({4}, 1.0f), other({3}, 1.0f);
  expect_error<Error>([&] { batch_norm(x, other, w); }, {"batch_norm", "[2, 3, 3, 4], [3], [4]"});
  expect_error<Error>([&] { batch_norm(one, w, w); }, {"batch_norm", "several numbers", "[1, 1, 1, 4]"});
  expect_error<Error>([&] { batch_norm(w, w, w); }, {"batch_norm", "[B, C]", "[4], [4], [4]"});
  expect_error<Error>([&] { batch_norm_by(x, w, w, other, w); }, {"batch_norm_by", "moments [4]", "[3] and [4]"});
  expect_error<Error>([&] { group_norm(x, 3, w, w); }, {"group_norm", "[2, 3, 3, 4] and 3 groups"});
  expect_error<Error>([&] { group_norm(x, 0, w, w); }, {"group_norm", "0 groups"});
  expect_error<Error>([&] { instance_norm(one, w, w); }, {"instance_norm", "[1, 1, 1, 4]"});
}

TEST(LayerNorm, FusedPassIsItsDefinitionOverManyBlocks) {
  for (const Shape& s : {Shape{3000, 9}, Shape{2, 5, 4500}, Shape{1, 1}, Shape{130, 384}, Shape{0, 7}}) {
    const auto in = draw({s, {s[-1]}, {s[-1]}, s}, {-1, 1}, 3);
    const auto gradients = [&](const auto& f) {
      Tape tape;
      return vjp(f(in[0], in[1], in[2]), in[3], {in[0], in[1], in[2]});
    };
    const auto found = gradients([](const auto&... xwb) { return layer_norm(xwb..., 1e-3); });
    const auto want = gradients([](const auto&... xwb) { return detail::layer_norm_definition(xwb..., 1e-3); });
    for (std::size_t k = 0; k < found.size(); ++k)
      EXPECT_LE(sum(abs(found[k] - want[k])).item(), 1e-10 * static_cast<double>(s.size() + 1)) << s.str() << " " << k;
  }
}
TEST(LayerNorm, IsTheSameBitsForAnyNumberOfThreads) {
  Rng rng(1);
  const auto x = normal({700, 96}, rng), w = normal({96}, rng), b = normal({96}, rng);
  const auto run = [&](int threads) {
    const ThreadScope scope(threads);
    Tape tape;
    std::vector<float> all;
    for (const auto& g : grad(square(layer_norm(x, w, b)), {x, w, b}))
      all.insert(all.end(), g.values().begin(), g.values().end());
    return all;
  };
  const auto one = run(1);
  EXPECT_EQ(one, run(2));
  EXPECT_EQ(one, run(3));
}

TEST(Ops, SpectralNorm) {
  for (int dim : {0, 1, -1})
    expect_grad(
        [&](const auto& x) {
          using B = std::remove_cvref_t<decltype(x[0])>;
          const Index n = x[0].size(dim);
          const B u(Shape{n}, typename B::scalar(0.4)), v(Shape{x[0].size() / n}, typename B::scalar(0.3));
          return spectral_norm(x[0] + 1, u, v, dim);
        },
        {{4, 3, 5}});
  const Tensor w({4, 3}, 1.0f), u({4}, 1.0f);
  expect_error<Error>([&] { spectral_norm(w, u, u); }, {"spectral_norm", "u [4] and v [3]", "[4, 3]", "[4] and [4]"});
  expect_error<Error>([&] { spectral_norm(Tensor(Shape{}, 1.0f), u, u); }, {"spectral_norm", "scalar"});
}

TEST(Ops, DropoutChannels) {
  for (double p : {0.0, 0.4, 1.0})
    expect_grad(
        [p](const auto& x) {
          Rng rng(5);
          return dropout_channels(x[0] * x[0], p, rng);
        },
        {{3, 2, 5, 19}});
  Rng rng(5);
  const auto y = dropout_channels(Tensor({40, 3, 2, 25}, 1.0f), 0.25, rng);
  const auto low = min(y, {1, 2}), high = max(y, {1, 2});
  EXPECT_EQ(low.to_vector(), high.to_vector());  // whole channels
  EXPECT_NEAR(sum(low == Tensor({}, 0.0f)).item(), 250, 5 * std::sqrt(1000 * 0.25 * 0.75));
  EXPECT_EQ(max(y).item(), 1 / 0.75f);
  expect_error<Error>([&] { dropout_channels(Tensor({3}, 1.0f), 0.5, rng); }, {"dropout_channels", "[3]"});
  expect_error<Error>([&] { dropout_channels(y, 1.5, rng); }, {"1.5"});
}
