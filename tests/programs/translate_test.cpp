// Translators in use: generate, evaluate and inspect do with a run what its trainer did.
#include <cstdlib>

#include "programs/lm_program.hpp"

namespace {
using Words = std::vector<std::string>;

class TranslateProgram : public LmProgram {
 protected:
  RunFiles translator(const std::string& out, Flags more = {}) const {
    more.merge(Flags{{"--steps", "150"}, {"--lr", "0.01"}, {"--warmup", "5"}});
    return trained(ATELIER_TRANSLATE, out, more);
  }
  static Ended generate(const fs::path& model, const Words& more, const std::string& threads = "1") {
    Words words = {ATELIER_GENERATE, "--model", model.string(), "--threads", threads};
    words.insert(words.end(), more.begin(), more.end());
    return run({.words = std::move(words)});
  }
  static std::string translated(const fs::path& model, const Words& more) {
    const Ended e = generate(model, more);
    EXPECT_EQ(e.code, 0) << e.err;
    EXPECT_EQ(e.err, "");
    return e.out;
  }
  static Ended evaluate(const fs::path& model, const Words& more) {
    Words words = {ATELIER_EVALUATE, model.string(), "--quiet", "--json", "--threads", "1"};
    words.insert(words.end(), more.begin(), more.end());
    return run({.words = std::move(words)});
  }
  static Json measured(const fs::path& model, const Words& more) {
    const Ended e = evaluate(model, more);
    EXPECT_EQ(e.code, 0) << e.err;
    return Json::parse(e.out, nullptr, false);
  }
  /// 50 symbols, lengths 10 to 20: of a thousand unseen strings at least 99 % are right to the last symbol.
  void expect_learns(const std::string& task, const std::string& epochs) const {
    if (!std::getenv("ATELIER_SLOW_TESTS")) GTEST_SKIP() << "takes minutes; set ATELIER_SLOW_TESTS=1";
    constexpr double seconds = 290;
    Process p(command(ATELIER_TRANSLATE, task,
                      {{"--task", task},
                       {"--data", "-"},
                       {"--vocabulary", "-"},
                       {"--epochs", epochs},
                       {"--width", "128"},
                       {"--heads", "4"},
                       {"--layers", "2"},
                       {"--encoder-layers", "2"},
                       {"--context", "24"},
                       {"--batch", "64"},
                       {"--dropout", "0"},
                       {"--validation", "0.05"}}));
    const Ended e = p.wait(seconds);
    ASSERT_EQ(e.code, 0) << e.err;
    const auto run = files(task);
    EXPECT_NE(run.summary()["protocol"].get<std::string>().find("1000 sources held out"), std::string::npos);
    EXPECT_GE(run.metrics()["exact_match"], 0.99);
  }
  /// Sentences and their greedy translations as the trainer wrote them at its end.
  static std::vector<std::pair<std::string, std::string>> samples(const RunFiles& run) {
    const auto lines = lines_of(read_bytes(run.folder / "samples/step-00000150.txt"));
    std::vector<std::pair<std::string, std::string>> all;
    for (std::size_t i = 0; i + 2 < lines.size(); i += 3) all.emplace_back(lines[i], lines[i + 1].substr(5));
    EXPECT_GE(all.size(), 4u);
    return all;
  }
};
}  // namespace

TEST_F(TranslateProgram, GenerateTranslatesAsTheTrainerDoes) {
  const auto run = translator("run");
  Words prompts = {"--beams", "1"};
  std::string sources, expected;
  for (const auto& [source, translation] : samples(run)) {
    prompts.insert(prompts.end(), {"--prompt", source});
    sources += source + "\n", expected += translation + "\n";
  }
  EXPECT_GT(expected.size(), 60u);
  EXPECT_EQ(translated(run.folder, prompts), expected);
  EXPECT_EQ(translated(run.folder / "model.safetensors", prompts), expected);
  ASSERT_FALSE(run.checkpoints().empty());
  EXPECT_EQ(translated(run.checkpoints().back(), prompts), expected);
  EXPECT_EQ(generate(run.folder, prompts, "2").out, expected);
  write_bytes(folder_ / "sources.txt", sources);
  const std::string file = folder_ / "sources.txt";
  EXPECT_EQ(translated(run.folder, {"--beams", "1", "--prompt-file", file}), expected);
  write_bytes(file, "\n" + sources + " \r\n");
  EXPECT_EQ(translated(run.folder, {"--beams", "1", "--prompt-file", file}), "\n" + expected + "\n");
}
TEST_F(TranslateProgram, ManyLinesInTheirOrder) {
  const auto run = translator("run");
  std::string lines, expected;
  for (int i = 0; i < 70; ++i) lines += "I see " + std::to_string(i % 7) + " and 3.\n";
  write_bytes(folder_ / "sources.txt", lines);
  for (int i = 0; i < 7; ++i)
    expected += translated(run.folder, {"--prompt", "I see " + std::to_string(i) + " and 3."});
  std::string ten_times;
  for (int i = 0; i < 10; ++i) ten_times += expected;
  EXPECT_EQ(translated(run.folder, {"--prompt-file", folder_ / "sources.txt"}), ten_times);
}
TEST_F(TranslateProgram, GenerateSearchesAsItIsTold) {
  const auto run = translator("run");
  const auto text = [&](Words more) {
    for (int i = 0; i < 12; ++i)
      more.insert(more.end(), {"--prompt", "I see " + std::to_string(7 * i) + " and " + std::to_string(31 + i) + "."});
    return translated(run.folder, more);
  };
  const auto usual = text({});
  EXPECT_EQ(text({"--beams", "4", "--length-penalty", "1"}), usual);
  EXPECT_NE(text({"--beams", "1"}), usual);
  EXPECT_GT(text({"--length-penalty", "9"}).size(), text({"--length-penalty", "-9"}).size());
  EXPECT_LT(text({"--tokens", "3"}).size(), usual.size());
}
TEST_F(TranslateProgram, TheLengthPenaltyOfTheTrainerChoosesAmongLengths) {
  std::string pairs;  // every source has a short translation and a long one
  for (int i = 0; i < 60; ++i) {
    const auto both = std::to_string(i * 7 % 60) + " " + std::to_string(i), source = "I see " + both + ".\t";
    pairs += source + "oui " + both + ".\n" + source + "oui je vois bien tout cela ici " + both + ".\n";
  }
  write_bytes(folder_ / "pairs.tsv", pairs);
  const auto bleu = [&](const std::string& name, const std::string& penalty) {
    const auto run = translator(name, {{"--beams", "4"}, {"--length-penalty", penalty}});
    EXPECT_EQ(measured(run.folder, {"--data", folder_ / "pairs.tsv"})["metrics"], run.metrics());
    return run.metrics()["bleu"].get<double>();
  };
  EXPECT_GT(bleu("long", "4"), bleu("short", "0") + 10);  // only the long ones have four words in a row to match
}
TEST_F(TranslateProgram, WhatMakesNoTranslationIsRefusedInOneLine) {
  const auto run = translator("run", {{"--steps", "2"}});
  const auto refused = [&](const Words& flags, int code, const Words& parts) {
    expect_failure_of("generate", generate(run.folder, flags), code, parts);
  };
  refused({}, 2, {"--prompt", "sentence to translate"});
  refused({"--prompt", ""}, 2, {"--prompt", "1 to 63 tokens", "found 0"});
  refused({"--prompt", std::string(200, 'x')}, 2, {"--prompt", "1 to 63 tokens", "found 200"});
  for (const Words& flag : {Words{"--temperature", "0.5"},
                            {"--samples", "2"},
                            {"--stop", "a"},
                            {"--ids", "3"},
                            {"--seed", "2"},
                            {"--tokenizer", "x"}})
    refused({"--prompt", "I see 1.", flag[0], flag[1]}, 2, {flag[0], "translator"});
  refused({"--prompt", "I see 1.", "--beams", "0"}, 2, {"--beams", "at least 1"});
  const std::string file = folder_ / "long.txt";
  write_bytes(file, "I see 1.\n" + std::string(200, 'x') + "\n");
  refused({"--prompt-file", file}, 3, {"long.txt: line 2", "1 to 63 tokens", "found 200"});
  refused({"--prompt-file", "/nowhere"}, 3, {"/nowhere"});
  write_bytes(run.folder / "target.json",
              read_bytes(translator("other", {{"--vocabulary", "266"}, {"--steps", "1"}}).folder / "target.json"));
  refused({"--prompt", "I see 1."}, 3, {"target.json of 264 tokens", "found one of 266"});
  auto unmarked = read_bytes(run.folder / "source.json");
  while (unmarked.find("<bos>") != std::string::npos) unmarked.replace(unmarked.find("<bos>"), 5, "<Bos>");
  write_bytes(run.folder / "source.json", unmarked);
  refused({"--prompt", "I see 1."}, 3, {"source.json", "the token <bos>", "found none"});
  fs::remove(run.folder / "target.json");
  refused({"--prompt", "I see 1."}, 3, {"source.json and target.json", "found none"});
}
TEST_F(TranslateProgram, EvaluateMeasuresWhatTheTrainerMeasured) {
  const std::string data = folder_ / "pairs.tsv";
  for (const auto& [name, more] :
       {std::pair{"pairs", Flags{{"--beams", "3"}, {"--length-penalty", "0.5"}, {"--seed", "3"}}},
        {"swapped", Flags{{"--swap", ""}, {"--pairs", "70"}, {"--validation", "0.3"}}},
        {"copied", Flags{{"--task", "copy"}, {"--pairs", "90"}}}}) {
    const auto run = translator(name, more);
    ASSERT_FALSE(run.checkpoints().empty());
    for (const auto& model : {run.folder, run.checkpoints().back()}) {
      const auto again = measured(model, {"--data", data});
      EXPECT_EQ(again["metrics"], run.metrics()) << name;
      EXPECT_EQ(again["protocol"], run.summary()["protocol"]) << name;
      EXPECT_EQ(again["kind"], "seq2seq");
    }
  }
  const auto bleu = measured(folder_ / "pairs", {"--data", data, "--split", "test", "--metric", "bleu"})["metrics"];
  EXPECT_EQ(bleu, (Json{{"bleu", files("pairs").metrics()["bleu"]}}));
  EXPECT_GT(bleu["bleu"], 1);
}
TEST_F(TranslateProgram, EvaluateRefusesOtherPairsAndFlags) {
  const auto run = translator("run", {{"--steps", "2"}});
  const std::string data = folder_ / "pairs.tsv";
  const auto refused = [&](const Words& flags, int code, const Words& parts) {
    expect_failure_of("evaluate", evaluate(run.folder, flags), code, parts);
  };
  refused({"--data", data, "--metric", "ppl"}, 2, {"--metric", "bleu, exact_match, nats", "'ppl'"});
  refused({"--data", data, "--split", "train"}, 2, {"--split", "'train'"});
  refused({"--data", data, "--seed", "2"}, 2, {"--seed"});
  refused({"--data", data, "--samples", "5"}, 2, {"--samples"});
  write_bytes(folder_ / "other.tsv", read_bytes(data) + "We go.\tNous allons.\n");
  refused({"--data", folder_ / "other.tsv"}, 3, {"other.tsv", "pairs of the run", "sha256"});
  fs::remove(run.folder / "source.json");
  refused({"--data", data}, 3, {"source.json"});
}
TEST_F(TranslateProgram, InspectTellsWhatATranslatorIs) {
  const auto run_folder = translator("run", {{"--steps", "1"}}).folder;
  const Ended e = run({.words = {ATELIER_INSPECT, run_folder}});
  EXPECT_EQ(e.code, 0) << e.err;
  for (const char* part :
       {"\"model\":\"seq2seq\"", "\"source_vocabulary\":264", "decoder.h.0.crossattention.q_attn.weight",
        "encoder.wte.weight", "checksums of the header and of every tensor: as stored"})
    EXPECT_NE(e.out.find(part), std::string::npos) << part << " in " << e.out;
}

TEST_F(TranslateProgram, SlowCopiesUnseenStrings) { expect_learns("copy", "3"); }
TEST_F(TranslateProgram, SlowReversesUnseenStrings) { expect_learns("reverse", "8"); }
