// The GAN module is PyTorch's: losses, penalties, the minibatch standard deviation, and 20 steps of both players with
// the same weights, noise and data (scripts/golden/gan.py).
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "atelier/atelier.hpp"
#include "support/formula.hpp"

using namespace atelier;
using Json = nlohmann::json;
using Double = BasicTensor<double>;

namespace {

Json golden() {
  std::ifstream file(ATELIER_TEST_DIR "/golden/gan.json");
  return Json::parse(file);
}

constexpr Index batch = 32;
const gan::Config config{.features = 3, .latent = 5, .hidden = {16, 12}};

/// Weights by formula: seeds counted from `seed` in the order of the parameters.
template <class M> void fill(M& module, std::uint64_t seed) {
  double bound = 0;
  nn::visit_params(module, [&](const std::string&, auto& p) {
    if (p.rank() == 2) bound = 1 / std::sqrt(static_cast<double>(p.size(1)));
    p.assign(formula::uniform<double>(seed++, p.shape(), -bound, bound));
  });
}

void expect_near(const Double& found, const Json& expected, double tolerance, const std::string& what) {
  ASSERT_EQ(static_cast<std::size_t>(found.size()), expected.size()) << what;
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(found.data()[i], expected[i].get<double>(), tolerance) << what << " " << i;
}

}  // namespace

TEST(GanGolden, LossesAndTheirGradients) {
  const auto all = golden()["losses"];
  EXPECT_EQ(all.size(), 5u);
  for (const auto& [name, want] : all.items()) {
    const auto loss = gan::loss_from(name);
    const auto real = formula::uniform<double>(1, {6, 1}, -4, 4), fake = formula::uniform<double>(2, {6, 1}, -4, 4);
    Tape tape;
    const auto d = gan::discriminator_loss(loss, gan::Logits(real), gan::Logits(fake), want["smoothing"]);
    const auto g = gan::generator_loss(loss, gan::Logits(fake));
    EXPECT_NEAR(d.item(), want["discriminator"].get<double>(), 1e-14) << name;
    EXPECT_NEAR(g.item(), want["generator"].get<double>(), 1e-14) << name;
    const auto [d_real, d_fake] = grad(d, {real, fake});
    expect_near(d_real, want["real"], 1e-15, name);
    expect_near(d_fake, want["fake"], 1e-15, name);
    expect_near(grad(g, fake), want["generator_fake"], 1e-15, name);
  }
}

TEST(GanGolden, PenaltiesAndTheirGradients) {
  const auto want = golden()["penalties"];
  gan::BasicMlpDiscriminator<double> disc(config);
  fill(disc, 50);
  const auto real = formula::uniform<double>(3, {batch, 3}, -2, 2),
             fake = formula::uniform<double>(4, {batch, 3}, -2, 2);
  const auto share = formula::uniform<double>(5, {batch, 1});
  std::vector<Double> params;
  nn::visit_params(disc, [&](const std::string&, auto& p) { params.push_back(p); });
  for (const std::string name : {"wgan_gp", "r1"}) {
    const auto see = [&](const Double& x) { return disc(x, nn::Mode::train); };
    Tape tape;
    const auto value = name == "r1" ? gan::r1(see(real), real) : gan::wgan_gp(see, gan::interpolate(real, fake, share));
    EXPECT_NEAR(value.item(), want[name]["value"].get<double>(), 1e-14) << name;
    const auto gradients = grad(value, params, {.allow_unused = true});
    for (std::size_t k = 0; k < params.size(); ++k) {
      const auto& expected = want[name]["gradients"][k];
      if (expected.is_null()) {
        EXPECT_TRUE(!gradients[k] || sum(abs(gradients[k])).item() == 0) << name << " " << k;
      } else {
        expect_near(gradients[k] ? gradients[k] : Double(params[k].shape(), 0.0), expected, 1e-14, name);
      }
    }
  }
}

TEST(GanGolden, MinibatchStddev) {
  const auto want = golden()["stddev"];
  const auto flat = formula::uniform<double>(6, {6, 4}, -1, 1),
             image = formula::uniform<double>(7, {6, 2, 3, 2}, -1, 1);
  expect_near(gan::minibatch_stddev(flat, 3), want["flat"], 1e-14, "flat");
  expect_near(gan::minibatch_stddev(image, 2), want["image"], 1e-14, "image");
}

TEST(GanGolden, TwentyStepsOfBothPlayers) {
  const auto runs = golden()["training"];
  EXPECT_EQ(runs.size(), 6u);
  for (const auto& run : runs) {
    gan::BasicMlpGenerator<double> gen(config);
    gan::BasicMlpDiscriminator<double> disc(config);
    fill(gen, 1);
    fill(disc, 20);
    const optim::AdamOptions adam{.lr = 2e-3, .beta1 = run["beta1"], .beta2 = run["beta2"]};
    optim::BasicAdam<double> gen_adam(gen, adam), disc_adam(disc, adam);
    const auto players = gan::players(gen, disc, gen_adam, disc_adam);
    const gan::Options options{.loss = gan::loss_from(run["loss"]),
                               .penalty = gan::penalty_from(run["penalty"]),
                               .penalty_weight = run["weight"]};
    const std::string name = std::string(run["loss"]) + ", " + std::string(run["penalty"]);
    std::uint64_t number = 0;
    for (const auto& want : run["losses"]) {
      const auto next = [&](Index, Index) {
        return gan::Batch<double>{formula::uniform<double>(1000 + number, {batch, 3}, -2, 2),
                                  formula::uniform<double>(2000 + number, {batch, 5}, -1.7, 1.7),
                                  {},
                                  formula::uniform<double>(3000 + number, {batch, 1})};
      };
      const auto info = gan::step(players, options, static_cast<Index>(number), Rng(1), next);
      EXPECT_NEAR(info.discriminator_loss, want[0].get<double>(), 1e-8) << name << " step " << number;
      EXPECT_NEAR(info.penalty, want[1].get<double>(), 1e-8) << name << " step " << number;
      EXPECT_NEAR(info.generator_loss, want[2].get<double>(), 1e-8) << name << " step " << number;
      ++number;
    }
    EXPECT_EQ(number, 20u);
  }
}
