/// Runs of gan_toy: what they leave, how they stop and go on, and that the presets reach every mode.
#include "programs/gan_toy_program.hpp"

namespace {

class GanToy : public GanToyProgram {
 protected:
  /// Starts a run and sends it `signal` once it has trained for a while.
  Ended stopped(const std::string& out, const Flags& flags, int signal) {
    Process p(command(out, flags));
    EXPECT_TRUE(wait_until([&] { return files(out).checkpoints().size() > 1 || !p.running(); }));
    p.kill(signal);
    return p.wait();
  }
};

TEST_F(GanToy, LeavesARunFolder) {
  const Ended e = train("run", {{"--json", ""}, {"--evaluate-every", "10"}});
  ASSERT_EQ(e.code, 0) << e.err;
  const auto run = files("run");
  EXPECT_EQ(Json::parse(lines_of(e.out).back()), run.summary());
  for (const char* key : {"program", "preset", "steps", "epochs", "seconds", "step_ms", "items_per_s", "peak_mib",
                          "seed", "threads", "isa", "precision", "stopped", "protocol", "metrics"})
    EXPECT_TRUE(run.summary().contains(key)) << key;
  EXPECT_TRUE(run.metrics().at("modes").is_number_integer());
  EXPECT_TRUE(run.metrics().at("high_quality").is_number_float());
  const auto log = run.log();
  ASSERT_EQ(log.size(), 2u);
  for (const char* key : {"train_d_loss", "train_g_loss", "train_penalty", "train_d_real", "train_d_fake",
                          "train_d_gradient", "train_g_gradient", "train_spread", "modes", "high_quality"})
    EXPECT_TRUE(log[0].contains(key)) << key;
  EXPECT_TRUE(fs::exists(run.folder / "curves.png"));
  EXPECT_EQ(files_below(run.folder / "samples").size(), 2u);
  const auto checkpoint = atelier::io::SafetensorsFile::open(run.checkpoints().back());
  for (const char* name : {"generator.hidden.0.weight", "discriminator.output.bias", "average.output.weight",
                           "generator_adam.m.hidden.0.weight", "discriminator_adam.v.output.bias"})
    EXPECT_TRUE(checkpoint.contains(name)) << name;
  run.expect_no_temporaries();
}

TEST_F(GanToy, StoppedAtAnyStepItGoesOnBitForBit) {
  const Flags flags = {{"--steps", "20000"}, {"--evaluate-every", "5000"}, {"--penalty-every", "3"}};
  const auto undisturbed = trained("undisturbed", flags);
  Flags resume = flags;
  resume["--resume"] = "", resume["--checkpoint-every"] = "700";
  std::set<std::string> steps;
  for (int signal : {SIGTERM, SIGINT}) {
    const std::string out = "signal-" + std::to_string(signal);
    Flags first = flags;
    first["--checkpoint-every"] = signal == SIGTERM ? "500" : "3300";
    const Ended e = stopped(out, first, signal);
    EXPECT_EQ(e.code, 128 + signal) << e.err;
    EXPECT_EQ(e.err, "gan_toy: stopped by signal " + std::to_string(signal) + "; continue with --resume\n");
    files(out).expect_checkpoints_load();
    steps.insert(files(out).checkpoints().back().filename().string());
    EXPECT_FALSE(fs::exists(folder_ / out / "summary.json"));
    expect_same_run(undisturbed, trained(out, resume));
  }
  EXPECT_EQ(steps.size(), 2u);
}

TEST_F(GanToy, AFinishedRunIsReportedAndAnotherOneIsRefused) {
  const Ended first = train("run", {{"--json", ""}}), again = train("run", {{"--json", ""}, {"--resume", ""}});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(again.out, first.out);
  expect_failure(train("run"), 2, {"run: expected a new folder", "--resume"});
  for (const auto& [flag, value] : Flags{{"--loss", "hinge"}, {"--n-critic", "2"}, {"--preset", "grid"}})
    expect_failure(train("run", {{flag, value}, {"--resume", ""}}), 2, {"config.json: expected {\""});
}

TEST_F(GanToy, NumbersThatGrowWithoutBoundEndTheRun) {
  const Flags flags = {{"--lr", "1e30"}, {"--loss", "wasserstein"}, {"--penalty", "none"}};
  const Ended e = train("run", flags);
  expect_failure(e, 6, {"smaller --lr"});
  files("run").expect_checkpoints_load();
  EXPECT_FALSE(fs::exists(folder_ / "run/summary.json"));
}

TEST_F(GanToy, SaysWhenThePlayersAreNoMatch) {
  const Ended e = train("run", {{"--steps", "3000"},
                                {"--evaluate-every", "3000"},
                                {"--penalty", "none"},
                                {"--lr", "1e-6"},
                                {"--d-lr", "0.01"},
                                {"--hidden", "32,32"}});
  EXPECT_EQ(e.code, 0) << e.err;
  EXPECT_NE(e.err.find("note: the discriminator tells all examples apart"), std::string::npos) << e.err;
}

TEST_F(GanToy, SlowPresetsReachEveryMode) {
  if (!std::getenv("ATELIER_SLOW_TESTS")) GTEST_SKIP() << "takes minutes; set ATELIER_SLOW_TESTS=1";
  for (const auto& [preset, modes] : {std::pair{"ring", 8}, {"grid", 25}})
    for (const char* seed : {"0", "1", "2"}) {
      const std::string out = std::string(preset) + seed;
      const Ended e = run({.words = {ATELIER_GAN_TOY, "--preset", preset, "--seed", seed, "--out", folder_ / out,
                                     "--threads", "2", "--progress", "none"}});
      ASSERT_EQ(e.code, 0) << e.err;
      EXPECT_EQ(files(out).metrics().at("modes"), modes) << out;
      EXPECT_GE(files(out).metrics().at("high_quality"), 0.9) << out;
    }
}

}  // namespace
