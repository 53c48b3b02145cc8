// GANs of convolutions: sizes, options, conditions, and what they refuse.
#include <gtest/gtest.h>

#include "atelier/atelier.hpp"
#include "models/gan_game.hpp"
#include "support/formula.hpp"

using namespace atelier;
using game::initialised;
using gan::ImageConfig, gan::Norm, gan::First;

namespace {

constexpr auto train = nn::Mode::train, eval = nn::Mode::eval;

double deviation(const Tensor& x) {
  return std::sqrt(static_cast<double>(variance(reshape(x, Shape{x.size()}), {0}).item()));
}
bool same(const Tensor& a, const Tensor& b) { return std::equal(a.data(), a.data() + a.size(), b.data()); }

/// What the discriminator says of images by formula.
Tensor judged(const ImageConfig& c, const IndexTensor& labels = {}, nn::Mode mode = train) {
  const auto disc = initialised(gan::DcganDiscriminator(c), 2);
  return disc(formula::uniform(1, {8, c.size, c.size, c.channels}, -1, 1), mode, labels).values;
}

}  // namespace

TEST(Dcgan, EverySizeGivesItsImagesAndLogits) {
  for (const Index size : {16, 27, 28, 32, 56, 64, 128})
    for (const First first : {First::convolution, First::dense}) {
      const ImageConfig c{.size = size, .channels = 2, .latent = 5, .width = 2, .first = first};
      const auto gen = initialised(gan::DcganGenerator(c));
      const auto x = gen(formula::uniform(1, {3, 5}), train);
      EXPECT_EQ(x.shape(), Shape({3, size, size, 2})) << size;
      for (const float v : x.values()) ASSERT_LE(std::abs(v), 1.0f);
      EXPECT_EQ(initialised(gan::DcganDiscriminator(c))(x, train).values.shape(), Shape({3, 1})) << size;
    }
}

TEST(Dcgan, SizesThatMakeNoModelAreRefused) {
  for (const Index size : {-4, 0, 8, 14, 24, 48, 2048})
    EXPECT_THROW(gan::DcganGenerator(ImageConfig{.size = size}), ConfigError) << size;
  EXPECT_THROW(gan::DcganGenerator(ImageConfig{.latent = 0}), ConfigError);
  EXPECT_THROW(gan::DcganGenerator(ImageConfig{.width = 0}), ConfigError);
  EXPECT_THROW(gan::DcganDiscriminator(ImageConfig{.dropout = 1}), ConfigError);
  EXPECT_THROW(gan::DcganDiscriminator(ImageConfig{.stddev_group = 1}), ConfigError);
  EXPECT_THROW(gan::norm_from("layer"), ConfigError);
}

TEST(Dcgan, BeginsAsThePaperSays) {
  const auto gen = initialised(gan::DcganGenerator(ImageConfig{}));
  const auto disc = initialised(gan::DcganDiscriminator(ImageConfig{}));
  const auto check = [](const std::string& name, const auto& p) {
    if (p.size() < 64 || name.ends_with("bias")) return;
    EXPECT_NEAR(deviation(p), 0.02, p.size() < 1000 ? 0.006 : 0.001) << name;
    EXPECT_NEAR(mean(p).item(), p.rank() == 1 ? 1 : 0, p.size() < 1000 ? 0.01 : 0.001) << name;
  };
  nn::visit_params(gen, check);
  nn::visit_params(disc, check);
  EXPECT_EQ(nn::count_params(gen), 3576704);  // as PyTorch's example
  EXPECT_EQ(nn::count_params(disc), 2765568);
}

TEST(Dcgan, ConditionsAreSeenByBoth) {
  const ImageConfig c{.size = 28, .channels = 1, .latent = 4, .width = 4, .classes = 3};
  const auto gen = initialised(gan::DcganGenerator(c));
  const auto z = formula::uniform(1, {2, 4});
  EXPECT_FALSE(same(gen(z, eval, IndexTensor({2}, 0)), gen(z, eval, IndexTensor({2}, 1))));
  EXPECT_THROW(gen(z, eval), Error);
  EXPECT_THROW(gen(z, eval, IndexTensor({3}, 0)), Error);
  EXPECT_THROW(gen(z, eval, IndexTensor({2}, 3)), Error);
  EXPECT_FALSE(same(judged(c, IndexTensor({8}, 0)), judged(c, IndexTensor({8}, 2))));
  EXPECT_THROW(judged(c), Error);
  EXPECT_THROW(judged({.size = 16, .width = 2}, IndexTensor({8}, 0)), Error);
}

TEST(Dcgan, ProjectionIsTheProductWithTheLabelsVector) {
  const ImageConfig c{.size = 16, .width = 2, .norm = Norm::none, .classes = 2};
  auto disc = initialised(gan::DcganDiscriminator(c));
  const auto x = formula::uniform(1, {3, 16, 16, 3}, -1, 1);
  const auto with = disc(x, eval, IndexTensor({3}, 1)).values;
  auto h = x;
  for (const auto& layer : disc.layers) h = layer(h, eval, Activation::leaky_relu);
  const auto table = slice(disc.embedding->w, 0, 1, 2);
  const auto expected = reshape(disc.output(h, eval), Shape{3, 1}) + sum(table * sum(h, {1, 2}), {1}, true);
  for (Index i = 0; i < 3; ++i) EXPECT_NEAR(with.data()[i], expected.data()[i], 1e-6);
}

TEST(Dcgan, NormsOfTheDiscriminator) {
  const ImageConfig batch{.size = 16, .width = 4}, none{.size = 16, .width = 4, .norm = Norm::none},
      spectral{.size = 16, .width = 4, .norm = Norm::spectral};
  EXPECT_FALSE(same(judged(batch), judged(none)));
  EXPECT_FALSE(same(judged(spectral), judged(none)));
  const auto x = formula::uniform(1, {2, 16, 16, 3}, -1, 1);
  for (const auto& c : {batch, none}) {  // whether an image's verdict depends on its neighbours
    const auto disc = initialised(gan::DcganDiscriminator(c));
    const float alone = disc(slice(x, 0, 0, 1), train).values.item(), together = disc(x, train).values.data()[0];
    EXPECT_EQ(std::abs(alone - together) < 1e-6, c.norm == Norm::none);
  }
  const auto disc = initialised(gan::DcganDiscriminator(spectral));
  for (int i = 0; i < 30; ++i) disc(x, train);
  const auto& layer = disc.layers[1];
  const auto w = (*layer.norm)(layer.conv.w, eval);
  EXPECT_LE(deviation(w) * std::sqrt(static_cast<double>(w.size())), std::sqrt(8.0));  // singular values of at most 1
  nn::visit_all(disc, [](const std::string& name, const auto&) { EXPECT_EQ(name.find("main.3"), name.npos); });
}

TEST(Dcgan, DropoutIsDrawnInTrainingOnlyAndFromTheGivenPlace) {
  const ImageConfig c{.size = 16, .width = 8, .norm = Norm::none, .dropout = 0.5};
  auto disc = initialised(gan::DcganDiscriminator(c));
  const auto x = formula::uniform(1, {2, 16, 16, 3}, -1, 1);
  disc.draws = Rng(5);
  const auto a = disc(x, train).values, b = disc(x, train).values;
  EXPECT_FALSE(same(a, b));
  disc.draws = Rng(5);
  EXPECT_TRUE(same(a, disc(x, train).values));
  EXPECT_TRUE(same(disc(x, eval).values, disc(x, eval).values));
}

TEST(Dcgan, MinibatchDeviationSeesCopies) {
  const ImageConfig c{.size = 16, .width = 4, .norm = Norm::none, .stddev_group = 4};
  const auto disc = initialised(gan::DcganDiscriminator(c));
  const auto x = formula::uniform(1, {4, 16, 16, 3}, -1, 1);
  const auto copies = expand(slice(x, 0, 0, 1), {4, 16, 16, 3});
  EXPECT_NE(disc(x, train).values.data()[0], disc(copies, train).values.data()[0]);
  EXPECT_THROW(disc(slice(x, 0, 0, 3), train), Error);
}

TEST(Dcgan, EveryLossAndPenaltyTrains) {
  const ImageConfig c{.size = 16, .latent = 4, .width = 4, .norm = Norm::none};
  for (const auto penalty : {gan::Penalty::none, gan::Penalty::r1, gan::Penalty::wgan_gp})
    for (const auto loss : {gan::Loss::non_saturating, gan::Loss::wasserstein}) {
      auto gen = initialised(gan::DcganGenerator(c), 1);
      auto disc = initialised(gan::DcganDiscriminator(c), 2);
      optim::Adam gen_adam(gen), disc_adam(disc);
      const auto info = gan::step(
          gan::players(gen, disc, gen_adam, disc_adam),
          {.loss = loss, .penalty = penalty, .augment = gan::Augment::parse("colour,cutout")}, 0, Rng(3),
          [&](Index, Index) {
            return gan::Batch<float>{formula::uniform(1, {4, 16, 16, 3}, -1, 1), formula::uniform(2, {4, 4}, -1, 1)};
          });
      EXPECT_EQ(info.penalty > 0, penalty != gan::Penalty::none);
      EXPECT_GT(info.discriminator_gradient, 0);
      EXPECT_GT(info.generator_gradient, 0);
    }
}

TEST(Unet, SkipsCarryPlaces) {
  const gan::UnetConfig c{.size = 16, .in = 1, .out = 3, .width = 4, .depth = 3, .patch_layers = 2};
  const auto net = initialised(gan::Unet(c));
  const auto x = formula::uniform(1, {2, 16, 16, 1}, -1, 1);
  const auto y = net(x, train);
  EXPECT_EQ(y.shape(), Shape({2, 16, 16, 3}));
  EXPECT_TRUE(same(y, net(reshape(x, Shape{2, 256}), train)));  // the same numbers as rows
  auto cut = initialised(gan::Unet(c));
  std::fill_n(cut.up[0].w.write(), cut.up[0].w.size(), 0.0f);  // nothing comes through the smallest map
  auto other = copy(x);
  other.mutable_data()[0] += 1;
  EXPECT_FALSE(same(cut(x, eval), cut(other, eval)));
}

TEST(Unet, NoiseReachesEveryPlaceAndPlacesDiffer) {
  const gan::UnetConfig c{.size = 16, .width = 4, .depth = 2, .patch_layers = 3, .latent = 5};
  const auto net = initialised(gan::Unet(c));
  const auto z = formula::uniform(1, {2, 5}, -1, 1);
  auto other = copy(z);
  other.mutable_data()[2] += 1;  // of the first image
  const auto a = net(z, eval), b = net(other, eval);
  EXPECT_EQ(a.shape(), Shape({2, 16, 16, 3}));
  for (const Index y : {0, 7, 15})
    for (const Index x : {0, 8, 15}) {
      EXPECT_NE(a.at({0, y, x, 0}), b.at({0, y, x, 0})) << y << " " << x;
      EXPECT_EQ(a.at({1, y, x, 0}), b.at({1, y, x, 0})) << y << " " << x;
    }
  EXPECT_NE(a.at({0, 7, 6, 0}), a.at({0, 7, 10, 0}));  // as far from every border as they can be
  EXPECT_EQ(initialised(gan::PatchDiscriminator(c))(a, train).values.shape(), Shape({2, 1, 1, 1}));
}

TEST(Unet, KnownPixelsStayAsTheyAre) {
  const gan::UnetConfig c{.size = 8, .in = 4, .out = 3, .width = 4, .depth = 2, .keep_known = true, .patch_layers = 1};
  const auto net = initialised(gan::Unet(c));
  auto x = formula::uniform(1, {1, 8, 8, 4}, -1, 1);
  for (Index i = 0; i < 64; ++i) x.mutable_data()[4 * i + 3] = i < 32 ? 1.0f : 0.0f;
  const auto y = net(x, train);
  for (Index i = 0; i < 64; ++i) {
    const float off = std::abs(y.data()[3 * i] - x.data()[4 * i]);
    EXPECT_EQ(off < 1e-6f, i < 32) << i;
  }
}

TEST(Unet, SizesThatMakeNoModelAreRefused) {
  EXPECT_THROW(gan::Unet({.size = 24, .depth = 4}), ConfigError);
  EXPECT_THROW(gan::Unet({.size = 16, .depth = 2, .patch_layers = 3}), ConfigError);
  EXPECT_THROW(gan::Unet({.in = 3, .out = 3, .keep_known = true}), ConfigError);
  EXPECT_THROW(gan::Unet({.depth = 0}), ConfigError);
  EXPECT_THROW(gan::Unet({.told = true, .latent = 5}), ConfigError);
}

TEST(PatchDiscriminator, JudgesPatchesAndWhatItIsTold) {
  const gan::UnetConfig alone{.size = 32, .in = 1, .width = 4, .depth = 2, .patch_layers = 2};
  gan::UnetConfig told = alone;
  told.told = true;
  const auto x = formula::uniform(1, {2, 32, 32, 3}, -1, 1), input = formula::uniform(2, {2, 32, 32, 1}, -1, 1);
  EXPECT_EQ(initialised(gan::PatchDiscriminator(alone))(x, train).values.shape(), Shape({2, 7, 7, 1}));
  const auto disc = initialised(gan::PatchDiscriminator(told));
  EXPECT_FALSE(same(disc(x, train, input).values, disc(x, train, neg(input)).values));
  EXPECT_THROW(disc(x, train), Error);
  EXPECT_THROW(initialised(gan::PatchDiscriminator(alone))(x, train, input), Error);
}

TEST(GanStep, L1PullsTheGeneratorToTheTruth) {
  const gan::UnetConfig c{.size = 16, .in = 1, .width = 4, .depth = 2, .patch_layers = 2, .told = true};
  const auto error = [&](double weight) {
    auto gen = initialised(gan::Unet(c), 1);
    auto disc = initialised(gan::PatchDiscriminator(c), 2);
    optim::Adam gen_adam(gen, {.lr = 5e-3}), disc_adam(disc);
    const auto real = formula::uniform(1, {4, 16, 16, 3}, 0.3, 0.9), input = formula::uniform(2, {4, 16, 16, 1});
    gan::StepInfo info;
    for (Index i = 0; i < 20; ++i)
      info =
          gan::step(gan::players(gen, disc, gen_adam, disc_adam), {.l1_weight = weight}, i, Rng(3), [&](Index, Index) {
            return gan::Batch<float, Tensor>{real, input, {input}};
          });
    EXPECT_EQ(info.l1 > 0, weight > 0);
    return mean(abs(gen(input, train) - real)).item();
  };
  EXPECT_LT(error(100), error(0));
  EXPECT_THROW(gan::Options{.l1_weight = -1}.check(), ConfigError);
}

TEST(GanSample, TruncatedNoiseStaysWithinItsLimit) {
  Rng rng(1);
  const auto x = gan::truncated_normal<float>({2000}, 1, rng);
  float most = 0;
  for (const float v : x.values()) most = std::max(most, std::abs(v));
  EXPECT_LE(most, 1);
  EXPECT_GT(most, 0.95f);
  EXPECT_NEAR(deviation(x), 0.5396, 0.03);  // sqrt(1 - 2 phi(1) / (2 Phi(1) - 1))
  EXPECT_THROW(gan::truncated_normal<float>({2}, 0, rng), Error);
  EXPECT_THROW(gan::truncated_normal<float>({2}, std::nan(""), rng), Error);
}

TEST(ConvVae, ShapesLikelihoodsAndGradients) {
  for (const auto likelihood :
       {vae::Likelihood::gaussian, vae::Likelihood::gaussian_learned, vae::Likelihood::bernoulli}) {
    auto model = initialised(vae::ConvVae({.size = 16, .width = 4, .latent = 3, .likelihood = likelihood}));
    const auto x = formula::uniform(1, {4, 768});
    EXPECT_EQ(vae::reconstruct(model, x).shape(), x.shape());
    Rng rng(1);
    EXPECT_EQ(vae::sample(model, 2, rng).shape(), Shape({2, 768}));
    optim::Adam adam(model, {.lr = 3e-3});
    const auto noise = normal({4, 3}, rng);
    double first = 0, last = 0;
    for (int i = 0; i < 15; ++i) {
      Tape tape;
      const auto elbo = vae::negative_elbo(model, x, noise);
      adam.step(elbo.loss);
      last = static_cast<double>(elbo.loss.item());
      if (i == 0) first = last;
    }
    EXPECT_LT(last, first) << vae::name(likelihood);
    EXPECT_THROW(model.encode(x, x), Error);
  }
  EXPECT_THROW(vae::ConvVae({.size = 28}), ConfigError);
  EXPECT_THROW(vae::ConvVae({.sigma = 0}), ConfigError);
  EXPECT_THROW(vae::ConvVae({.likelihood = vae::Likelihood::categorical}), ConfigError);
}

TEST(ConvVae, SigmaIsTheDeviationOfAPixel) {
  const Tensor y({1, 5}, 0.5f), x({1, 5}, 0.7f);
  const auto nll = [&](double sigma) {
    const vae::Config c{.pixels = 5, .likelihood = vae::Likelihood::gaussian, .sigma = sigma};
    return static_cast<double>(vae::reconstruction_nll(c, y, x).item());
  };
  for (const double s : {1.0, 0.1, 2.0}) EXPECT_NEAR(nll(s), 5 * (0.02 / (s * s) + std::log(s)), 1e-5) << s;
}
