// One step of a GAN: what it computes, what it does not compute, what it reports.
#include <gtest/gtest.h>

#include "atelier/parallel/team.hpp"
#include "models/gan_game.hpp"
#include "support/expect_error.hpp"
#include "support/formula.hpp"

using namespace atelier;
using namespace game;
using gan::Loss, gan::Penalty;

namespace {
/// Passes forward, and products of cotangents: with the weights (for the inputs), with the inputs (for the weights).
struct Count {
  int forward = 0, for_input = 0, for_weight = 0;
  friend bool operator==(const Count&, const Count&) = default;
};

/// A product that counts what is computed of it. Its rules are differentiable, so that penalties can be.
Tensor counted(const Tensor& x, const Tensor& w, Count& count) {
  Tape::Pause pause;
  ++count.forward;
  const auto y = matmul(x, w, {.transpose_b = true});
  Tape::Pause on(true);
  return record("counted", y,
                wrt(x,
                    [w, &count](const Tensor& g) {
                      ++count.for_input;
                      return matmul(g, w);
                    }),
                wrt(w, [x, &count](const Tensor& g) {
                  ++count.for_weight;
                  return matmul(g, x, {.transpose_a = true});
                }));
}

struct CountingGenerator {
  nn::Param a{{4, 3}}, b{{2, 4}};
  mutable Count count = {};

  Tensor operator()(const Tensor& z, nn::Mode) const { return counted(tanh(counted(z, a, count)), b, count); }
  static void visit(auto& m, auto&& f) { f("a", m.a), f("b", m.b); }
};
struct CountingDiscriminator {
  nn::Param a{{5, 2}}, b{{1, 5}};
  mutable Count count = {};
  mutable std::vector<nn::Mode> modes = {};

  gan::Logits<float> operator()(const Tensor& x, nn::Mode mode) const {
    modes.push_back(mode);
    return gan::Logits(counted(tanh(counted(x, a, count)), b, count));
  }
  static void visit(auto& m, auto&& f) { f("a", m.a), f("b", m.b); }
};

/// What one step computes.
std::pair<Count, Count> counted_step(const gan::Options& o) {
  CountingGenerator gen;
  CountingDiscriminator disc;
  Rng rng(1);
  for (auto* p : {&gen.a, &gen.b, &disc.a, &disc.b}) nn::fill_normal(*p, 0, 1, rng);
  optim::Sgd gen_sgd(gen), disc_sgd(disc);
  gan::step(gan::players(gen, disc, gen_sgd, disc_sgd), o, 0, Rng(2), [](Index, Index) {
    return gan::Batch<float>{formula::uniform(1, {6, 2}), formula::uniform(2, {6, 3})};
  });
  for (const auto mode : disc.modes) EXPECT_EQ(mode, nn::Mode::train);
  return {gen.count, disc.count};
}
}  // namespace

TEST(GanStep, OneGeneratorPassServesBothPlayersAndItsOwnUpdateNeedsNoDiscriminatorGradient) {
  const auto [gen, disc] = counted_step({});
  EXPECT_EQ(gen, (Count{.forward = 2, .for_input = 1, .for_weight = 2}));  // two products in one pass
  // real, fake and fake again are seen; the first two give its weights' gradients, and only the inner input's; the
  // third gives both inputs' and no weight's
  EXPECT_EQ(disc, (Count{.forward = 6, .for_input = 1 + 1 + 2, .for_weight = 2 + 2}));
}

TEST(GanStep, FurtherUpdatesOfTheDiscriminatorTakeFakesWithoutGradients) {
  const auto [gen, disc] = counted_step({.n_critic = 3});
  EXPECT_EQ(gen, (Count{.forward = 3 * 2, .for_input = 1, .for_weight = 2}));
  EXPECT_EQ(disc, (Count{.forward = 3 * 4 + 2, .for_input = 3 * 2 + 2, .for_weight = 3 * 4}));
}

TEST(GanStep, APenaltyNeedsNoFurtherPassOfTheGenerator) {
  const auto [gen, disc] = counted_step({.penalty = Penalty::wgan_gp});
  EXPECT_EQ(gen, (Count{.forward = 2, .for_input = 1, .for_weight = 2}));
  EXPECT_EQ(disc.forward, 8);
  const auto r1 = counted_step({.penalty = Penalty::r1}).second;
  EXPECT_EQ(r1.forward, 6);  // at the real examples it has been seen already
}

TEST(GanStep, EveryOptionChangesTheResult) {
  const auto plain = trained({});
  for (const Loss l : {Loss::minimax, Loss::lsgan, Loss::hinge, Loss::wasserstein})
    EXPECT_GT(distance(trained({.loss = l}), plain), 1e-5) << gan::name(l);
  EXPECT_GT(distance(trained({.label_smoothing = 0.2}), plain), 1e-5);
  const auto r1 = trained({.penalty = Penalty::r1, .penalty_weight = 5});
  EXPECT_GT(distance(r1, plain), 1e-5);
  EXPECT_GT(distance(trained({.penalty = Penalty::wgan_gp, .penalty_weight = 5}), r1), 1e-5);
  EXPECT_GT(distance(trained({.penalty = Penalty::r1, .penalty_weight = 50}), r1), 1e-5);
  EXPECT_GT(distance(trained({.penalty = Penalty::r1, .penalty_weight = 5, .penalty_every = 2}), r1), 1e-5);
  EXPECT_GT(distance(trained({.n_critic = 3}), plain), 1e-5);
  EXPECT_EQ(trained({.penalty = Penalty::none, .penalty_weight = 50}), plain);
}

TEST(GanStep, ALazyPenaltyIsHeavierAndRarer) {
  const gan::Options every{.penalty = Penalty::r1, .penalty_weight = 2},
      lazy{.penalty = Penalty::r1, .penalty_weight = 2, .penalty_every = 4};
  const double heavy = Game().step(lazy, 0).penalty, light = Game().step(every, 0).penalty;
  EXPECT_NEAR(heavy, 4 * light, 1e-5 * heavy);
  for (Index number : {1, 2, 3, 5}) EXPECT_EQ(Game().step(lazy, number).penalty, 0);
  EXPECT_GT(Game().step(lazy, 8).penalty, 0);
}

TEST(GanStep, PartsOfABatchGiveNearlyTheSame) {
  for (const Index n_critic : {1, 2}) {
    const gan::Options whole{.penalty = Penalty::r1, .penalty_weight = 1, .n_critic = n_critic};
    gan::Options parts = whole;
    parts.parts = 3;
    EXPECT_LT(distance(trained(parts), trained(whole)), 1e-4);
    Game a, b;
    const auto x = a.step(whole), y = b.step(parts);
    EXPECT_NEAR(x.discriminator_loss, y.discriminator_loss, 1e-5);
    EXPECT_NEAR(x.generator_loss, y.generator_loss, 1e-5);
    EXPECT_NEAR(x.real_probability, y.real_probability, 1e-5);
    EXPECT_NEAR(x.discriminator_gradient, y.discriminator_gradient, 1e-5);
  }
}

TEST(GanStep, ReportsWhatItSaw) {
  Game game;
  const auto before = game.disc;
  const Rng own = game.rng.fork("step", 0);
  const auto batch = game.draw(own, 0, 0, 1);
  const auto real = before(batch.real, nn::Mode::eval),
             fake = before(game.gen(batch.noise, nn::Mode::eval), nn::Mode::eval);
  const double spread = std::sqrt(mean(variance(game.gen(batch.noise, nn::Mode::eval), {0})).item() /
                                  mean(variance(batch.real, {0})).item());
  const auto info = game.step({});
  EXPECT_NEAR(info.real_probability, mean(sigmoid(real.values)).item(), 1e-6);
  EXPECT_NEAR(info.fake_probability, mean(sigmoid(fake.values)).item(), 1e-6);
  EXPECT_NEAR(info.discriminator_loss, gan::discriminator_loss(Loss::non_saturating, real, fake).item(), 1e-6);
  EXPECT_NEAR(info.spread, spread, 1e-5);
  EXPECT_GT(info.discriminator_gradient, 0);
  EXPECT_GT(info.generator_gradient, 0);
}

namespace {
/// Remembers the images that it was shown.
struct Onlooker {
  nn::Linear score{2 * 8 * 8, 1};
  std::vector<Tensor> seen = {};

  gan::Logits<float> operator()(const Tensor& x, nn::Mode) {
    seen.push_back(copy<float>(x));
    return gan::Logits(score(reshape(x, Shape{x.size(0), x.size() / x.size(0)})));
  }
  static void visit(auto& m, auto&& f) { f("score", m.score); }
};
struct Painter {
  nn::Linear paint{3, 2 * 8 * 8};
  Tensor operator()(const Tensor& z, nn::Mode) const { return reshape(paint(z), Shape{z.size(0), 8, 8, 2}); }
  static void visit(auto& m, auto&& f) { f("paint", m.paint); }
};
}  // namespace

TEST(GanStep, AugmentationsAreSeenByBothPlayers) {
  for (const bool cutout : {false, true}) {
    auto gen = initialised(Painter{});
    auto disc = initialised(Onlooker{});
    optim::Sgd gen_sgd(gen), disc_sgd(disc);
    const Tensor real({4, 8, 8, 2}, 1.f), noise = formula::uniform(2, {4, 3}, -1, 1);
    const gan::Options o{.penalty = Penalty::r1, .augment = {.cutout = cutout}};
    gan::step(gan::players(gen, disc, gen_sgd, disc_sgd), o, 0, Rng(2), [&](Index, Index) {
      return gan::Batch<float>{real, noise};
    });
    ASSERT_EQ(disc.seen.size(), 3u);
    for (const auto& x : disc.seen) EXPECT_EQ(min(abs(x)).item() == 0, cutout);
    if (!cutout) continue;
    for (Index i = 0; i < real.size(); ++i)  // real and generated images have lost the same box
      EXPECT_EQ(disc.seen[0].data()[i] == 0, disc.seen[1].data()[i] == 0) << i;
  }
}

TEST(GanStep, PublishedSettingsOfTheOptimizers) {
  const auto usual = gan::optimizer_options(Loss::hinge), wasserstein = gan::optimizer_options(Loss::wasserstein);
  EXPECT_EQ(usual.lr, 2e-4);
  EXPECT_EQ(usual.beta1, 0.5);
  EXPECT_EQ(wasserstein.lr, 1e-4);
  EXPECT_EQ(wasserstein.beta1, 0);
  EXPECT_EQ(wasserstein.beta2, 0.9);
}

TEST(GanStep, OptionsThatMakeNoTrainingAreRefused) {
  expect_error<ConfigError>([] { gan::Options{.label_smoothing = 1}.check(); }, {"label smoothing"});
  expect_error<ConfigError>([] { gan::Options{.loss = Loss::hinge, .label_smoothing = 0.1}.check(); }, {"hinge"});
  expect_error<ConfigError>([] { gan::Options{.penalty_weight = -1}.check(); }, {"penalty weight"});
  expect_error<ConfigError>([] { gan::Options{.penalty_every = 0}.check(); }, {"penalty_every"});
  expect_error<ConfigError>([] { gan::Options{.n_critic = 0}.check(); }, {"n_critic"});
  expect_error<ConfigError>([] { Game().step({.parts = 0}); }, {"parts"});
}

TEST(GanStep, LearnsTheSameBitsWithAnyNumberOfThreads) {
  const gan::Config wide{.latent = 8, .hidden = {200, 200}};
  const gan::Options o{.penalty = Penalty::wgan_gp};
  const auto many = [&] {
    const ThreadScope scope(3);
    return trained(o, wide, 3);
  }();
  const ThreadScope scope(1);
  EXPECT_EQ(trained(o, wide, 3), many);
}

TEST(GanWatch, TellsWhoHasLostOnce) {
  const gan::StepInfo lost{.real_probability = 0.999, .fake_probability = 0.001, .spread = 1};
  const gan::StepInfo even{.real_probability = 0.6, .fake_probability = 0.4, .spread = 1};
  const gan::StepInfo alike{.real_probability = 0.6, .fake_probability = 0.4, .spread = 1e-3};
  const auto first_at = [](gan::Watch watch, const gan::StepInfo& info, int steps, std::string part) {
    int at = -1, told = 0;
    for (int i = 0; i < steps; ++i)
      if (const auto text = watch(info); !text.empty()) {
        ++told;
        if (at < 0) at = i;
        EXPECT_NE(text.find(part), std::string::npos) << text;
      }
    EXPECT_LE(told, 1);
    return at;
  };
  EXPECT_EQ(first_at(gan::Watch(Loss::hinge, 50), lost, 300, "tells all examples apart"), 49);
  EXPECT_EQ(first_at(gan::Watch(Loss::hinge, 50), alike, 300, "nearly the same example"), 49);
  EXPECT_EQ(first_at(gan::Watch(Loss::hinge, 50), even, 300, ""), -1);
  EXPECT_EQ(first_at(gan::Watch(Loss::wasserstein, 50), lost, 300, ""), -1);
  gan::Watch recovers(Loss::hinge, 50);
  for (int i = 0; i < 25; ++i) EXPECT_EQ(recovers(lost), "");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(recovers(even), "");
}
