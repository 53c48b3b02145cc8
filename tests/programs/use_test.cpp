// Trained models in use: sample, reconstruct, inspect, on what the trainers leave.
#include "atelier/io/png.hpp"
#include "atelier/io/read_image.hpp"
#include "programs/gan_images_program.hpp"
#include "programs/gan_toy_program.hpp"

namespace {
Ended use(const std::string& program, std::vector<std::string> words) {
  words.insert(words.begin(), program);
  return run({.words = std::move(words)});
}
}  // namespace

class UseVae : public VaeProgram {
 protected:
  /// `sample` of a run with more words; the picture.
  std::string sampled(const std::string& run, std::vector<std::string> words) const {
    const std::string out = folder_ / "sampled.png";
    words.insert(words.begin(), {folder_ / run, "--out", out});
    const Ended e = use(ATELIER_SAMPLE, words);
    EXPECT_EQ(e.code, 0) << e.err;
    return read_bytes(out);
  }
};

TEST_F(UseVae, SamplesDependOnTheirFlagsAlone) {
  trained("run");
  const auto pixels = [&](const std::vector<std::string>& words) {
    sampled("run", words);
    return atelier::io::read_image(folder_ / "sampled.png").pixels;
  };
  const auto usual = pixels({});
  EXPECT_EQ(pixels({"--threads", "2"}), usual);
  EXPECT_NE(pixels({"--seed", "2"}), usual);
  EXPECT_NE(pixels({"--truncation", "0.1"}), usual);
  EXPECT_NE(pixels({"--columns", "6"}).size(), usual.size());
  EXPECT_NE(pixels({"--n", "12"}).size(), usual.size());
}
TEST_F(UseVae, PicturesSayWhereTheyCameFrom) {
  trained("run");
  sampled("run", {"--seed", "7"});
  const auto text = atelier::io::read_png_text(folder_ / "sampled.png");
  EXPECT_NE(text.at("command").find("--seed 7"), std::string::npos);
  EXPECT_EQ(text.at("model_sha256").size(), 64u);
}
TEST_F(UseVae, LabelsChooseTheClassOfConditionalModels) {
  trained("run", {{"--conditional", ""}});
  EXPECT_NE(sampled("run", {"--label", "3"}), sampled("run", {"--label", "4"}));
  expect_failure_of("sample", use(ATELIER_SAMPLE, {folder_ / "run", "--label", "10"}), 2, {"--label", "0 to 9"});
}
TEST_F(UseVae, CheckpointsAreModelsToo) {
  const auto run = trained("run");
  const std::string out = folder_ / "sampled.png";
  ASSERT_FALSE(run.checkpoints().empty());
  EXPECT_EQ(use(ATELIER_SAMPLE, {run.checkpoints().back(), "--out", out}).code, 0);
}
TEST_F(UseVae, ReconstructsPicturesOfAnySize) {
  trained("run");
  sampled("run", {});
  const std::string picture = folder_ / "sampled.png", out = folder_ / "made.png";
  const Ended pairs = use(ATELIER_RECONSTRUCT, {folder_ / "run", picture, picture, "--out", out});
  EXPECT_EQ(pairs.code, 0) << pairs.err;
  EXPECT_EQ(atelier::io::read_image(out).height, 2 * 8 + 3 * 2);
  const Ended way = use(ATELIER_RECONSTRUCT, {folder_ / "run", picture, picture, "--steps", "5", "--out", out});
  EXPECT_EQ(way.code, 0) << way.err;
  EXPECT_EQ(atelier::io::read_image(out).width, 5 * 8 + 6 * 2);
  expect_failure_of("reconstruct", use(ATELIER_RECONSTRUCT, {folder_ / "run", picture, "--steps", "5"}), 2,
                    {"--steps"});
  expect_failure_of("reconstruct", use(ATELIER_RECONSTRUCT, {folder_ / "run", folder_ / "run" / "config.json"}), 3,
                    {"config.json"});
}
TEST_F(UseVae, InspectsWholeAndDamagedFiles) {
  const auto run = trained("run");
  const Ended whole = use(ATELIER_INSPECT, {folder_ / "run"});
  EXPECT_EQ(whole.code, 0) << whole.err;
  for (const char* part : {"atelier.config: {\"model\":\"vae\"", "output.weight", "F32", "[64, 16]", "as stored"})
    EXPECT_NE(whole.out.find(part), std::string::npos) << part << " in " << whole.out;
  std::string bytes = run.model();
  bytes[bytes.size() - 3] ^= 4;
  write_bytes(folder_ / "damaged", bytes);
  expect_failure_of("inspect", use(ATELIER_INSPECT, {folder_ / "damaged"}), 3, {"damaged", "checksum"});
  expect_failure_of("inspect", use(ATELIER_INSPECT, {folder_ / "nothing"}), 3, {"nothing"});
}

TEST_F(UseVae, FlagsThatMakeNoPicture) {
  trained("run");
  const std::string run = folder_ / "run";
  const auto refuse = [&](const std::string& flag, const std::string& value) {
    SCOPED_TRACE(flag + " " + value);
    expect_failure_of("sample", use(ATELIER_SAMPLE, {run, flag, value}), 2, {flag});
  };
  for (const char* limit : {"nan", "-1", "1e-9", "inf"}) refuse("--truncation", limit);
  for (const char* seed : {"-1", "99999999999999999999"}) refuse("--seed", seed);
  sampled("run", {"--truncation", "0"});
  const std::string out = folder_ / "drawn.jpg";
  for (const Ended& e : {use(ATELIER_SAMPLE, {run, "--out", out}),
                         use(ATELIER_RECONSTRUCT, {run, folder_ / "sampled.png", "--out", out})})
    expect_failure_of(e.err.substr(0, e.err.find(':')), e, 2, {"--out", "ends in .png", "drawn.jpg"});
  EXPECT_FALSE(fs::exists(out));
}

class UseImages : public GanImages {};

TEST_F(UseImages, GansDraw) {
  for (const auto& [trainer, more] :
       {std::pair{digits(), Flags{{"--conditional", ""}}}, {faces(), Flags{{"--arch", "unet"}, {"--depth", "2"}}}}) {
    trained(trainer, trainer.name, more);
    const std::string out = folder_ / "drawn.png";
    const Ended e = use(ATELIER_SAMPLE, {folder_ / trainer.name, "--n", "4", "--out", out});
    EXPECT_EQ(e.code, 0) << e.err;
    EXPECT_EQ(atelier::io::read_image(out).channels, trainer.name == "gan_mnist" ? 1 : 3);
    const Ended back = use(ATELIER_RECONSTRUCT, {folder_ / trainer.name, out});
    expect_failure_of("reconstruct", back, 2, {"a VAE", "gan_images"});
    expect_failure_of("sample", use(ATELIER_SAMPLE, {folder_ / trainer.name, "--n", "1000000", "--out", out}), 2,
                      {"--n", "1000000 of "});
  }
}

class UseToy : public GanToyProgram {};

TEST_F(UseToy, PointsArePrinted) {
  trained("run");
  const Ended e = use(ATELIER_SAMPLE, {folder_ / "run", "--n", "5"});
  EXPECT_EQ(e.code, 0) << e.err;
  EXPECT_EQ(lines_of(e.out).size(), 5u);
  EXPECT_NE(e.out, use(ATELIER_SAMPLE, {folder_ / "run", "--n", "5", "--seed", "2"}).out);
}
