/// Every flag of gan_toy does what it says, and flags that make no run are refused in one line.
#include "programs/gan_toy_program.hpp"
#include "support/precision.hpp"

namespace {

using namespace atelier;

class GanToyFlags : public GanToyProgram {
 protected:
  GanToyFlags() : plain_(trained("plain")) {}

  RunFiles with(const Flags& flags) { return trained("run-" + std::to_string(++runs_), flags); }
  /// A run whose configuration says `value` under `key`, in its model part when that has it, and whose model is
  /// another.
  RunFiles changes(const Flags& flags, const std::string& key, const Json& value) {
    const auto run = with(flags);
    const Json config = run.config(), &model = config.at("model");
    EXPECT_EQ(model.contains(key) ? model.at(key) : config.at(key), value);
    EXPECT_FALSE(run.model() == plain_.model()) << key << " changes nothing";
    return run;
  }
  static Shape shape(const RunFiles& run, const std::string& tensor) {
    return io::SafetensorsFile::open(run.folder / "model.safetensors").info(tensor).shape;
  }
  static double last(const RunFiles& run, const std::string& name) { return run.log().back().at(name).get<double>(); }
  void refuse(const Flags& flags, const std::vector<std::string>& parts) {
    expect_failure(train("refused", flags), 2, parts);
    EXPECT_FALSE(fs::exists(folder_ / "refused"));
  }

  RunFiles plain_;
  int runs_ = 0;
};

TEST_F(GanToyFlags, PresetsAreWhatIsLearntAndHow) {
  const auto grid = changes({{"--preset", "grid"}}, "preset", "grid");
  EXPECT_NE(grid.summary().at("protocol").get<std::string>().find("25 modes"), std::string::npos);
  EXPECT_NE(plain_.summary().at("protocol").get<std::string>().find("8 modes"), std::string::npos);
  EXPECT_EQ(plain_.config().at("penalty_weight"), 0.02);
  EXPECT_EQ(grid.config().at("penalty_weight"), 0.3);
  EXPECT_EQ(with({{"--preset", "grid"}, {"--penalty-weight", "0.5"}}).config().at("penalty_weight"), 0.5);
  EXPECT_EQ(grid.config().at("batch"), 24);
  refuse({{"--preset", "spiral"}}, {"spiral"});
}

TEST_F(GanToyFlags, Loss) {
  std::set<std::string> models;  // of a discriminator that learns fast, so that its logits leave [-1, 1]
  for (const std::string name : {"non_saturating", "minimax", "lsgan", "hinge", "wasserstein"}) {
    const auto run = with({{"--loss", name}, {"--d-lr", "0.2"}});
    EXPECT_EQ(run.config().at("loss"), name);
    EXPECT_TRUE(models.insert(run.model()).second) << name;
  }
  EXPECT_EQ(with({{"--loss", "non_saturating"}}).model(), plain_.model());
  refuse({{"--loss", "cross"}}, {"loss", "cross"});
  changes({{"--label-smoothing", "0.1"}}, "label_smoothing", 0.1);
  refuse({{"--label-smoothing", "0.1"}, {"--loss", "hinge"}}, {"label smoothing", "hinge"});
  refuse({{"--label-smoothing", "1"}}, {"label smoothing"});
}

TEST_F(GanToyFlags, Penalty) {
  const auto none = changes({{"--penalty", "none"}}, "penalty", "none");
  EXPECT_EQ(last(none, "train_penalty"), 0);
  EXPECT_GT(last(plain_, "train_penalty"), 0);
  const auto gp = changes({{"--penalty", "wgan_gp"}, {"--penalty-weight", "10"}}, "penalty", "wgan_gp");
  EXPECT_GT(last(gp, "train_penalty"), 1);
  changes({{"--penalty-weight", "3"}}, "penalty_weight", 3.0);
  changes({{"--penalty-every", "4"}}, "penalty_every", 4);
  refuse({{"--penalty", "gp"}}, {"penalty", "'gp'"});
  refuse({{"--penalty-weight", "nan"}}, {"penalty weight"});
  refuse({{"--penalty-every", "0"}}, {"--penalty-every"});
}

TEST_F(GanToyFlags, Optimizers) {
  changes({{"--lr", "1e-4"}}, "lr", 1e-4);
  changes({{"--d-lr", "1e-4"}}, "d_lr", 1e-4);
  EXPECT_EQ(with({{"--d-lr", "2e-3"}}).model(), plain_.model());  // as --lr
  changes({{"--beta1", "0.5"}}, "beta1", 0.5);
  changes({{"--beta2", "0.9"}}, "beta2", 0.9);
  changes({{"--ema", "0.5"}}, "ema", 0.5);
  changes({{"--schedule", "constant"}}, "schedule", "constant");
  EXPECT_GT(changes({{"--n-critic", "3"}}, "n_critic", 3).summary().at("items_per_s"), 0);
  refuse({{"--d-lr", "-1"}}, {"--d-lr"});
  refuse({{"--beta1", "1"}}, {"--beta1"});
  refuse({{"--beta2", "nan"}}, {"--beta2"});
  refuse({{"--ema", "1"}}, {"--ema"});
  refuse({{"--n-critic", "0"}}, {"--n-critic"});
}

TEST_F(GanToyFlags, Sizes) {
  const auto latent = changes({{"--latent", "5"}}, "latent", 5);
  EXPECT_EQ(shape(latent, "generator.hidden.0.weight"), Shape({8, 5}));
  const auto hidden = changes({{"--hidden", "24,12"}}, "hidden", Json({24, 12}));
  EXPECT_EQ(shape(hidden, "generator.hidden.1.weight"), Shape({12, 24}));
  EXPECT_EQ(shape(hidden, "discriminator.output.weight"), Shape({1, 12}));
  const auto pack = changes({{"--pack", "3"}}, "pack", 3);
  EXPECT_EQ(shape(pack, "discriminator.hidden.0.weight"), Shape({8, 6}));
  const auto stddev = changes({{"--stddev-group", "4"}}, "stddev_group", 4);
  EXPECT_EQ(shape(stddev, "discriminator.output.weight"), Shape({1, 9}));
  refuse({{"--latent", "0"}}, {"--latent"});
  refuse({{"--hidden", "8,none"}}, {"--hidden"});
  refuse({{"--pack", "5"}}, {"--pack", "24", "found 5"});
  refuse({{"--stddev-group", "1"}}, {"stddev_group"});
  refuse({{"--stddev-group", "4"}, {"--pack", "4"}}, {"--stddev-group", "6"});
}

TEST_F(GanToyFlags, BatchAndLength) {
  changes({{"--batch", "48"}}, "batch", 48);
  EXPECT_EQ(with({{"--epochs", "2"}}).summary().at("steps"), 24);
  EXPECT_EQ(with({{"--epochs", "2"}, {"--evaluate-every", "4"}}).summary().at("steps"), 8);
  const auto parts = with({{"--accumulate", "3"}});
  EXPECT_NEAR(last(parts, "train_d_loss"), last(plain_, "train_d_loss"), 1e-5);
  EXPECT_NEAR(last(parts, "train_g_loss"), last(plain_, "train_g_loss"), 1e-5);
  EXPECT_FALSE(parts.model() == plain_.model());
  changes({{"--seed", "2"}}, "seed", 2);
  const auto rough = with({{"--precision", "medium"}});
  EXPECT_EQ(rough.config().at("precision"), "medium");
  EXPECT_EQ(rough.model() != plain_.model(), medium_rounds());
  const auto timed = with({{"--minutes", "0.03"}});
  EXPECT_GT(timed.summary().at("steps"), 1);
  refuse({{"--accumulate", "5"}}, {"--accumulate", "24"});
  refuse({{"--data", "points"}}, {"--data", "points"});
  refuse({{"--steps", "0"}}, {"--steps"});
}

TEST_F(GanToyFlags, ThreadsAndProgressChangeNothing) {
  const Flags wide = {{"--hidden", "128,128"}, {"--batch", "256"}, {"--checkpoint-every", "4"}};
  const auto threads = [&](const std::string& n) {
    Flags flags = wide;
    flags["--threads"] = n;
    return with(flags);
  };
  const auto one = threads("1"), two = threads("2");
  expect_same_run(one, two);
  EXPECT_TRUE(files_below(one.folder / "checkpoints") == files_below(two.folder / "checkpoints"));
  for (const char* style : {"bar", "text"}) expect_same_run(plain_, with({{"--progress", style}}));
}

TEST(GanToyHelp, ShowsTheDefaultsOfThePreset) {
  const auto help = [](const std::vector<std::string>& more) {
    std::vector<std::string> words = {ATELIER_GAN_TOY, "--help"};
    words.insert(words.end(), more.begin(), more.end());
    const Ended e = run({.words = words});
    EXPECT_EQ(e.code, 0);
    return e.out;
  };
  const std::string ring = help({}), grid = help({"--preset", "grid"});
  for (const char* flag : {"--data",
                           "--out",
                           "--preset",
                           "--epochs",
                           "--steps",
                           "--minutes",
                           "--batch",
                           "--lr",
                           "--accumulate",
                           "--seed",
                           "--threads",
                           "--precision",
                           "--resume",
                           "--checkpoint-every",
                           "--progress",
                           "--json",
                           "--schedule",
                           "--latent",
                           "--hidden",
                           "--pack",
                           "--stddev-group",
                           "--loss",
                           "--label-smoothing",
                           "--penalty",
                           "--penalty-weight",
                           "--penalty-every",
                           "--n-critic",
                           "--d-lr",
                           "--beta1",
                           "--beta2",
                           "--ema",
                           "--evaluate-every"})
    EXPECT_NE(ring.find(std::string("  ") + flag + " "), std::string::npos) << flag;
  for (const char* value : {"=ring ", "=256 ", "=0.02 ", "=non_saturating ", "=r1 ", "(default: 10000)"})
    EXPECT_NE(ring.find(value), std::string::npos) << value;
  for (const char* value : {"=grid ", "=128 ", "=0.3 ", "=[128,128,128] ", "(default: 12000)"})
    EXPECT_NE(grid.find(value), std::string::npos) << value;
}

}  // namespace
