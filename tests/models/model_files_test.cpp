// VAEs and generators as files, and files that claim what they do not hold.
#include <gtest/gtest.h>

#include "atelier/models/gan/files.hpp"
#include "atelier/models/lstm_lm/lstm_lm.hpp"
#include "atelier/models/vae/files.hpp"
#include "atelier/models/vae/sample.hpp"
#include "atelier/models/weights.hpp"
#include "atelier/nn/init.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"

using namespace atelier;

namespace {
std::vector<float> values(const Tensor& x) { return {x.data(), x.data() + x.size()}; }
/// As trainers write it.
template <class G> struct Trained {
  G generator;
  static void visit(auto& m, auto&& f) { f("generator", m.generator); }
};
template <class M> M initialised(M model) {
  nn::init(model, Rng(4));
  return model;
}
}  // namespace

TEST(ModelFiles, VaesWithTheirConfiguration) {
  TempFolder folder;
  const auto made = initialised(vae::Vae({.pixels = 12,
                                          .hidden = {7, 5},
                                          .latent = 3,
                                          .likelihood = vae::Likelihood::categorical,
                                          .levels = 4,
                                          .classes = 2}));
  save(made, folder / "model.safetensors");
  for (const auto& path : {folder.path(), folder / "model.safetensors"}) {
    EXPECT_EQ(model_kind(path), "vae");
    const auto read = load<vae::Vae>(path);
    const Tensor z({2, 3}, 0.5f), labels({2, 2}, 1.0f);
    EXPECT_EQ(values(read.decode(z, labels)), values(made.decode(z, labels)));
    EXPECT_EQ(to_json(read.config), to_json(made.config));
  }
}
TEST(ModelFiles, ConvolutionalVaes) {
  TempFolder folder;
  const auto made = initialised(vae::ConvVae({.size = 16, .channels = 1, .width = 4, .latent = 3, .sigma = 0.2}));
  save(made, folder / "faces");
  const auto read = load<vae::ConvVae>(folder / "faces");
  const Tensor z({1, 3}, -0.25f);
  EXPECT_EQ(values(read.decode(z)), values(made.decode(z)));
  EXPECT_EQ(read.config.sigma, 0.2);
}
TEST(ModelFiles, GeneratorsOfEveryKind) {
  TempFolder folder;
  const auto write = [&](const auto& generator, const std::string& config) {
    save_weights(Trained<std::remove_cvref_t<decltype(generator)>>{generator}, folder / "g",
                 {{model_config_key, config}});
  };
  const Tensor z({2, 6}, 0.5f);
  const auto mlp = initialised(gan::MlpGenerator({.features = 2, .latent = 6, .hidden = {8}}));
  write(mlp, R"({"model": "gan_mlp", "features": 2, "latent": 6, "hidden": [8]})");
  EXPECT_EQ(values(load<gan::MlpGenerator>(folder / "g")(z, nn::Mode::eval)), values(mlp(z, nn::Mode::eval)));

  const auto dense = initialised(
      gan::DcganGenerator({.size = 28, .channels = 1, .latent = 6, .width = 4, .first = gan::First::dense}));
  write(dense, R"({"model": "gan_images", "arch": "dense", "size": 28, "channels": 1, "latent": 6, "width": 4})");
  EXPECT_EQ(values(load<gan::DcganGenerator>(folder / "g")(z, nn::Mode::eval)), values(dense(z, nn::Mode::eval)));
  EXPECT_FALSE(gan::image_gan_kind(folder / "g").unet);
  expect_error<InputError>([&] { load<gan::Unet>(folder / "g"); }, {"expected a U-Net, found a DCGAN"});

  const auto unet = initialised(
      gan::Unet({.size = 16, .in = 4, .out = 3, .width = 4, .depth = 2, .keep_known = true, .patch_layers = 1}));
  write(unet, R"({"model": "gan_images", "arch": "dcgan", "task": "inpaint", "size": 16, "channels": 3, "width": 4,)"
              R"( "depth": 2, "latent": 1024})");
  const Tensor image({1, 16, 16, 4}, 0.25f);
  EXPECT_EQ(values(load<gan::Unet>(folder / "g")(image, nn::Mode::eval)), values(unet(image, nn::Mode::eval)));
  EXPECT_FALSE(gan::image_gan_kind(folder / "g").from_noise);

  const auto drawn = initialised(gan::Unet({.size = 16, .width = 4, .depth = 2, .patch_layers = 1, .latent = 6}));
  const std::string sizes =
      R"({"model": "gan_images", "arch": "unet", "size": 16, "channels": 3, "width": 4, "depth": 2)";
  write(drawn, sizes + R"(, "latent": 6})");
  EXPECT_EQ(values(load<gan::Unet>(folder / "g")(z, nn::Mode::eval)), values(drawn(z, nn::Mode::eval)));
  EXPECT_TRUE(gan::image_gan_kind(folder / "g").from_noise);
  write(drawn, sizes + R"(, "latent": 0})");
  expect_error<InputError>([&] { load<gan::Unet>(folder / "g"); }, {"latent", "found 0"});
}
TEST(ModelFiles, RecurrentLanguageModels) {
  TempFolder folder;
  const lstm_lm::Config tied{.vocabulary = 11, .embedding = 16, .hidden = 6, .layers = 2, .dropout = {.between = 0.25}};
  auto adaptive = tied;
  adaptive.output = lstm_lm::Output::adaptive, adaptive.cutoffs = {3, 7};
  const IndexTensor ids({2, 1}, {1, 5});
  for (const auto& c : {tied, adaptive}) {
    const auto made = initialised(lstm_lm::LstmLm(c));
    save(made, folder / "lm");
    EXPECT_EQ(model_kind(folder / "lm"), "lstm_lm");
    const auto read = load<lstm_lm::LstmLm>(folder / "lm");
    EXPECT_EQ(to_json(read.config), to_json(c));
    EXPECT_EQ(read.config.dropout.between, 0.25);
    const auto score = [&](const lstm_lm::LstmLm& m) { return values(m.log_prob(m(ids).features.view({2, 16}, 0))); };
    EXPECT_EQ(score(read), score(made));
  }
}
TEST(ModelFiles, SizesThatTheFileDoesNotHoldTakeNoMemory) {
  TempFolder folder;
  const nn::Linear small{2, 2};
  const auto claim = [&](const std::string& config) {
    save_weights(small, folder / "f", {{model_config_key, config}});
    return folder / "f";
  };
  expect_error<InputError>(
      [&] { load<vae::Vae>(claim(R"({"model": "vae", "pixels": 1000000000, "latent": 9, "hidden": [1000000000]})")); },
      {"expected sizes of a model of the file's 6 numbers, found larger ones"});
  expect_error<InputError>(
      [&] {
        load<gan::MlpGenerator>(claim(R"({"model": "gan_mlp", "features": 2, "latent": 2, "hidden": [1073741824]})"));
      },
      {"larger ones"});
  expect_error<InputError>(
      [&] {
        load<gan::DcganGenerator>(
            claim(R"({"model": "gan_images", "size": 64, "channels": 3, "latent": 1000000000, "width": 1000000000})"));
      },
      {"larger ones"});
  expect_error<InputError>(
      [&] {
        load<lstm_lm::LstmLm>(
            claim(R"({"model": "lstm_lm", "vocabulary": 9, "embedding": 2, "hidden": 100000000, "layers": 1})"));
      },
      {"larger ones"});
  expect_error<InputError>(
      [&] { load<vae::Vae>(claim(R"({"model": "vae", "pixels": -4, "latent": 9, "hidden": [1]})")); },
      {"pixels: expected a positive number, found -4"});
  expect_error<InputError>(
      [&] { load<vae::Vae>(claim(R"({"model": "vae", "pixels": 4, "latent": 9, "hidden": "x"})")); },
      {"hidden: expected a list of whole numbers"});
  expect_error<InputError>([&] { load<vae::Vae>(claim(R"({"model": "gpt"})")); }, {"model: expected vae, found gpt"});
  expect_error<InputError>([&] { load<vae::Vae>(claim("[")); }, {"f: atelier.config: expected", "JSON"});
}
TEST(ModelFiles, NothingThere) {
  TempFolder folder;
  expect_error<InputError>([&] { load<vae::Vae>(folder.path()); },
                           {"model.safetensors: expected a model file, found none"});
  const nn::Linear linear{2, 2};
  save_weights(linear, folder / "weights");
  expect_error<InputError>([&] { model_kind(folder / "weights"); }, {"expected a configuration", "found none"});
}
