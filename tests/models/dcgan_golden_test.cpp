// The DCGAN is PyTorch's: 20 steps in double with the same weights, noise and images; losses and gradients in float
// from the same states (scripts/golden/dcgan.py).
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "atelier/atelier.hpp"
#include "support/formula.hpp"

using namespace atelier;
using Json = nlohmann::json;

namespace {

const Json& golden() {
  static const Json json = Json::parse(std::ifstream(ATELIER_TEST_DIR "/golden/dcgan.json"));
  return json;
}

constexpr Index batch = 8;
const gan::ImageConfig config{.size = 32, .latent = 6, .width = 4};
const optim::AdamOptions adam{.lr = 2e-4, .beta1 = 0.5};

/// Weights by formula, seeds counted from `seed` in the order of the parameters; running statistics as they begin.
template <class M> void fill(M& module, std::uint64_t seed) {
  nn::init(module, Rng(0));
  nn::visit_params(module, [&](const std::string& name, auto& p) {
    const bool around_zero = p.rank() == 4 || name.ends_with("bias");
    p.assign(formula::uniform<double>(seed++, p.shape(), around_zero ? -0.2 : 0.8, around_zero ? 0.2 : 1.2));
  });
}

template <class T> gan::Batch<T> data(std::uint64_t step) {
  const auto images = formula::uniform<T>(1000 + step, {batch, 3, 32, 32}, -1, 1);
  return {channels_last(images), formula::uniform<T>(2000 + step, {batch, 6}, -1.7, 1.7)};
}

/// The norm of the difference from a stored tensor, over that tensor's norm (formula::fingerprint).
template <class T> double relative_difference(const BasicTensor<T>& found, const Json& want, std::uint64_t seed) {
  const auto f = formula::fingerprint(found, seed, 8);
  double square = 0;
  for (std::size_t k = 0; k < 8; ++k) square += std::pow(f.products[k] - want["products"][k].get<double>(), 2) / 8;
  return std::sqrt(square) / std::max(want["norm"].get<double>(), 1e-12);
}

template <class M> void expect_state(const M& module, const Json& want) {
  std::uint64_t seed = 0;
  nn::visit_all(module, [&](const std::string& name, const auto& p) {
    std::string key = name.substr(5);  // main.
    ASSERT_TRUE(want.contains(key)) << key;
    EXPECT_LT(relative_difference<double>(p, want[key], ++seed), 1e-8) << name;
  });
  EXPECT_EQ(seed, want.size());
}

/// The same network in float.
template <class To, class From> To in_float(const From& from) {
  To to(config);
  std::vector<std::vector<double>> values;
  nn::visit_all(from, [&](const std::string&, const auto& p) { values.emplace_back(p.data(), p.data() + p.size()); });
  std::size_t k = 0;
  nn::visit_all(to, [&](const std::string&, auto& p) {
    std::copy(values[k].begin(), values[k].end(), p.write());
    ++k;
  });
  return to;
}

template <class M> void expect_gradients(const Tensor& loss, const M& net, const Json& want, const std::string& what) {
  EXPECT_NEAR(loss.item(), want["loss"].get<double>(), 1e-4) << what;
  std::vector<Tensor> params;
  nn::visit_params(net, [&](const std::string&, const auto& p) { params.push_back(p); });
  const auto gradients = grad(loss, params);
  ASSERT_EQ(gradients.size(), want["gradients"].size());
  for (std::size_t k = 0; k < params.size(); ++k)
    EXPECT_LT(relative_difference(gradients[k], want["gradients"][k], k + 1), 1e-3) << what << " " << k;
}

struct InDouble {
  gan::BasicDcganGenerator<double> gen{config};
  gan::BasicDcganDiscriminator<double> disc{config};
  optim::BasicAdam<double> gen_adam{(fill(gen, 1), gen), adam}, disc_adam{(fill(disc, 100), disc), adam};
};

}  // namespace

TEST(DcganGolden, TwentyStepsInDouble) {
  InDouble net;
  std::uint64_t step = 0;
  for (const auto& want : golden()["losses"]) {
    const auto info = gan::step(gan::players(net.gen, net.disc, net.gen_adam, net.disc_adam), {},
                                static_cast<Index>(step), Rng(1), [&](Index, Index) { return data<double>(step); });
    EXPECT_NEAR(info.discriminator_loss, want[0].get<double>(), 1e-8) << step;
    EXPECT_NEAR(info.generator_loss, want[1].get<double>(), 1e-8) << step;
    ++step;
  }
  EXPECT_EQ(step, 20u);
  expect_state(net.gen, golden()["generator"]);
  expect_state(net.disc, golden()["discriminator"]);
}

TEST(DcganGolden, LossesAndGradientsInFloatFromTheSameStates) {
  InDouble net;
  std::size_t looked_at = 0;
  for (std::uint64_t step = 0; step < 20; ++step) {
    const auto& next = golden()["float"][looked_at];
    const bool look = next["step"] == step;
    const std::string what = "step " + std::to_string(step);
    const auto small = data<float>(step);
    const auto large = data<double>(step);
    if (look) {
      const auto gen = in_float<gan::DcganGenerator>(net.gen);
      const auto disc = in_float<gan::DcganDiscriminator>(net.disc);
      const auto fake = gen(small.noise, nn::Mode::train);
      Tape tape;
      const auto loss = gan::discriminator_loss(gan::Loss::non_saturating, disc(small.real, nn::Mode::train),
                                                disc(fake, nn::Mode::train));
      expect_gradients(loss, disc, next["d"], what + " discriminator");
    }
    Tape tape;
    const auto fake = net.gen(large.noise, nn::Mode::train);
    {
      Tape inner;
      net.disc_adam.step(gan::discriminator_loss(gan::Loss::non_saturating, net.disc(large.real, nn::Mode::train),
                                                 net.disc(fake, nn::Mode::train)));
    }
    if (look) {
      const auto gen = in_float<gan::DcganGenerator>(net.gen);
      const auto disc = in_float<gan::DcganDiscriminator>(net.disc);
      Tape inner;
      const auto loss =
          gan::generator_loss(gan::Loss::non_saturating, disc(gen(small.noise, nn::Mode::train), nn::Mode::train));
      expect_gradients(loss, gen, next["g"], what + " generator");
      looked_at = std::min(looked_at + 1, golden()["float"].size() - 1);
    }
    net.gen_adam.step(gan::generator_loss(gan::Loss::non_saturating, net.disc(fake, nn::Mode::train)));
  }
  EXPECT_EQ(looked_at, golden()["float"].size() - 1);
}
