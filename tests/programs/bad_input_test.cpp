/// Data, flags and surroundings that make no run: one line that says so, an exit code, and nothing left behind.
#include "programs/vae_program.hpp"

namespace {

class BadInputTest : public VaeProgram {
 protected:
  /// The run must fail before it leaves anything.
  void refuse(int code, const std::vector<std::string>& parts, const Flags& flags) {
    expect_failure(train("refused", flags), code, parts);
    EXPECT_FALSE(fs::exists(folder_ / "refused"));
  }
  /// One file of the data set holds `bytes` instead of its own.
  void refuse_data(const std::string& file, const std::string& bytes, std::vector<std::string> parts) {
    const std::string good = read_bytes(data() / file);
    write_bytes(data() / file, bytes);
    parts.push_back(file);
    refuse(3, parts, {});
    write_bytes(data() / file, good);
  }
  std::string train_images_ = read_bytes(data() / "train-images-idx3-ubyte");
};

TEST_F(BadInputTest, DataFolder) {
  refuse(3, {"nowhere", "train-images-idx3-ubyte"}, {{"--data", folder_ / "nowhere"}});
  fs::remove(data() / "t10k-labels-idx1-ubyte");
  refuse(3, {"t10k-labels-idx1-ubyte", "get_data.sh"}, {});
  const auto run_in = [&](const std::string& root) {
    const std::vector<std::string> words = {ATELIER_VAE_MNIST, "--out", folder_ / "refused"};
    return run({.words = words, .environment = {{"ATELIER_DATA", root}}});
  };
  expect_failure(run_in(""), 2, {"data: ", "--data DIR", "ATELIER_DATA"});
  expect_failure(run_in(folder_ / "nowhere"), 3, {"nowhere/mnist"});
  EXPECT_FALSE(fs::exists(folder_ / "refused"));
}

TEST_F(BadInputTest, DataFiles) {
  const std::string packed = gzip(train_images_), images = "train-images-idx3-ubyte";
  refuse_data(images, packed.substr(0, packed.size() / 2), {"gzip", "cut short"});
  refuse_data(images, train_images_.substr(0, 5000), {"[160, 8, 8]", "5000 bytes", "cut short"});
  refuse_data(images, big_endian(2052) + train_images_.substr(4), {"magic 2051", "magic 2052"});
  refuse_data(images, big_endian(2051) + big_endian(4000000000u) + train_images_.substr(8), {"[4000000000, 8, 8]"});
  refuse_data(images, "<!DOCTYPE html><html><title>404</title></html>", {"looks like a web page"});
  refuse_data(images, gzip("<html>moved</html>"), {"looks like a web page"});
  refuse_data(images, "", {"an empty file"});
  refuse_data("train-labels-idx1-ubyte", idx_file({159}, 159), {"160 labels", "159"});
  refuse_data("t10k-labels-idx1-ubyte", big_endian(2049) + big_endian(64) + std::string(64, '\x0b'), {"0 to 9", "11"});
  refuse_data("t10k-labels-idx1-ubyte", train_images_, {"magic 2049", "magic 2051"});
  trained("good");
  fs::remove(data() / images);
  write_bytes(data() / (images + ".gz"), packed);
  expect_same_run(files("good"), trained("packed"));
}

TEST_F(BadInputTest, FlagsThatMakeNoRun) {
  const std::vector<std::tuple<std::string, std::string, std::string>> impossible = {
      {"--batch", "0", "--batch"},
      {"--batch", "-4", "--batch"},
      {"--batch", "161", "160"},
      {"--batch", "ten", "ten"},
      {"--batch", "99999999999999999999", "--batch"},
      {"--lr", "0", "--lr"},
      {"--lr", "-1", "--lr"},
      {"--lr", "nan", "--lr"},
      {"--lr", "inf", "--lr"},
      {"--accumulate", "3", "divisor"},
      {"--accumulate", "0", "--accumulate"},
      {"--holdout", "160", "0 to 159"},
      {"--holdout", "-1", "--holdout"},
      {"--holdout", "150", "10 training"},
      {"--beta", "-1", "--beta"},
      {"--beta", "nan", "--beta"},
      {"--beta", "inf", "--beta"},
      {"--free-bits", "-1", "--free-bits"},
      {"--free-bits", "nan", "--free-bits"},
      {"--kl-warmup", "-1", "--kl-warmup"},
      {"--iwae", "-1", "--iwae"},
      {"--latent", "0", "--latent"},
      {"--latent", "4611686018427387904", "--latent"},
      {"--hidden", "0", "--hidden"},
      {"--hidden", "16,-3", "--hidden"},
      {"--hidden", "wide", "--hidden"},
      {"--hidden", "99999999999999999999", "--hidden"},
      {"--seed", "-1", "--seed"},
      {"--seed", "99999999999999999999", "--seed"},
      {"--threads", "0", "--threads"},
      {"--threads", "100000", "--threads"},
      {"--precision", "fp8", "fp8"},
      {"--likelihood", "poisson", "poisson"},
      {"--binarize", "twice", "twice"},
      {"--preset", "huge", "huge"},
      {"--progress", "much", "much"},
      {"--schedule", "zigzag", "zigzag"},
      {"--checkpoint-every", "0", "'0'"},
      {"--checkpoint-every", "5 days", "5 days"},
      {"--steps", "0", "--steps"},
      {"--steps", "1.5", "--steps"},
      {"--steps", "-1", "--steps"},
      {"--no-such-flag", "", "--no-such-flag"}};
  for (const auto& [flag, value, part] : impossible) {
    SCOPED_TRACE(flag + " " + value);
    refuse(2, {part}, {{flag, value}});
  }
}

TEST_F(BadInputTest, LengthsThatMakeNoRun) {
  for (const char* value : {"0", "-1", "9223372036854775807", "many"}) refuse(2, {"--epochs"}, {{"--epochs", value}});
  for (const char* value : {"0", "-1", "inf", "many"}) refuse(2, {"--minutes"}, {{"--minutes", value}});
  refuse(2, {"length"}, {{"--minutes", "nan"}});
  refuse(2, {"--epochs", "--steps"}, {{"--epochs", "1"}, {"--steps", "1"}});
  refuse(2, {"--minutes", "--steps"}, {{"--minutes", "1"}, {"--steps", "1"}});
  refuse(2, {"--epochs", "--minutes"}, {{"--minutes", "1"}, {"--epochs", "1"}});
}

TEST_F(BadInputTest, WithoutALengthTheRunIsTenEpochs) {
  Command c = command("run");
  for (auto flag = c.words.begin(); flag != c.words.end(); ++flag)
    if (*flag == "--steps") c.words.erase(flag, flag + 2), flag = c.words.begin();
  EXPECT_EQ(run(c).code, 0);
  EXPECT_EQ(files("run").summary().at("epochs"), 10.0);
}

TEST_F(BadInputTest, Environment) {
  const std::vector<std::tuple<std::string, std::string, std::string>> impossible = {
      {"ATELIER_ISA", "mmx", "portable, avx2, avx512, avx512bf16 or amx"},
      {"ATELIER_ISA", "AVX2", "'AVX2'"},
      {"ATELIER_THREADS", "two", "1 to 1024"},
      {"ATELIER_THREADS", "0", "1 to 1024"}};
  for (const auto& [name, value, part] : impossible) {
    Command c = command("refused");
    for (auto flag = c.words.begin(); flag != c.words.end(); ++flag)
      if (*flag == "--threads") c.words.erase(flag, flag + 2), flag = c.words.begin();
    c.environment = {{name, value}};
    expect_failure(run(c), 2, {name, part, value});
    EXPECT_FALSE(fs::exists(folder_ / "refused"));
  }
}

TEST_F(BadInputTest, TwoTrainersInOneFolder) {
  const Flags endless = {{"--steps", "1000000"}};
  Process first(command("run", endless));
  ASSERT_TRUE(wait_until([&] { return fs::exists(folder_ / "run/config.json") || !first.running(); }));
  for (const Flags& more : {Flags{{"--steps", "1000000"}}, Flags{{"--steps", "1000000"}, {"--resume", ""}}})
    expect_failure(train("run", more), 2, {"run", "process " + std::to_string(first.pid())});
  first.kill(SIGTERM);
  EXPECT_EQ(first.wait().code, 128 + SIGTERM);
  files("run").expect_checkpoints_load();
}

TEST_F(BadInputTest, NumbersThatGrowWithoutBound) {
  const Flags flags = {{"--lr", "1e20"}, {"--checkpoint-every", "1"}};
  expect_failure(train("run", flags), 6, {"step 1", "smaller --lr"});
  files("run").expect_checkpoints_load();
  files("run").expect_no_temporaries();
  EXPECT_FALSE(fs::exists(folder_ / "run/summary.json") || fs::exists(folder_ / "run/model.safetensors"));
  const auto before = files("run").checkpoints();
  Flags resume = flags;
  resume["--resume"] = "";
  expect_failure(train("run", resume), 6, {"step 1"});
  EXPECT_EQ(files("run").checkpoints(), before);
  expect_failure(train("last-step", {{"--lr", "1e20"}, {"--steps", "1"}}), 6, {"metrics", "smaller --lr"});
  files("last-step").expect_checkpoints_load();
  EXPECT_FALSE(fs::exists(folder_ / "last-step/summary.json"));
}

}  // namespace
