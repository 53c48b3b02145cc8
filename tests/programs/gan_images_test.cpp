// Runs of gan_mnist and gan_celeba: what they leave, how they stop and go on, what every flag does.
#include "programs/gan_images_program.hpp"

namespace {

using namespace atelier;

/// The run as it was when step `step` had been saved and nothing later.
void cut_back(const RunFiles& run, int step) {
  char last[64];
  std::snprintf(last, sizeof last, "step-%08d.safetensors", step);
  for (const auto& file : run.checkpoints())
    if (file.filename().string() > last) fs::remove(file);
  ASSERT_EQ(run.checkpoints().back().filename().string(), last);
  for (const char* file : {"summary.json", "model.safetensors", "curves.png"}) fs::remove(run.folder / file);
}

Shape shape(const RunFiles& run, const std::string& tensor) {
  return io::SafetensorsFile::open(run.folder / "model.safetensors").info(tensor).shape;
}

TEST_F(GanImages, LeaveARunFolder) {
  const auto d = trained(digits(), "digits", {{"--epochs", "1"}}), f = trained(faces(), "faces");
  for (const char* key : {"modes", "class_kl", "confident", "one_nn", "kid", "modes_real", "class_kl_real",
                          "confident_real", "one_nn_real", "kid_real"})
    EXPECT_TRUE(d.metrics().contains(key)) << key;
  for (const char* key : {"swd", "ms_ssim", "swd_real", "ms_ssim_real"}) EXPECT_TRUE(f.metrics().contains(key)) << key;
  for (const char* part : {"identity", "c148", "resized to 16 x 16", "[-1, 1]", "12 samples", "averaged"})
    EXPECT_NE(f.summary().at("protocol").get<std::string>().find(part), std::string::npos) << part;
  for (const auto& run : {d, f}) {
    for (const char* key : {"train_d_loss", "train_g_loss", "train_d_real", "train_d_fake", "train_d_gradient",
                            "train_g_gradient", "train_spread"})
      EXPECT_TRUE(run.log().back().contains(key)) << key;
    const auto pictures = files_below(run.folder / "samples");
    EXPECT_EQ(pictures.size(), 4u);  // samples, interpolations, truncation, animation
    EXPECT_NE(pictures.at("animation.png").find("acTL"), std::string::npos);
    run.expect_no_temporaries();
  }
}

TEST_F(GanImages, TheAverageHasStatisticsOfItsOwn) {
  const auto batches = [](const fs::path& file, const std::string& player) {
    return io::SafetensorsFile::open(file).read<float>(player + ".main.1.num_batches_tracked").item();
  };
  const auto run = trained(faces(), "faces", {{"--steps", "3"}});
  EXPECT_EQ(batches(run.folder / "model.safetensors", "generator"), 16);
  EXPECT_EQ(batches(run.checkpoints().back(), "average"), 16);
  EXPECT_EQ(batches(run.checkpoints().back(), "generator"), 3);
}

TEST_F(GanImages, GoOnBitForBitFromTwoSteps) {
  for (const auto& [trainer, flags] :
       {std::pair{digits(), Flags{{"--stddev-group", "4"}, {"--n-critic", "2"}}},
        std::pair{faces(), Flags{{"--norm", "spectral"}, {"--loss", "hinge"}, {"--diffaugment", "colour,cutout"}}}}) {
    Flags all = flags;
    all.merge(Flags{{"--steps", "5"}, {"--checkpoint-every", "1"}});
    const auto whole = trained(trainer, trainer.name, all);
    all["--resume"] = "";
    for (const int step : {3, 4}) {
      const std::string out = trainer.name + std::to_string(step);
      fs::copy(whole.folder, folder_ / out, fs::copy_options::recursive);
      cut_back(files(out), step);
      expect_same_run(whole, trained(trainer, out, all));
    }
  }
}

TEST_F(GanImages, SlowKillsOfDigits) {
  if (!std::getenv("ATELIER_SLOW_TESTS")) GTEST_SKIP() << "takes minutes; set ATELIER_SLOW_TESTS=1";
  survive_kills(digits());
}
TEST_F(GanImages, SlowKillsOfFaces) {
  if (!std::getenv("ATELIER_SLOW_TESTS")) GTEST_SKIP() << "takes minutes; set ATELIER_SLOW_TESTS=1";
  survive_kills(faces());
}

TEST_F(GanImages, OneAndTwoThreadsLeaveTheSameFiles) {
  for (const auto& trainer : {digits(), faces()}) {
    const auto one = trained(trainer, trainer.name + "1", {{"--steps", "2"}, {"--width", "16"}}),
               two = trained(trainer, trainer.name + "2", {{"--steps", "2"}, {"--width", "16"}, {"--threads", "2"}});
    expect_same_run(one, two);
    EXPECT_TRUE(files_below(one.folder / "checkpoints") == files_below(two.folder / "checkpoints"));
  }
}

TEST_F(GanImages, ASignalLeavesACheckpoint) {
  Process p(command(faces(), "run", {{"--steps", "100000"}, {"--checkpoint-every", "1"}}));
  ASSERT_TRUE(wait_until([&] { return files("run").checkpoints().size() > 1 || !p.running(); }));
  p.kill(SIGTERM);
  const Ended e = p.wait();
  EXPECT_EQ(e.code, 128 + SIGTERM) << e.err;
  EXPECT_EQ(e.err, "gan_celeba: stopped by signal 15; continue with --resume\n");
  files("run").expect_checkpoints_load();
}

TEST_F(GanImages, FlagsOfTheNetworksChangeThem) {
  const auto d = trained(digits(), "plain");
  EXPECT_EQ(shape(d, "generator.main.0.weight"), Shape({4 * 4 * 16, 6}));
  const auto preset = trained(digits(), "preset", {{"--preset", "digits"}});
  EXPECT_EQ(preset.config().at("penalty"), "r1");
  EXPECT_EQ(preset.config().at("norm"), "none");
  EXPECT_EQ(preset.config().at("lr"), 1e-3);
  EXPECT_EQ(preset.config().at("conditional"), true);
  const auto free = trained(digits(), "free", {{"--preset", "digits"}, {"--no-conditional", ""}});
  EXPECT_EQ(free.config().at("conditional"), false);
  const auto arch = trained(digits(), "arch", {{"--arch", "dcgan"}});
  EXPECT_EQ(shape(arch, "generator.main.0.weight"), Shape({6, 16, 4, 4}));
  const auto wide = trained(digits(), "wide", {{"--width", "6"}, {"--d-width", "3"}, {"--latent", "9"}});
  EXPECT_EQ(shape(wide, "generator.main.0.weight"), Shape({4 * 4 * 24, 9}));
  EXPECT_EQ(shape(wide, "discriminator.main.0.weight"), Shape({3, 1, 4, 4}));
  const auto large = trained(digits(), "large", {{"--size", "32"}});
  EXPECT_EQ(shape(d, "generator.main.3.weight"), Shape({16, 8, 3, 3}));  // 4 x 4 -> 7 x 7
  EXPECT_EQ(shape(large, "generator.main.3.weight"), Shape({16, 8, 4, 4}));
  const auto labels = trained(digits(), "labels", {{"--conditional", ""}});
  EXPECT_EQ(shape(labels, "generator.embedding.weight"), Shape({10, 6}));
  EXPECT_EQ(shape(labels, "discriminator.embedding.weight"), Shape({10, 16}));
  const auto group = trained(digits(), "group", {{"--stddev-group", "4"}});
  EXPECT_EQ(shape(group, "discriminator.main.8.weight"), Shape({1, 17, 4, 4}));
  const auto spectral = trained(digits(), "spectral", {{"--norm", "spectral"}});
  EXPECT_EQ(shape(spectral, "discriminator.main.2.parametrizations.weight.0._u"), Shape({8}));
  const auto unet = trained(faces(), "unet", {{"--preset", "faces_seed"}, {"--depth", "2"}});
  EXPECT_EQ(shape(unet, "generator.down.1.weight"), Shape({8, 4, 4, 4}));
  EXPECT_EQ(unet.config().at("lr"), 1e-4);
}

TEST_F(GanImages, FlagsOfTheTrainingChangeTheResult) {
  const auto d = trained(digits(), "plain");
  int runs = 0;
  for (const Flags& flags : {Flags{{"--dropout", "0"}}, Flags{{"--diffaugment", "translation"}}, Flags{{"--flip", ""}},
                             Flags{{"--loss", "lsgan"}}, Flags{{"--penalty", "r1"}}, Flags{{"--n-critic", "2"}},
                             Flags{{"--ema", "0"}}, Flags{{"--seed", "2"}}, Flags{{"--lr", "1e-3"}},
                             Flags{{"--beta1", "0"}}, Flags{{"--batch", "4"}}, Flags{{"--accumulate", "2"}}})
    EXPECT_FALSE(trained(digits(), "run-" + std::to_string(++runs), flags).model() == d.model())
        << flags.begin()->first;
  const auto f = trained(faces(), "faces");
  for (const Flags& flags : {Flags{{"--crop", "c108"}}, Flags{{"--split", "count"}}, Flags{{"--holdout", "20"}},
                             Flags{{"--no-flip", ""}}, Flags{{"--norm", "none"}, {"--penalty", "wgan_gp"}}})
    EXPECT_FALSE(trained(faces(), "run-" + std::to_string(++runs), flags).model() == f.model()) << flags.begin()->first;
  const auto cached = trained(faces(), "cached", {{"--cache", folder_.path()}});
  EXPECT_TRUE(cached.model() == f.model());
  EXPECT_TRUE(fs::exists(folder_ / "images-c148-16x16x3.safetensors"));
}

TEST_F(GanImages, FromImageToImage) {
  const auto colours = trained(faces(), "colorize", {{"--task", "colorize"}, {"--depth", "2"}});
  const auto holes = trained(faces(), "inpaint", {{"--task", "inpaint"}, {"--depth", "2"}});
  EXPECT_EQ(shape(colours, "generator.down.0.weight"), Shape({4, 1, 4, 4}));
  EXPECT_EQ(shape(holes, "generator.down.0.weight"), Shape({4, 4, 4, 4}));
  EXPECT_EQ(shape(holes, "discriminator.layers.0.weight"), Shape({4, 7, 4, 4}));
  for (const auto& run : {colours, holes}) {
    for (const char* key : {"psnr", "psnr_input", "ms_ssim_pair", "ms_ssim_pair_input", "swd"})
      EXPECT_TRUE(run.metrics().contains(key)) << key;
    EXPECT_TRUE(run.log().back().contains("train_l1"));
    EXPECT_EQ(run.config().at("l1"), 100);
  }
  const auto light = trained(faces(), "light", {{"--task", "colorize"}, {"--depth", "2"}, {"--l1", "1"}});
  EXPECT_FALSE(light.model() == colours.model());
  refuse(faces(), {{"--task", "colorize"}, {"--diffaugment", "colour"}}, {"--diffaugment"});
  refuse(faces(), {{"--task", "sharpen"}}, {"--task", "sharpen"});
}

TEST_F(GanImages, FacesByTheirAttributes) {
  const auto two = trained(faces(), "two", {{"--conditional", ""}, {"--attributes", "Smiling,Young"}});
  EXPECT_EQ(shape(two, "generator.embedding.weight"), Shape({4, 6}));
  EXPECT_EQ(two.config().at("attributes"), "Smiling,Young");
  EXPECT_EQ(two.config().at("labels"), "0 none, 1 Young, 2 Smiling, 3 Smiling+Young");
  const auto one = trained(faces(), "one", {{"--conditional", ""}, {"--attributes", "Bald"}});
  EXPECT_EQ(shape(one, "discriminator.embedding.weight"), Shape({2, 8}));
  refuse(faces(), {{"--conditional", ""}}, {"'Male'", "Bald, Smiling, Young"});
  refuse(faces(), {{"--conditional", ""}, {"--attributes", "Bald,"}}, {"''"});
  refuse(faces(), {{"--attributes", "Bald"}}, {"--attributes", "--conditional"});
  refuse(faces(), {{"--conditional", ""}, {"--task", "colorize"}}, {"--conditional", "U-Net"});
}

TEST_F(GanImages, AnyFolderOfImages) {
  for (const char* kind : {"cats", "dogs"}) fs::create_directories(data_ / "photos" / kind);
  for (int i = 0; i < 48; ++i)
    io::write_png(data_ / "photos" / (i % 3 ? "cats" : "dogs") / (std::to_string(i) + ".png"), test_image(i, 40, 30));
  ImageTrainer photos = faces();
  photos.flags.insert_or_assign("--data", data_ / "photos");
  const auto run = trained(photos, "run");
  for (const char* part : {"48 of 48 images of 40 x 30", "square", "split by count", "36 training, 12 test"})
    EXPECT_NE(run.summary().at("protocol").get<std::string>().find(part), std::string::npos) << part;
  Flags by_kind = {{"--conditional", ""}, {"--checkpoint-every", "1"}};
  const auto animals = trained(photos, "animals", by_kind);
  EXPECT_EQ(shape(animals, "generator.embedding.weight"), Shape({2, 6}));
  EXPECT_EQ(animals.config().at("labels"), "0 cats, 1 dogs");
  EXPECT_EQ(animals.config().at("split"), "count");
  EXPECT_NE(animals.summary().at("protocol").get<std::string>().find("labels as held-out"), std::string::npos);
  const auto whole = trained(photos, "whole", {{"--crop", "whole"}});
  EXPECT_FALSE(whole.model() == run.model());
  refuse(photos, {{"--holdout", "48"}}, {"0 to 47 images", "48"});
  refuse(photos, {{"--split", "identity"}}, {"--split", "count", "'identity'"});
  refuse(photos, {{"--crop", "c108"}}, {"--crop", "square or whole", "'c108'"});
  refuse(photos, {{"--conditional", ""}, {"--attributes", "Male"}}, {"--attributes", "not CelebA's"});
  refuse(faces(), {{"--data", data_ / "img_align_celeba"}}, {"expected the folder img_align_celeba"}, 3);
  cut_back(animals, 3);
  by_kind["--resume"] = "";
  fs::rename(data_ / "photos/cats/8.png", data_ / "photos/dogs/!8.png");  // the last cat becomes the first dog
  expect_failure_of(photos.name, train(photos, "animals", by_kind), 2, {"data_sha256"});
}

TEST_F(GanImages, WhatMakesNoRunIsRefusedInOneLine) {
  refuse(digits(), {{"--size", "30"}}, {"--size", "30"});
  refuse(digits(), {{"--arch", "resnet"}}, {"--arch", "resnet"});
  refuse(digits(), {{"--norm", "layer"}}, {"norm", "layer"});
  refuse(digits(), {{"--dropout", "1"}}, {"dropout"});
  refuse(digits(), {{"--stddev-group", "3"}}, {"--stddev-group", "8"});
  refuse(digits(), {{"--batch", "1000"}}, {"--batch", "96"});
  refuse(digits(), {{"--arch", "unet"}, {"--conditional", ""}}, {"--conditional"});
  refuse(digits(), {{"--diffaugment", "blur"}}, {"augment", "blur"});
  refuse(faces(), {{"--size", "48"}}, {"size", "48"});
  refuse(faces(), {{"--crop", "c100"}}, {"crop", "c100"});
  refuse(faces(), {{"--l1", "1"}}, {"--l1"});
  refuse(faces(), {{"--data", folder_ / "nowhere"}}, {"nowhere"}, 3);
}

class VaeFaces : public GanImages {
 protected:
  ImageTrainer vae() const {
    ImageTrainer t = faces();
    return {"vae_celeba", ATELIER_VAE_CELEBA, t.flags};
  }
};

TEST_F(VaeFaces, LeavesARunFolderAndGoesOnBitForBit) {
  Flags flags = {{"--steps", "5"}, {"--checkpoint-every", "1"}};
  const auto whole = trained(vae(), "whole", flags);
  for (const char* key : {"test_neg_elbo", "test_reconstruction", "test_kl", "active_units", "swd", "ms_ssim",
                          "swd_real", "ms_ssim_real"})
    EXPECT_TRUE(whole.metrics().contains(key)) << key;
  EXPECT_EQ(files_below(whole.folder / "samples").size(), 8u);  // after the epoch of 4 steps, and at the end
  flags["--resume"] = "";
  for (const int step : {3, 4}) {
    const std::string out = "cut" + std::to_string(step);
    fs::copy(whole.folder, folder_ / out, fs::copy_options::recursive);
    cut_back(files(out), step);
    expect_same_run(whole, trained(vae(), out, flags));
  }
  expect_same_run(whole, trained(vae(), "two", {{"--steps", "5"}, {"--threads", "2"}}));
}

TEST_F(VaeFaces, FlagsChangeTheResult) {
  const auto plain = trained(vae(), "plain");
  int runs = 0;
  for (const Flags& flags :
       {Flags{{"--likelihood", "gaussian_learned"}}, Flags{{"--sigma", "0.2"}}, Flags{{"--beta", "4"}},
        Flags{{"--free-bits", "1"}}, Flags{{"--kl-warmup", "9"}}, Flags{{"--no-flip", ""}}, Flags{{"--width", "8"}},
        Flags{{"--latent", "3"}}, Flags{{"--crop", "c108"}}})
    EXPECT_FALSE(trained(vae(), "run-" + std::to_string(++runs), flags).model() == plain.model())
        << flags.begin()->first;
  refuse(vae(), {{"--size", "28"}}, {"size", "28"});
  refuse(vae(), {{"--sigma", "0"}}, {"sigma"});
  refuse(vae(), {{"--likelihood", "categorical"}}, {"categorical"});
  refuse(vae(), {{"--beta", "-1"}}, {"--beta"});
}

TEST_F(GanImages, TheClassifierIsTrainedByTheSameRecipe) {
  const ImageTrainer t{"digit_classifier", ATELIER_DIGIT_CLASSIFIER, {{"--data", data_ / "digits"}}};
  const auto short_run = [&](const std::string& out, const Flags& more) {
    Flags flags = {{"--out", folder_ / out}, {"--batch", "8"}, {"--threads", "1"},
                   {"--progress", "none"},   {"--steps", "3"}, {"--data", data_ / "digits"}};
    for (const auto& [flag, value] : more) flags.insert_or_assign(flag, value);
    const Ended e = run(command_of(t.program, flags));
    EXPECT_EQ(e.code, 0) << e.err;
    return files(out);
  };
  const auto plain = short_run("plain", {});
  EXPECT_TRUE(plain.metrics().contains("test_accuracy"));
  EXPECT_FALSE(short_run("still", {{"--shift", "0"}}).model() == plain.model());
}

}  // namespace
