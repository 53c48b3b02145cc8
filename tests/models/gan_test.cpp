// The GAN module: objectives, regularisers, networks.
#include <gtest/gtest.h>

#include "atelier/atelier.hpp"
#include "models/gan_game.hpp"
#include "ops/expect_grad.hpp"
#include "support/expect_error.hpp"
#include "support/formula.hpp"

using namespace atelier;
using game::initialised;
using gan::Loss, gan::Penalty;
using Double = BasicTensor<double>;

namespace {

constexpr Loss losses[] = {Loss::non_saturating, Loss::minimax, Loss::lsgan, Loss::hinge, Loss::wasserstein};

gan::BasicMlpDiscriminator<double> small_disc(const gan::Config& c = {.hidden = {7, 5}}) {
  return initialised(gan::BasicMlpDiscriminator<double>(c));
}
}  // namespace

TEST(GanLoss, GradientsAtOrderOneAndTwo) {
  for (const Loss loss : losses) {
    const auto d = [loss](const auto& x) {
      return gan::discriminator_loss(loss, gan::Logits(x[0]), gan::Logits(x[1]));
    };
    const auto g = [loss](const auto& x) { return gan::generator_loss(loss, gan::Logits(x[0])); };
    for (const Shape& s : {Shape{1}, Shape{5, 1}, Shape{2, 3, 3, 1}}) {
      expect_grad(d, {s, s}, {-3, 3});
      expect_grad(g, {s}, {-3, 3});
    }
  }
  const auto smooth = [](const auto& x) {
    return gan::discriminator_loss(Loss::lsgan, gan::Logits(x[0]), gan::Logits(x[1]), 0.2);
  };
  expect_grad(smooth, {{4, 1}, {4, 1}}, {-3, 3});
}

TEST(GanLoss, TheGameIsZeroSumForMinimaxAndTheValueIsByHand) {
  const Double r({2}, {0.3, -1.0}), f({2}, {0.5, 2.0});
  const auto D = [](double v) { return 1 / (1 + std::exp(-v)); };
  const double value = (std::log(D(0.3)) + std::log(D(-1))) / 2 + (std::log(1 - D(0.5)) + std::log(1 - D(2))) / 2;
  EXPECT_NEAR(gan::value_function(gan::Logits(r), gan::Logits(f)).item(), value, 1e-14);
  EXPECT_NEAR(gan::discriminator_loss(Loss::minimax, gan::Logits(r), gan::Logits(f)).item(), -value, 1e-14);
  EXPECT_NEAR(gan::generator_loss(Loss::minimax, gan::Logits(f)).item(),
              (std::log(1 - D(0.5)) + std::log(1 - D(2))) / 2, 1e-14);
}

TEST(GanLoss, ASmoothedTargetIsBestAtItsOwnLogit) {
  const double best = std::log(0.9 / 0.1);
  for (const double off : {-0.5, 0.5}) {
    const auto at = [](double logit) {
      return gan::discriminator_loss(Loss::non_saturating, gan::Logits(Double({1}, logit)),
                                     gan::Logits(Double({1}, 0.0)), 0.1)
          .item();
    };
    EXPECT_LT(at(best), at(best + off));
  }
  expect_error<ConfigError>(
      [] { gan::discriminator_loss(Loss::hinge, gan::Logits(Tensor({1}, 0.f)), gan::Logits(Tensor({1}, 0.f)), 0.1); },
      {"label smoothing", "hinge"});
}

TEST(GanLoss, ConfidentDiscriminatorsGiveFiniteNumbers) {
  for (const Loss loss : losses)
    for (const float logit : {-1e4f, 1e4f}) {
      const Tensor x({2}, logit);
      Tape tape;
      const auto total =
          gan::discriminator_loss(loss, gan::Logits(x), gan::Logits(x)) + gan::generator_loss(loss, gan::Logits(x));
      EXPECT_TRUE(std::isfinite(total.item()) && std::isfinite(sum(grad(total, x)).item())) << gan::name(loss);
    }
}

// A probability cannot be given where logits are expected, and logits cannot be squashed twice.
static_assert(!std::is_convertible_v<Tensor, gan::Logits<float>>);
static_assert(!std::is_same_v<decltype(gan::probability(std::declval<gan::Logits<float>>())), gan::Logits<float>>);
template <class X>
concept Squashable = requires(const X& x) {
  sigmoid(x);
};
static_assert(Squashable<Tensor> && !Squashable<gan::Logits<float>>);

TEST(GanPenalty, GradientsAtOrderOneAndTwo) {
  // of the discriminator's own weights, by differences: a penalty is itself a derivative, so this is order 2 of the net
  for (const auto penalty : {Penalty::wgan_gp, Penalty::r1}) {
    auto disc = small_disc();
    const auto x = formula::uniform<double>(3, {6, 2}, -1, 1);
    const auto value = [&](const Double& w) {
      auto moved = disc;
      {
        Tape::Pause pause;
        moved.hidden[0].w.assign(w);
      }
      Tape tape;
      const auto see = [&](const Double& v) { return moved(v, nn::Mode::train); };
      return (penalty == Penalty::r1 ? gan::r1(see(x), x) : gan::wgan_gp(see, x)).item();
    };
    Double g;
    {
      Tape tape;
      const auto see = [&](const Double& v) { return disc(v, nn::Mode::train); };
      g = grad(penalty == Penalty::r1 ? gan::r1(see(x), x) : gan::wgan_gp(see, x), disc.hidden[0].w);
    }
    const auto u = formula::uniform<double>(8, g.shape(), -1, 1), w = copy<double>(disc.hidden[0].w);
    const double slope = (value(w + 1e-6 * u) - value(w - 1e-6 * u)) / 2e-6;
    EXPECT_NEAR(sum(g * u).item(), slope, 1e-7 * (1 + std::abs(slope))) << gan::name(penalty);
  }
  // as functions of the points, through a smooth discriminator
  const auto w = formula::uniform<double>(9, {3, 2}, -1, 1);
  const auto see = [&](const auto& v) {
    return gan::Logits(sum(tanh(matmul(v, w, {.transpose_b = true})), {1}, true));
  };
  const std::vector<Double> x{formula::uniform<double>(4, {5, 2}, -1, 1)};
  const auto first = check_gradients_by_differences([&](const auto& v) { return gan::Logits(see(v[0])).values; }, x);
  EXPECT_LE(first.order2, 1e-7);
}

TEST(GanPenalty, FlatDiscriminatorsGiveOneAndNoGradient) {
  auto disc = small_disc();
  nn::fill_constant(disc.output.w, 0);
  const auto x = formula::uniform<double>(3, {4, 2});
  Tape tape;
  const auto p = gan::wgan_gp([&](const Double& v) { return disc(v, nn::Mode::train); }, x);
  EXPECT_EQ(p.item(), 1);
  const auto g = grad(p, disc.output.w);
  for (const double v : g.values()) EXPECT_EQ(v, 0);
}

TEST(GanPenalty, APackIsOneInput) {
  const auto see = [](const Double& v) { return gan::Logits(sum(gan::pack(v, 2) * 3.0, {1}, true)); };
  const auto x = formula::uniform<double>(3, {6, 2});
  Tape tape;
  EXPECT_NEAR(gan::r1(see(x), x).item(), 4 * 9, 1e-12);  // four numbers with slope 3
  EXPECT_NEAR(gan::wgan_gp(see, x).item(), 25, 1e-12);   // length 6
}

TEST(GanPenalty, InterpolationTakesOneShareForEachJudgement) {
  const Double real({4, 1}, {0, 0, 0, 0}), fake({4, 1}, {1, 1, 1, 1});
  EXPECT_EQ(gan::interpolate(real, fake, Double({2, 1}, {0.25, 0.5})).to_vector(),
            (std::vector<double>{0.25, 0.25, 0.5, 0.5}));
  expect_error<Error>([&] { gan::interpolate(real, Double({2, 1}, 0.0), Double({2, 1}, 0.0)); }, {"[4, 1]", "[2, 1]"});
}

TEST(GanNames, ComeBackAndOthersAreRefused) {
  for (const Loss l : losses) EXPECT_EQ(gan::loss_from(gan::name(l)), l);
  for (const Penalty p : {Penalty::none, Penalty::wgan_gp, Penalty::r1}) EXPECT_EQ(gan::penalty_from(gan::name(p)), p);
  expect_error<ConfigError>([] { gan::loss_from("relativistic"); }, {"loss", "relativistic"});
  expect_error<ConfigError>([] { gan::penalty_from("gp"); }, {"penalty", "'gp'"});
}

TEST(GanNetworks, ConfigurationsThatMakeNoModelAreRefused) {
  expect_error<ConfigError>([] { gan::MlpGenerator({.latent = 0}); }, {"latent"});
  expect_error<ConfigError>([] { gan::MlpGenerator({.hidden = {3, 0}}); }, {"hidden", "0"});
  expect_error<ConfigError>([] { gan::MlpDiscriminator({.pack = 0}); }, {"pack"});
  expect_error<ConfigError>([] { gan::MlpDiscriminator({.stddev_group = 1}); }, {"stddev_group"});
  expect_error<ConfigError>([] { gan::MlpDiscriminator({.classes = 3, .pack = 2}); }, {"pack 1", "conditional"});
}

TEST(GanNetworks, PackingPutsNeighboursSideBySide) {
  const Double x({4, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  EXPECT_EQ(gan::pack(x, 2).shape(), (Shape{2, 4}));
  EXPECT_EQ(gan::pack(x, 2).to_vector(), x.to_vector());
  const auto image = formula::uniform<double>(1, {4, 2, 3, 2});
  const auto packed = gan::pack(image, 2);
  EXPECT_EQ(packed.shape(), (Shape{2, 2, 3, 4}));
  for (const Index c : {0, 1, 2, 3}) EXPECT_EQ(packed.at({1, 1, 2, c}), image.at({2 + c / 2, 1, 2, c % 2}));
  expect_grad([](const auto& v) { return gan::pack(v[0], 2); }, {{4, 2, 3, 2}});
  expect_error<Error>([&] { gan::pack(x, 3); }, {"pack", "multiple of 3", "[4, 2]"});
  const auto disc = small_disc({.hidden = {7}, .pack = 2});
  EXPECT_EQ(disc(x, nn::Mode::train).rows(), 2);
}

TEST(GanNetworks, StddevAndAppendGradients) {
  expect_grad([](const auto& v) { return gan::minibatch_stddev(v[0], 2); }, {{6, 3}});
  expect_grad([](const auto& v) { return gan::minibatch_stddev(v[0], 3); }, {{6, 2, 3, 2}});
  expect_grad([](const auto& v) { return gan::append(v[0], v[1]); }, {{3, 2}, {3, 4}});
  expect_error<Error>([] { gan::minibatch_stddev(Double({4, 2}, 0.0), 3); }, {"multiple of 3", "[4, 2]"});
  expect_error<Error>([] { gan::append(Double({4, 2}, 0.0), Double({3, 2}, 0.0)); }, {"append", "[4, 2]", "[3, 2]"});
  auto disc = small_disc({.hidden = {7}, .stddev_group = 2});
  EXPECT_EQ(disc.output.in, 8);
}

TEST(GanNetworks, ConditionalOnesSeeTheirLabels) {
  const gan::Config c{.latent = 3, .hidden = {8}, .classes = 4};
  auto gen = initialised(gan::BasicMlpGenerator<double>(c));
  auto disc = small_disc(c);
  const Double z({2, 3}, 0.5), x({2, 2}, 0.5);
  const IndexTensor labels({2}, {0, 3}), other({2}, {0, 2});
  const auto made = gen(z, nn::Mode::eval, labels);
  EXPECT_NE(made.at({0, 0}), made.at({1, 0}));
  const auto a = disc(x, nn::Mode::eval, labels).values, b = disc(x, nn::Mode::eval, other).values;
  EXPECT_EQ(a.at({0, 0}), b.at({0, 0}));
  EXPECT_NE(a.at({1, 0}), b.at({1, 0}));
  // the projection: exchanging labels adds the difference of their vectors times the last hidden layer
  auto h = disc.hidden[0](x, Activation::leaky_relu);
  const auto v = slice(disc.embedding->w, 0, 3, 4) - slice(disc.embedding->w, 0, 2, 3);
  EXPECT_NEAR((a - b).at({1, 0}), sum(slice(h, 0, 1, 2) * v).item(), 1e-12);
  Rng rng(1);
  EXPECT_EQ(gan::sample<double>(gen, 2, 3, rng, labels).shape(), (Shape{2, 2}));
  expect_error<Error>([&] { gen(z, nn::Mode::eval); }, {"conditional", "labels"});
  expect_error<Error>([&] { small_disc()(x, nn::Mode::eval, labels); }, {"takes no labels"});
  expect_error<Error>([&] { gen(z, nn::Mode::eval, IndexTensor({1}, {0})); }, {"2 labels", "[1]"});
  expect_error<Error>([&] { gen(z, nn::Mode::eval, IndexTensor({2}, {0, 4})); }, {"4", "[0, 4)"});
}

TEST(GanNetworks, NoiseSaysMoreThanLabelsAtFirst) {
  constexpr Index count = 200, latent = 24;
  Rng rng(1);
  const auto noise = normal<double>({count, latent}, rng), same = expand(slice(noise, 0, 0, 1), noise.shape());
  std::vector<std::int32_t> numbers(count);
  for (Index i = 0; i < count; ++i) numbers[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(i % 10);
  const IndexTensor one({count}, 0), all({count}, numbers);
  const auto expect_noise = [&](const auto& gen) {
    const auto spread = [&](const Double& z, const IndexTensor& labels) {
      return mean(variance(reshape(gen(z, nn::Mode::eval, labels), {count, -1}), {0})).item();
    };
    EXPECT_LT(spread(same, all), 0.05 * spread(noise, one));
    EXPECT_GT(spread(same, all), 0);
  };
  expect_noise(initialised(gan::BasicMlpGenerator<double>({.latent = latent, .hidden = {8}, .classes = 10})));
  expect_noise(initialised(
      gan::BasicDcganGenerator<double>({.size = 16, .channels = 1, .latent = latent, .width = 4, .classes = 10})));
}

TEST(GanNetworks, SamplesDoNotDependOnTheChunk) {
  const auto gen = initialised(gan::BasicMlpGenerator<double>({.latent = 3, .hidden = {8}}));
  Rng a(1), b(1);
  const auto whole = gan::sample<double>(gen, 10, 3, a), parts = gan::sample<double>(gen, 10, 3, b, {}, 4);
  EXPECT_EQ(whole.shape(), (Shape{10, 2}));
  EXPECT_EQ(whole.to_vector(), parts.to_vector());
  expect_error<Error>([&] { gan::sample<double>(gen, 10, 3, a, {}, 0); }, {"sample", "found 10 and 0"});
}

TEST(GanNetworks, ConditionalOnesLearn) {
  const gan::Config c{.latent = 3, .hidden = {16}, .classes = 2};
  auto gen = initialised(gan::MlpGenerator(c), 1);
  auto disc = initialised(gan::MlpDiscriminator(c), 2);
  optim::Adam gen_adam(gen, {.lr = 5e-3, .beta1 = 0}), disc_adam(disc, {.lr = 5e-3, .beta1 = 0});
  const IndexTensor labels({32}, std::vector<std::int32_t>{0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1,
                                                           0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1});
  for (Index i = 0; i < 400; ++i) {
    const Rng own = Rng(3).fork("step", static_cast<std::uint64_t>(i));
    gan::step(gan::players(gen, disc, gen_adam, disc_adam), {.penalty = Penalty::r1, .penalty_weight = 0.1}, i, own,
              [&](Index, Index) {
                Rng data = own.fork("data"), noise = own.fork("noise");
                auto real = normal({32, 2}, data) * 0.1f;
                const auto sign = reshape(cast<float>(labels), Shape{32, 1}) * 2.f - 1;  // class 0 at -1, class 1 at 1
                return gan::Batch<float, IndexTensor>{real + sign, normal({32, 3}, noise), {labels}};
              });
  }
  Rng rng(4);
  const auto x = gan::sample<float>(gen, 32, 3, rng, labels);
  const auto first = reshape(x, Shape{16, 2, 2});
  EXPECT_LT(mean(slice(first, 1, 0, 1)).item(), -0.5);
  EXPECT_GT(mean(slice(first, 1, 1, 2)).item(), 0.5);
}
