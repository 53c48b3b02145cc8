// Training is that of PyTorch: same weights, data and noise, 50 steps of the 784-400-20 VAE (scripts/golden/vae.py).
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "atelier/atelier.hpp"
#include "support/formula.hpp"

using namespace atelier;

namespace {

nlohmann::json golden() {
  std::ifstream file(ATELIER_TEST_DIR "/golden/vae.json");
  return nlohmann::json::parse(file);
}

vae::Vae formula_vae() {
  vae::Vae model;
  formula::fill(model);
  return model;
}

struct Example {
  Tensor x, noise;
};
Example example(std::uint64_t step) {
  return {formula::uniform(1000 + step, {128, 784}), formula::uniform(2000 + step, {128, 20}, -1.7, 1.7)};
}

/// Both terms of the loss, relative to the loss, over the golden steps.
void expect_losses(Precision precision, double tolerance) {
  const PrecisionScope scope(precision);
  const auto expected = golden()["losses"];
  auto model = formula_vae();
  auto adam = vae::make_optimizer(model);
  double worst = 0;
  for (std::size_t step = 0; step < expected.size(); ++step) {
    const auto [x, noise] = example(step);
    Tape tape;
    const auto elbo = vae::negative_elbo(model, x, noise);
    adam.step(elbo.loss);
    const double reconstruction = expected[step][0], kl = expected[step][1], loss = reconstruction + kl;
    worst = std::max(worst, std::abs(elbo.loss.item() - loss) / loss);
    EXPECT_NEAR(elbo.kl.item(), kl, tolerance * loss) << "step " << step;
  }
  EXPECT_LE(worst, tolerance);
  testing::Test::RecordProperty("worst", std::to_string(worst));
}

}  // namespace

TEST(VaeGolden, LossesOfFiftyStepsHighest) { expect_losses(Precision::highest, 5e-6); }
TEST(VaeGolden, LossesOfFiftyStepsHigh) { expect_losses(Precision::high, 1e-4); }
TEST(VaeGolden, LossesOfFiftyStepsMedium) { expect_losses(Precision::medium, 1e-4); }

TEST(VaeGolden, GradientsOfTheFirstStep) {
  const auto expected = golden()["gradients"];
  auto model = formula_vae();
  std::vector<Tensor> params;
  std::vector<std::string> names;
  nn::visit_params(model, [&](const std::string& name, auto& p) {
    params.push_back(p);
    names.push_back(name);
  });
  ASSERT_EQ(names.size(), expected.size());
  const auto [x, noise] = example(0);
  Tape tape;
  const auto gradients = grad(vae::negative_elbo(model, x, noise).loss, params);
  for (std::size_t k = 0; k < names.size(); ++k) {
    const auto& want = expected.at(names[k]);
    const auto found = formula::fingerprint(gradients[k], k);
    const double norm = want["norm"];
    double square = 0;  // of the difference's norm, estimated: see formula.py
    for (std::size_t i = 0; i < found.products.size(); ++i)
      square += std::pow(found.products[i] - want["products"][i].get<double>(), 2);
    EXPECT_LE(std::sqrt(square / static_cast<double>(found.products.size())), 1e-5 * norm) << names[k];
    EXPECT_NEAR(found.norm, norm, 1e-5 * norm) << names[k];
  }
}
