/// Every flag does what it says, and nothing else.
#include "atelier/ops/ops.hpp"
#include "programs/vae_program.hpp"
#include "support/precision.hpp"

namespace {

using namespace atelier;

class FlagsTest : public VaeProgram {
 protected:
  FlagsTest() : plain_(trained("plain")) {}

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
  static double metric(const RunFiles& run, const std::string& name) { return run.metrics().at(name).get<double>(); }
  static double last(const RunFiles& run, const std::string& name) { return run.log().back().at(name).get<double>(); }
  /// Largest difference of two models' numbers.
  static double distance(const RunFiles& a, const RunFiles& b) {
    const auto x = io::SafetensorsFile::open(a.folder / "model.safetensors");
    const auto y = io::SafetensorsFile::open(b.folder / "model.safetensors");
    double most = 0;
    for (const auto& t : x.tensors())
      most = std::max<double>(most, max(abs(x.read<float>(t.name) - y.read<float>(t.name))).item());
    return most;
  }
  std::size_t pictures(const RunFiles& run) const { return files_below(run.folder / "samples").size(); }

  RunFiles plain_;
  int runs_ = 0;
};

TEST_F(FlagsTest, Objective) {
  changes({{"--beta", "20"}}, "beta", 20.0);
  const auto warm = changes({{"--kl-warmup", "1000"}}, "kl_warmup", 1000);
  EXPECT_LT(last(warm, "train_loss"), last(warm, "train_neg_elbo"));
  EXPECT_NEAR(last(plain_, "train_loss"), last(plain_, "train_neg_elbo"), 1e-4);
  const auto heavy = with({{"--beta", "20"}});
  EXPECT_NEAR(last(heavy, "train_loss"), last(heavy, "train_reconstruction") + 20 * last(heavy, "train_kl"), 1e-3);
  const auto free = changes({{"--free-bits", "0.5"}}, "free_bits", 0.5);
  EXPECT_NEAR(last(free, "train_loss"), last(free, "train_reconstruction") + 3 * 0.5, 1e-3);  // 3 dimensions
  EXPECT_LT(last(free, "train_kl"), 1.5);
}

TEST_F(FlagsTest, Sizes) {
  const auto latent = changes({{"--latent", "5"}}, "latent", 5);
  EXPECT_EQ(shape(latent, "posterior.weight"), Shape({10, 16}));
  EXPECT_EQ(shape(latent, "decoder.0.weight"), Shape({16, 5}));
  const auto hidden = changes({{"--hidden", "24,12"}}, "hidden", Json({24, 12}));
  EXPECT_EQ(shape(hidden, "encoder.0.weight"), Shape({24, 64}));
  EXPECT_EQ(shape(hidden, "decoder.0.weight"), Shape({12, 3}));
}

TEST_F(FlagsTest, Likelihood) {
  std::set<std::string> models;
  const std::map<std::string, Index> outputs = {
      {"bernoulli", 64}, {"gaussian", 64}, {"gaussian_learned", 128}, {"categorical", 1024}};
  for (const auto& [name, width] : outputs) {
    const auto run = with({{"--likelihood", name}});
    EXPECT_EQ(run.config().at("model").at("likelihood"), name);
    EXPECT_EQ(shape(run, "output.bias").size(), width) << name;
    EXPECT_EQ(pictures(run), pictures(plain_)) << name;
    EXPECT_TRUE(models.insert(run.model()).second) << name;
  }
}

TEST_F(FlagsTest, Conditional) {
  const auto run = changes({{"--conditional", ""}}, "classes", 10);
  EXPECT_EQ(shape(run, "encoder.0.weight"), Shape({16, 64 + 10}));
  EXPECT_EQ(shape(run, "decoder.0.weight"), Shape({16, 3 + 10}));
  const auto height = [](const RunFiles& r) {
    return read_bytes(r.folder / "samples/step-00000012-samples.png").substr(20, 4);  // in a PNG's header
  };
  EXPECT_EQ(height(plain_), big_endian(2 + 8 * (2 * 8 + 2)));
  EXPECT_EQ(height(run), big_endian(2 + 10 * (2 * 8 + 2)));  // a row for each class
}

TEST_F(FlagsTest, Binarize) {
  const auto once = changes({{"--binarize", "static"}}, "binarize", "static");
  const auto every_step = changes({{"--binarize", "dynamic"}}, "binarize", "dynamic");
  EXPECT_FALSE(once.model() == every_step.model());
  EXPECT_TRUE(with({{"--binarize", "none"}}).model() == plain_.model());
  const std::string protocol = once.summary().at("protocol");
  for (const char* part : {"drawn once", "Bernoulli(x/255)", "Philox seed 42", "SHA-256"})
    EXPECT_NE(protocol.find(part), std::string::npos) << protocol;
  EXPECT_EQ(every_step.summary().at("protocol"), protocol);  // the images that are measured are the same
  EXPECT_NE(plain_.summary().at("protocol"), protocol);
  const auto other_seed = with({{"--binarize", "static"}, {"--seed", "7"}});
  EXPECT_EQ(other_seed.summary().at("protocol"), protocol);
}

TEST_F(FlagsTest, Iwae) {
  EXPECT_FALSE(plain_.metrics().contains("test_nll"));
  const auto one = with({{"--iwae", "1"}}), many = with({{"--iwae", "200"}});
  EXPECT_EQ(many.metrics().at("iwae_k"), 200);
  EXPECT_NE(many.summary().at("protocol").get<std::string>().find("200 draws"), std::string::npos);
  EXPECT_NEAR(metric(one, "test_nll"), metric(plain_, "test_neg_elbo"), 0.5);
  EXPECT_LT(metric(many, "test_nll"), metric(one, "test_nll") + 0.1);
  EXPECT_TRUE(many.model() == plain_.model());
  EXPECT_EQ(metric(many, "test_neg_elbo"), metric(plain_, "test_neg_elbo"));
}

TEST_F(FlagsTest, Holdout) {
  const auto run = changes({{"--holdout", "32"}}, "holdout", 32);
  EXPECT_TRUE(run.metrics().contains("validation_neg_elbo"));
  EXPECT_FALSE(run.metrics().contains("test_neg_elbo"));
  EXPECT_NE(run.summary().at("protocol").get<std::string>().find("last 32 training images"), std::string::npos);
  EXPECT_EQ(run.summary().at("epochs"), 12 / 8.0);  // 128 images in batches of 16
}

TEST_F(FlagsTest, BatchAndLearningRate) {
  EXPECT_EQ(plain_.summary().at("epochs"), 12 / 10.0);
  EXPECT_EQ(changes({{"--batch", "32"}}, "batch", 32).summary().at("epochs"), 12 / 5.0);
  const auto slow = changes({{"--lr", "1e-5"}}, "lr", 1e-5);
  EXPECT_GT(metric(slow, "test_neg_elbo"), metric(plain_, "test_neg_elbo"));
}

TEST_F(FlagsTest, Schedule) {
  EXPECT_GT(distance(changes({{"--schedule", "cosine"}}, "schedule", "cosine"), plain_), 1e-3);
  EXPECT_GT(distance(changes({{"--schedule", "linear"}}, "schedule", "linear"), plain_), 1e-3);
  expect_same_run(plain_, with({{"--schedule", "constant"}}));  // the default of a run of so many steps
}

TEST_F(FlagsTest, AccumulateGivesNearlyTheSame) {
  bool other_bits = false;  // in the last places, and not with every number of parts
  for (const char* parts : {"2", "4", "16"}) {
    const auto run = with({{"--accumulate", parts}});
    EXPECT_EQ(run.config().at("accumulate"), std::stoi(parts));
    other_bits |= run.model() != plain_.model();
    EXPECT_LT(distance(run, plain_), 1e-4) << parts;
    EXPECT_NEAR(last(run, "train_loss"), last(plain_, "train_loss"), 1e-3);
    EXPECT_EQ(run.summary().at("epochs"), plain_.summary().at("epochs"));
  }
  EXPECT_TRUE(other_bits);
  EXPECT_GT(distance(with({{"--lr", "2e-3"}}), plain_), 1e-3);
}

TEST_F(FlagsTest, Seed) {
  const auto run = changes({{"--seed", "2"}}, "seed", 2);
  EXPECT_EQ(run.summary().at("seed"), 2);
  EXPECT_TRUE(with({{"--seed", "2"}}).model() == run.model());
  EXPECT_TRUE(with({{"--seed", "1"}}).model() == plain_.model());
  EXPECT_EQ(with({{"--seed", "9007199254740992"}}).summary().at("seed"), std::int64_t{1} << 53);
}

TEST_F(FlagsTest, Precision) {
  write_digits(folder_ / "large", 256, 64, 28);
  const Flags large = {{"--data", folder_ / "large"}, {"--hidden", "128"}, {"--batch", "64"}};
  std::map<std::string, RunFiles> runs;
  for (const char* name : {"highest", "high", "medium"}) {
    Flags flags = large;
    flags["--precision"] = name;
    runs[name] = with(flags);
    EXPECT_EQ(runs[name].summary().at("precision"), name);
    EXPECT_EQ(runs[name].config().at("precision"), name);
  }
  const double exact = metric(runs["highest"], "test_neg_elbo");
  EXPECT_NEAR(metric(runs["high"], "test_neg_elbo"), exact, 1e-4 * exact);
  EXPECT_NEAR(metric(runs["medium"], "test_neg_elbo"), exact, 1e-2 * exact);
  EXPECT_EQ(runs["medium"].model() != runs["highest"].model(), medium_rounds());
}

TEST_F(FlagsTest, ThreadsAndProgressChangeNothing) {
  for (const char* threads : {"1", "2", "3"}) {
    const auto run = with({{"--threads", threads}});
    EXPECT_EQ(run.summary().at("threads"), std::stoi(threads));
    expect_same_run(plain_, run);
  }
  for (const char* style : {"auto", "bar", "text", "none"}) expect_same_run(plain_, with({{"--progress", style}}));
}

TEST_F(FlagsTest, ProgressStyles) {
  const auto messages = [&](const std::string& style, bool terminal, bool no_colour = false) {
    Command c = command("run-" + std::to_string(++runs_), {{"--progress", style}});
    c.terminal = terminal;
    if (no_colour) c.environment = {{"NO_COLOR", "1"}};
    return run(c).err;
  };
  EXPECT_EQ(messages("none", false), "");
  const std::string text = messages("text", false), bar = messages("auto", true);
  EXPECT_NE(text.find("step 10/12  epoch 1.00  train_loss "), std::string::npos) << text;
  EXPECT_NE(text.find("/s  "), std::string::npos) << text;
  EXPECT_NE(text.find(" left\nfinished: "), std::string::npos) << text;
  EXPECT_EQ(text.find_first_of("\r\033"), std::string::npos) << text;
  EXPECT_EQ(messages("auto", false).find_first_of("\r\033"), std::string::npos);
  EXPECT_NE(bar.find("\r\033[K\033[36m"), std::string::npos) << bar;
  EXPECT_NE(bar.find("%  loss "), std::string::npos) << bar;
  EXPECT_EQ(messages("auto", true, true).find("\033[36m"), std::string::npos);
  EXPECT_NE(messages("auto", true, true).find("%  loss "), std::string::npos);
  EXPECT_NE(messages("bar", false).find("%  loss "), std::string::npos);
  EXPECT_EQ(messages("bar", false).find("\033[36m"), std::string::npos);
}

TEST_F(FlagsTest, LengthAndCheckpoints) {
  EXPECT_EQ(with({{"--epochs", "2"}}).summary().at("steps"), 20);
  EXPECT_EQ(with({{"--steps", "7"}}).summary().at("steps"), 7);
  const auto names = [](const RunFiles& run) {
    std::string steps;
    for (const auto& file : run.checkpoints()) steps += std::to_string(std::stoi(file.stem().string().substr(5))) + " ";
    return steps;
  };
  EXPECT_EQ(names(plain_), "0 10 12 ");
  EXPECT_EQ(names(with({{"--checkpoint-every", "5"}})), "5 10 12 ");
  EXPECT_EQ(names(with({{"--checkpoint-every", "0.000001s"}})), "10 11 12 ");
  const auto grows_worse = with({{"--epochs", "3"}, {"--checkpoint-every", "1"}, {"--beta", "0"}, {"--lr", "0.05"}});
  EXPECT_LT(grows_worse.log().front().at("test_neg_elbo"), last(grows_worse, "test_neg_elbo"));
  EXPECT_EQ(names(grows_worse), "10 28 29 30 ");  // the best and the newest
  EXPECT_EQ(plain_.summary().at("preset"), "seed");
  EXPECT_EQ(with({{"--preset", "seed"}}).model(), plain_.model());
}

TEST(Help, ShowsEveryFlagWithItsDefault) {
  const Ended e = run({.words = {ATELIER_VAE_MNIST, "--help"}});
  EXPECT_EQ(e.code, 0);
  EXPECT_EQ(e.err, "");
  for (const char* flag :
       {"--data",     "--out",        "--preset",      "--epochs",   "--steps",     "--minutes",   "--batch",
        "--lr",       "--accumulate", "--seed",        "--threads",  "--precision", "--resume",    "--checkpoint-every",
        "--progress", "--json",       "--schedule",    "--beta",     "--kl-warmup", "--free-bits", "--latent",
        "--hidden",   "--likelihood", "--conditional", "--binarize", "--iwae",      "--holdout"})
    EXPECT_NE(e.out.find(std::string("  ") + flag + " "), std::string::npos) << flag;
  for (const char* value : {"=128 ", "=0.001 ", "=60s ", "=[400] ", "=bernoulli ", "=highest ", "=runs/vae_mnist "})
    EXPECT_NE(e.out.find(value), std::string::npos) << value;
}

}  // namespace
