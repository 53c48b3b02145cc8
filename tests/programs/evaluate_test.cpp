// evaluate: what a trainer measured at its end, measured again from the files that it left.
#include "programs/gan_images_program.hpp"
#include "programs/gan_toy_program.hpp"
#include "programs/lm_program.hpp"
#include "support/precision.hpp"

namespace {
Ended evaluate(const fs::path& run_folder, std::vector<std::string> words) {
  words.insert(words.begin(), {ATELIER_EVALUATE, run_folder, "--quiet", "--json", "--threads", "1"});
  return run({.words = std::move(words)});
}
Json metrics_of(const Ended& e) {
  EXPECT_EQ(e.code, 0) << e.err;
  return Json::parse(e.out, nullptr, false).value("metrics", Json());
}
Json metrics_of(const fs::path& run_folder, const std::vector<std::string>& words) {
  return metrics_of(evaluate(run_folder, words));
}
std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> all;
  for (const auto& [key, value] : object.items()) all.push_back(key);
  return all;
}
void expect_refusal(const fs::path& run_folder, const std::vector<std::string>& words, int code,
                    const std::vector<std::string>& parts) {
  expect_failure_of("evaluate", evaluate(run_folder, words), code, parts);
}
using Strings = std::vector<std::string>;
}  // namespace

class EvaluateVae : public VaeProgram {};

TEST_F(EvaluateVae, MeasuresWhatTheTrainerMeasured) {
  const auto grey = trained("grey", {{"--iwae", "5"}, {"--seed", "3"}});
  EXPECT_EQ(metrics_of(grey.folder, {"--data", data()}), grey.metrics());
  EXPECT_EQ(metrics_of(grey.folder / "model.safetensors", {"--data", data()}), grey.metrics());
  ASSERT_FALSE(grey.checkpoints().empty());
  EXPECT_EQ(metrics_of(grey.checkpoints().back(), {"--data", data()}), grey.metrics());
  const auto drawn = trained("drawn", {{"--binarize", "dynamic"}, {"--conditional", ""}, {"--holdout", "40"}});
  const Ended e = evaluate(drawn.folder, {"--data", data()});
  EXPECT_EQ(metrics_of(e), drawn.metrics());
  EXPECT_EQ(Json::parse(e.out).at("protocol"), drawn.summary().at("protocol"));
}
TEST_F(EvaluateVae, SplitsMetricsAndDrawsAreChosen) {
  const auto run = trained("run", {{"--holdout", "40"}});
  const auto of = [&](Strings words) {
    words.insert(words.end(), {"--data", data()});
    return metrics_of(run.folder, words);
  };
  EXPECT_EQ(keys(of({"--metric", "kl,neg_elbo"})), (Strings{"validation_kl", "validation_neg_elbo"}));
  EXPECT_EQ(keys(of({"--split", "test", "--metric", "nll"})), (Strings{"iwae_k", "test_nll"}));
  EXPECT_EQ(of({"--metric", "nll"}).at("iwae_k"), 100);
  EXPECT_NE(of({"--metric", "nll", "--draws", "2"}), of({"--metric", "nll", "--draws", "3"}));
  const Json train = of({"--split", "train", "--metric", "kl"}), test = of({"--split", "test", "--metric", "kl"});
  EXPECT_NE(train.at("train_kl"), test.at("test_kl"));
  EXPECT_NE(of({"--split", "validation", "--holdout", "20"}), of({"--split", "validation"}));
  EXPECT_NE(of({"--seed", "9"}), of({}));
  EXPECT_EQ(of({"--precision", "medium"}) != of({}), medium_rounds());
}
TEST_F(EvaluateVae, ProgressAndThreadsChangeNothing) {
  const auto run_folder = trained("run").folder;
  const Ended e = run({.words = {ATELIER_EVALUATE, run_folder, "--data", data(), "--threads", "2"}});
  EXPECT_EQ(metrics_of(e), files("run").metrics());
  EXPECT_GT(lines_of(e.out).size(), 5u) << "several lines without --json";
  const auto quiet = evaluate(run_folder, {"--data", data(), "--metric", "nll"});
  EXPECT_EQ(quiet.err, "");
  EXPECT_EQ(lines_of(quiet.out).size(), 1u);
  const Ended told = run({.words = {ATELIER_EVALUATE, run_folder, "--data", data(), "--metric", "nll"}});
  EXPECT_NE(told.err.find("evaluated 0%"), std::string::npos);
}
TEST_F(EvaluateVae, WhatDoesNotFitIsRefusedInOneLine) {
  const auto run = trained("run");
  expect_refusal(run.folder, {"--data", data(), "--metric", "swd"}, 2, {"--metric", "neg_elbo", "swd"});
  expect_refusal(run.folder, {"--data", data(), "--split", "all"}, 2, {"--split", "validation", "all"});
  expect_refusal(run.folder, {"--data", data(), "--split", "validation"}, 2, {"--holdout"});
  expect_refusal(run.folder, {"--data", data(), "--samples", "5"}, 2, {"--samples"});
  expect_refusal(run.folder, {"--data", data(), "--precision", "low"}, 2, {"precision", "low"});
  expect_refusal(run.folder, {"--data", folder_ / "nothing"}, 3, {"nothing"});
  expect_refusal(folder_ / "nothing", {"--data", data()}, 3, {"nothing"});
  write_digits(folder_ / "large", 8, 8, 9);
  expect_refusal(run.folder, {"--data", folder_ / "large"}, 2, {"64 pixels", "9 x 9"});
  std::string bytes = run.model();
  bytes[bytes.size() - 3] ^= 4;
  write_bytes(run.folder / "model.safetensors", bytes);
  expect_refusal(run.folder, {"--data", data()}, 3, {"model.safetensors", "checksum"});
}

class EvaluateImages : public GanImages {};

TEST_F(EvaluateImages, MeasuresWhatTheTrainersMeasured) {
  const ImageTrainer vae{"vae_celeba", ATELIER_VAE_CELEBA, faces().flags};
  const Flags unet = {{"--arch", "unet"}, {"--depth", "2"}}, inpaint = {{"--task", "inpaint"}, {"--depth", "2"}},
              labels = {{"--conditional", ""}, {"--attributes", "Young"}};
  for (const auto& [trainer, name, more] : {std::tuple{digits(), "digits", Flags{{"--conditional", ""}}},
                                            {faces(), "faces", Flags{{"--norm", "spectral"}}},
                                            {faces(), "labels", labels},
                                            {faces(), "unet", unet},
                                            {faces(), "inpaint", inpaint},
                                            {vae, "vae", Flags{}}}) {
    const auto run = trained(trainer, name, more);
    EXPECT_EQ(metrics_of(run.folder, {"--data", trainer.flags.at("--data")}), run.metrics()) << name;
    const auto checkpoint = run.checkpoints().back();
    EXPECT_EQ(metrics_of(checkpoint, {"--data", trainer.flags.at("--data")}), run.metrics()) << name;
  }
  const std::string data = faces().flags.at("--data");
  EXPECT_EQ(keys(metrics_of(folder_ / "faces", {"--data", data, "--metric", "swd", "--samples", "8"})),
            (Strings{"swd", "swd_real"}));
  EXPECT_NE(metrics_of(folder_ / "faces", {"--data", data, "--holdout", "20"}), files("faces").metrics());
  expect_refusal(folder_ / "faces", {"--data", data, "--metric", "modes"}, 2, {"--metric", "swd", "modes"});
  expect_refusal(folder_ / "digits", {"--data", digits().flags.at("--data"), "--split", "train"}, 2,
                 {"--split", "train"});
  expect_refusal(folder_ / "faces", {"--data", data, "--draws", "2"}, 2, {"--draws"});
}

class EvaluateToy : public GanToyProgram {};

TEST_F(EvaluateToy, MeasuresWhatTheTrainerMeasured) {
  const auto run = trained("run", {{"--preset", "grid"}, {"--pack", "2"}, {"--stddev-group", "2"}});
  EXPECT_EQ(metrics_of(run.folder, {}), run.metrics());
  expect_refusal(run.folder, {"--data", folder_.path()}, 2, {"--data"});
  expect_refusal(run.folder, {"--split", "test"}, 2, {"--split"});
}

class EvaluateText : public LmProgram {};

TEST_F(EvaluateText, MeasuresWhatTheTrainersMeasured) {
  const std::string text = folder_ / "text.txt", wiki = folder_ / "wiki";
  const Flags gpt = {{"--model", "gpt"}, {"--stride", "4"}}, bytes = {{"--tokenizer", "byte"}};
  for (const auto& [program, name, data, more] : {std::tuple{ATELIER_LM_TEXT, "gpt", text, gpt},
                                                  {ATELIER_LM_TEXT, "bytes", text, bytes},
                                                  {ATELIER_LM_WIKITEXT2, "words", wiki, Flags{}},
                                                  {ATELIER_LM_WIKITEXT2, "gpt words", wiki, gpt}}) {
    const auto run = trained(program, name, more);
    EXPECT_EQ(metrics_of(run.folder, {"--data", data}), run.metrics()) << name;
  }
}
TEST_F(EvaluateText, RecurrentModelsAreMeasuredInWindowsToo) {
  const std::string data = folder_ / "wiki";
  const auto carried = trained(ATELIER_LM_WIKITEXT2, "carried");
  const auto apart = trained(ATELIER_LM_WIKITEXT2, "apart", {{"--cache-window", "0"}, {"--windows", "5"}});
  EXPECT_EQ(metrics_of(carried.folder, {"--data", data, "--windows", "5"}), apart.metrics());
  EXPECT_EQ(metrics_of(apart.folder, {"--data", data}), apart.metrics());
  EXPECT_NE(metrics_of(apart.folder, {"--data", data, "--windows", "0"}), apart.metrics());
  const auto gpt = trained(ATELIER_LM_WIKITEXT2, "gpt", {{"--model", "gpt"}});
  expect_refusal(gpt.folder, {"--data", data, "--windows", "5"}, 2, {"--windows"});
}
TEST_F(EvaluateText, SplitsAndMetricsAreChosen) {
  const auto run = trained(ATELIER_LM_WIKITEXT2, "words");
  const std::string data = folder_ / "wiki";
  EXPECT_EQ(keys(metrics_of(run.folder, {"--data", data, "--split", "test", "--metric", "ppl"})), Strings{"test_ppl"});
  EXPECT_EQ(keys(metrics_of(run.folder, {"--data", data, "--split", "validation", "--metric", "ppl"})),
            Strings{"val_ppl"});
  EXPECT_EQ(keys(metrics_of(run.folder, {"--data", data, "--split", "train", "--metric", "ppl_cache"})),
            (Strings{"cache_lambda", "cache_theta", "train_ppl_cache"}));
  expect_refusal(run.folder, {"--data", data, "--metric", "nats_per_char"}, 2, {"--metric", "nats_per_char"});
  const auto text = trained(ATELIER_LM_TEXT, "text");
  expect_refusal(text.folder, {"--data", folder_ / "text.txt", "--split", "test"}, 2, {"--split", "test"});
  write_bytes(folder_ / "other.txt", "the cat Quips.\n" + read_bytes(folder_ / "text.txt"));
  expect_refusal(text.folder, {"--data", folder_ / "other.txt"}, 3, {"other.txt", "U+0051"});
  fs::remove(text.folder / "tokenizer.json");
  expect_refusal(text.folder, {"--data", folder_ / "text.txt"}, 3, {"tokenizer.json"});
}
