// The VAE's objective, sampling and figures of merit.
#include <gtest/gtest.h>

#include "atelier/atelier.hpp"
#include "atelier/parallel/team.hpp"
#include "support/expect_error.hpp"
#include "support/formula.hpp"

using namespace atelier;

namespace {

template <class T> vae::BasicVae<T> small_vae(vae::Config c, std::uint64_t seed = 1) {
  vae::BasicVae<T> model{c};
  nn::init(model, Rng(seed));
  return model;
}
vae::Config small_config(vae::Likelihood l = vae::Likelihood::bernoulli) {
  return {.pixels = 12, .hidden = {9, 7}, .latent = 3, .likelihood = l, .levels = 4};
}
BasicTensor<double> small_images(Index n) { return formula::uniform<double>(5, {n, 12}); }
BasicTensor<double> round_to_bits(const BasicTensor<double>& x) { return x > 0.5; }

/// Learns for some steps; the weights afterwards.
std::vector<float> train(int steps) {
  auto model = small_vae<float>({.pixels = 200, .hidden = {150}, .latent = 6});
  auto adam = vae::make_optimizer(model);
  Rng rng(3);
  for (int i = 0; i < steps; ++i) {
    const auto x = formula::uniform(static_cast<std::uint64_t>(i), {96, 200});
    Tape tape;
    adam.step(vae::negative_elbo(model, x, rng).loss);
  }
  std::vector<float> weights;
  nn::visit_all(model, [&](const std::string&, const auto& p) {
    weights.insert(weights.end(), p.values().begin(), p.values().end());
  });
  return weights;
}
}  // namespace

TEST(Vae, GradientsOfEveryLikelihood) {
  using vae::Likelihood;
  for (auto l : {Likelihood::bernoulli, Likelihood::gaussian, Likelihood::gaussian_learned, Likelihood::categorical})
    for (double free_bits : {0.0, 0.05}) {
      const auto model = small_vae<double>(small_config(l));
      const auto x = small_images(4), noise = formula::uniform<double>(6, {4, 3}, -1, 1);
      // along one parameter, found by differences: the objective exists for plain scalars only
      const auto loss = [&](const auto& w) {
        auto moved = model;
        Tape::Pause pause;
        moved.posterior.w.assign(w);
        return vae::negative_elbo(moved, x, noise, {}, {.beta = 0.7, .free_bits = free_bits}).loss.item();
      };
      Tape tape;
      const auto elbo = vae::negative_elbo(model, x, noise, {}, {.beta = 0.7, .free_bits = free_bits});
      const auto g = grad(elbo.loss, model.posterior.w);
      const auto u = formula::uniform<double>(8, g.shape(), -1, 1);
      Tape::Pause pause;
      const double slope = (loss(model.posterior.w + 1e-5 * u) - loss(model.posterior.w - 1e-5 * u)) / 2e-5;
      EXPECT_NEAR(sum(g * u).item(), slope, 1e-7 * (1 + std::abs(slope))) << vae::name(l) << " " << free_bits;
    }
}

TEST(Vae, TermsAddUp) {
  const auto model = small_vae<double>(small_config());
  const auto x = small_images(4), noise = formula::uniform<double>(6, {4, 3}, -1, 1);
  const auto one = vae::negative_elbo(model, x, noise), half = vae::negative_elbo(model, x, noise, {}, {.beta = 0.5});
  EXPECT_NEAR(one.loss.item(), one.reconstruction.item() + one.kl.item(), 1e-12);
  EXPECT_NEAR(half.loss.item(), one.reconstruction.item() + 0.5 * one.kl.item(), 1e-12);
  const auto bits = vae::negative_elbo(model, x, noise, {}, {.free_bits = 10});
  EXPECT_NEAR(bits.loss.item(), one.reconstruction.item() + 3 * 10, 1e-12);
  EXPECT_NEAR(bits.kl.item(), one.kl.item(), 1e-12);
}

TEST(Vae, KlOfGaussiansByHand) {
  const BasicTensor<double> mean({1, 2}, {0.5, -1}), logvar({1, 2}, {0.2, -0.3});
  const double by_hand = 0.5 * (0.25 + std::exp(0.2) - 1 - 0.2 + 1 + std::exp(-0.3) - 1 + 0.3);
  EXPECT_NEAR(gaussian_kl(mean, logvar).item(), by_hand, 1e-14);
}

TEST(Vae, ConfigurationsThatMakeNoModelAreRefused) {
  vae::Config none;
  none.hidden.clear();
  expect_error<ConfigError>([&] { vae::Vae{none}; }, {"hidden"});
  expect_error<ConfigError>([] { vae::Vae{{.hidden = {8, 0}}}; }, {"found 0"});
  expect_error<ConfigError>([] { vae::Vae{{.latent = 0}}; }, {"latent"});
}

TEST(Vae, ConditionalModelsNeedLabels) {
  auto config = small_config();
  config.classes = 4;
  const auto model = small_vae<double>(config), plain = small_vae<double>(small_config());
  Rng rng(1);
  const auto labels = one_hot<double>(IndexTensor({2}, {0, 3}), 4);
  EXPECT_EQ(vae::sample(model, 2, rng, labels).shape(), (Shape{2, 12}));
  expect_error<Error>([&] { vae::sample(model, 2, rng); }, {"conditional", "labels"});
  expect_error<Error>([&] { vae::sample(plain, 2, rng, labels); }, {"takes no labels"});
  const BasicTensor<double> z({2, 3}, 0.0);
  const auto images = vae::decode_images(model, z, labels);  // one latent, two classes
  EXPECT_NE(slice(images, 0, 0, 1).to_vector(), slice(images, 0, 1, 2).to_vector());
}

TEST(Vae, ConfigErrors) {
  expect_error<ConfigError>([] { vae::Config{.pixels = 0}.check(); }, {"vae", "positive"});
  expect_error<ConfigError>([] { vae::Config{.hidden = {3, 0}}.check(); }, {"hidden", "0"});
  expect_error<ConfigError>([] { vae::likelihood_from("cauchy"); }, {"likelihood", "cauchy"});
}

TEST(Vae, ImagesLieBetweenBlackAndWhite) {
  using vae::Likelihood;
  for (auto l : {Likelihood::bernoulli, Likelihood::gaussian, Likelihood::gaussian_learned, Likelihood::categorical}) {
    const auto model = small_vae<double>(small_config(l));
    Rng rng(2);
    const auto x = vae::sample(model, 9, rng);
    EXPECT_EQ(x.shape(), (Shape{9, 12})) << vae::name(l);
    EXPECT_GE(min(x).item(), 0) << vae::name(l);
    EXPECT_LE(max(x).item(), 1) << vae::name(l);
  }
}

TEST(Vae, PathsKeepTheirEnds) {
  const BasicTensor<double> a({1, 3}, {1, 2, 2}), b({1, 3}, {-2, 1, 2});
  for (auto path : {vae::Path::linear, vae::Path::spherical}) {
    const auto p = vae::interpolate(a, b, 5, path);
    for (Index i = 0; i < 3; ++i) {
      EXPECT_NEAR(p.at({0, i}), a.at({0, i}), 1e-12);
      EXPECT_NEAR(p.at({4, i}), b.at({0, i}), 1e-12);
    }
  }
  const auto arc = vae::interpolate(a, b, 5), chord = vae::interpolate(a, b, 5, vae::Path::linear);
  const auto radius = [](const auto& p, Index row) { return std::sqrt(sum(square(slice(p, 0, row, row + 1))).item()); };
  EXPECT_NEAR(radius(arc, 2), 3, 1e-12);
  EXPECT_LT(radius(chord, 2), 2.9);
  const auto line = vae::traverse(a, 1, 3, 2);
  EXPECT_EQ(line.to_vector(), (std::vector<double>{1, -2, 2, 1, 0, 2, 1, 2, 2}));
  expect_error<Error>([&] { vae::interpolate(a, b, 1); }, {"interpolate", "2 steps"});
}

TEST(Vae, IwaeIsTheNaiveLoop) {
  const auto model = small_vae<double>(small_config());
  const vae::Batch<double> data{round_to_bits(small_images(20)), {}};
  constexpr Index k = 50;
  Rng fast(9), slow(9);
  const double bound = vae::iwae(model, data, k, fast);
  double naive = 0;
  for (Index b = 0; b < 20; ++b) {
    const auto one = data.rows(b, b + 1);
    const auto q = model.encode(one.images);
    const auto noise = normal<double>({k, 3}, slow);
    double mean_weight = 0;
    for (Index i = 0; i < k; ++i) {
      double log_weight = 0;
      auto z = BasicTensor<double>::empty({1, 3});
      for (Index d = 0; d < 3; ++d) {
        const double deviation = std::exp(0.5 * q.logvar.data()[d]), e = noise.at({i, d});
        z.mutable_data()[d] = q.mean.data()[d] + deviation * e;
        log_weight += -0.5 * z.data()[d] * z.data()[d] + 0.5 * e * e + std::log(deviation);
      }
      const auto logits = model.decode(z);
      for (Index p = 0; p < 12; ++p) {
        const double on = 1 / (1 + std::exp(-logits.data()[p]));
        log_weight += std::log(one.images.data()[p] > 0.5 ? on : 1 - on);
      }
      mean_weight += std::exp(log_weight) / k;
    }
    naive -= std::log(mean_weight) / 20;
  }
  EXPECT_NEAR(bound, naive, 1e-9);
}

TEST(Vae, MoreDrawsTightenTheBound) {
  const auto model = small_vae<double>(small_config());
  const vae::Batch<double> data{round_to_bits(small_images(200)), {}};
  Rng rng(1);
  const double elbo = vae::evaluate(model, data, rng).negative_elbo();
  const double few = vae::iwae(model, data, 5, rng), many = vae::iwae(model, data, 200, rng);
  EXPECT_LT(many, few);
  EXPECT_LT(few, elbo);
}

TEST(Vae, ActiveUnitsCountWhatVaries) {
  auto model = small_vae<double>(small_config());
  const vae::Batch<double> data{small_images(50), {}};
  nn::fill_constant(model.posterior.w, 0);
  EXPECT_EQ(vae::active_units(model, data), 0);
  std::fill_n(model.posterior.w.write(), 2 * 7, 100.0);  // the first two of three means
  EXPECT_EQ(vae::active_units(model, data), 2);
}

TEST(Vae, AStepInPartsIsThatOfTheWhole) {
  const vae::Batch<double> batch{small_images(6), {}};
  const auto noise = formula::uniform<double>(6, {6, 3});
  const auto after = [&](Index parts) {
    auto model = small_vae<double>(small_config());
    auto adam = vae::make_optimizer(model);
    const auto expected = vae::negative_elbo(model, batch.images, noise, {}, {.beta = 0.5});
    const auto info = vae::step(model, adam, batch, noise, {.beta = 0.5}, parts);
    EXPECT_NEAR(info.loss, expected.loss.item(), 1e-12);
    EXPECT_NEAR(info.negative_elbo(), expected.reconstruction.item() + expected.kl.item(), 1e-12);
    return copy(model.encoder[0].w);
  };
  const auto whole = after(1);
  EXPECT_NE(whole.data()[0], small_vae<double>(small_config()).encoder[0].w.data()[0]);
  EXPECT_LT(max(abs(after(3) - whole)).item(), 1e-9);
  expect_error<Error>([&] { after(4); }, {"vae", "6 images in 4"});
}
TEST(Vae, ALossThatIsNoNumberChangesNothing) {
  auto model = small_vae<double>(small_config());
  auto adam = vae::make_optimizer(model);
  const auto before = copy(model.output.w);
  const auto info =
      vae::step(model, adam, {BasicTensor<double>({2, 12}, std::nan("")), {}}, formula::uniform<double>(6, {2, 3}));
  EXPECT_TRUE(std::isnan(info.loss));
  EXPECT_TRUE(std::ranges::equal(before.values(), model.output.w.values()));
}
TEST(Vae, BetaGrowsDuringItsWarmUp) {
  const auto beta = [](Index step, Index updates) { return vae::warmed_up({.beta = 2}, step, updates).beta; };
  EXPECT_EQ(beta(0, 10), 0);
  EXPECT_EQ(beta(5, 10), 1);
  EXPECT_EQ(beta(10, 10), 2);
  EXPECT_EQ(beta(0, 0), 2);
}

TEST(Vae, LearnsTheSameBitsWithAnyNumberOfThreads) {
  const auto many = [] {
    const ThreadScope scope(3);
    return train(10);
  }();
  const ThreadScope scope(1);
  EXPECT_EQ(train(10), many);
}
