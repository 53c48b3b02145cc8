// State dicts of whole models in PyTorch (scripts/golden/model_state_dicts.py).
#include "models/state_dict.hpp"

#include "atelier/models/gan/dcgan.hpp"
#include "atelier/models/transformer/gpt.hpp"
#include "atelier/models/vae/model.hpp"
#include "atelier/ops/image_layout.hpp"

using namespace atelier;

namespace {
struct ModelStateDict : StateDictFile {
  ModelStateDict() : StateDictFile(ATELIER_TEST_DIR "/golden/model_state_dicts.safetensors") {}
};
}  // namespace

TEST_F(ModelStateDict, Vae) {
  const auto vae = loaded(vae::Vae({.pixels = 12, .hidden = {7, 5}, .latent = 3}), "vae");
  const auto code = vae.encode(input("vae"));
  expect_output("vae", concat(std::vector{code.mean, code.logvar, vae.decode(code.mean)}, 1));
}
TEST_F(ModelStateDict, Dcgan) {
  const gan::ImageConfig c{.size = 16, .channels = 3, .latent = 5, .width = 2};
  const auto generator = loaded(gan::DcganGenerator(c), "generator");
  expect_output("generator", channels_first(generator(reshape(input("generator"), {4, 5}), nn::Mode::eval)));
  const auto discriminator = loaded(gan::DcganDiscriminator(c), "discriminator");
  const auto images = channels_last(input("discriminator"));
  expect_output("discriminator", reshape(discriminator(images, nn::Mode::eval).values, {4}));
}
TEST_F(ModelStateDict, Gpt) {
  const transformer::Config c{.vocabulary = 11, .context = 6, .width = 8, .layers = 2, .heads = 2};
  expect_output("gpt", loaded(transformer::Gpt(c), "gpt", "lm_head.weight")(indices("gpt")));
}
