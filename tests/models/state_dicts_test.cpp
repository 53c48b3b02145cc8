// State dicts of whole models in PyTorch (scripts/golden/model_state_dicts.py) load and give its outputs; what is saved
// again is what PyTorch wrote.
#include <gtest/gtest.h>

#include "atelier/models/gan/dcgan.hpp"
#include "atelier/models/transformer/gpt.hpp"
#include "atelier/models/vae/model.hpp"
#include "atelier/models/weights.hpp"
#include "atelier/ops/image_layout.hpp"
#include "support/temp_folder.hpp"

using namespace atelier;

namespace {
const char* const golden = ATELIER_TEST_DIR "/golden/model_state_dicts.safetensors";

class ModelStateDict : public testing::Test {
 protected:
  template <class M> M loaded(M model, const std::string& name) {
    load_weights(model, golden, {.prefix = name + ".", .unexpected_ok = name == "gpt"});  // which has the head twice
    return model;
  }
  void expect_output(const std::string& name, const Tensor& y) const {
    const auto truth = file_.read<float>("out:" + name);
    ASSERT_EQ(y.shape(), truth.shape());
    for (Index i = 0; i < y.size(); ++i) ASSERT_NEAR(y.data()[i], truth.data()[i], 1e-5) << name << " at " << i;
  }
  /// Names, shapes, types and numbers, so that load_state_dict() takes them. A whole number comes back as a real one.
  template <class M> void expect_saved_as_pytorch_saves(const M& model, const std::string& name) const {
    const TempFolder folder;
    save_weights(model, folder / "model");
    const auto saved = io::SafetensorsFile::open(folder / "model");
    std::size_t expected = 0;
    for (const auto& info : file_.tensors()) {
      if (!info.name.starts_with(name + ".") || info.name == "gpt.lm_head.weight") continue;
      const auto own = info.name.substr(name.size() + 1);
      ASSERT_TRUE(saved.contains(own)) << own;
      ++expected;
      if (info.dtype != io::DType::F32) {
        EXPECT_EQ(saved.read<float>(own).item(), 1) << own;
        continue;
      }
      EXPECT_EQ(saved.info(own).shape, info.shape) << own;
      EXPECT_EQ(saved.read<float>(own).to_vector(), file_.read<float>(info.name).to_vector()) << own;
    }
    EXPECT_EQ(saved.tensors().size(), expected);
  }
  io::SafetensorsFile file_ = io::SafetensorsFile::open(golden);
};
}  // namespace

TEST_F(ModelStateDict, Vae) {
  const auto vae = loaded(vae::Vae({.pixels = 12, .hidden = {7, 5}, .latent = 3}), "vae");
  const auto code = vae.encode(file_.read<float>("in:vae"));
  expect_output("vae", concat(std::vector{code.mean, code.logvar, vae.decode(code.mean)}, 1));
  expect_saved_as_pytorch_saves(vae, "vae");
}
TEST_F(ModelStateDict, Dcgan) {
  const gan::ImageConfig c{.size = 16, .channels = 3, .latent = 5, .width = 2};
  const auto generator = loaded(gan::DcganGenerator(c), "generator");
  const auto z = reshape(file_.read<float>("in:generator"), {4, 5});
  expect_output("generator", channels_first(generator(z, nn::Mode::eval)));
  expect_saved_as_pytorch_saves(generator, "generator");
  const auto discriminator = loaded(gan::DcganDiscriminator(c), "discriminator");
  const auto images = channels_last(file_.read<float>("in:discriminator"));
  expect_output("discriminator", reshape(discriminator(images, nn::Mode::eval).values, {4}));
  expect_saved_as_pytorch_saves(discriminator, "discriminator");
}
TEST_F(ModelStateDict, Gpt) {
  const auto gpt =
      loaded(transformer::Gpt({.vocabulary = 11, .context = 6, .width = 8, .layers = 2, .heads = 2}), "gpt");
  expect_output("gpt", gpt(file_.read<std::int32_t>("in:gpt")));
  expect_saved_as_pytorch_saves(gpt, "gpt");
}
