// Trainers of language models and translators: what they leave, that they go on bit for bit, what they refuse.
#include "programs/kills.hpp"
#include "programs/lm_program.hpp"

namespace {

const std::vector<std::pair<std::string, Flags>> programs = {{ATELIER_LM_WIKITEXT2, {}},
                                                             {ATELIER_LM_WIKITEXT2, {{"--model", "gpt"}}},
                                                             {ATELIER_LM_TEXT, {}},
                                                             {ATELIER_LM_TEXT, {{"--model", "gpt"}}},
                                                             {ATELIER_TRANSLATE, {}}};

TEST_F(LmProgram, LeaveARunFolder) {
  const auto run = trained(ATELIER_LM_WIKITEXT2, "wiki-run", {{"--epochs", "2"}, {"--json", ""}});
  const auto summary = run.summary();
  for (const char* key : {"val_ppl", "val_ppl_cache", "test_ppl", "test_ppl_cache", "test_token_ppl",
                          "test_bits_per_byte", "cache_theta", "cache_lambda"})
    EXPECT_TRUE(summary["metrics"].contains(key)) << key;
  EXPECT_LT(summary["metrics"]["test_ppl"], 14);  // as many words as there are
  EXPECT_EQ(summary["metrics"]["test_ppl"], summary["metrics"]["test_token_ppl"]);
  const auto protocol = summary["protocol"].get<std::string>();
  for (const char* part : {"test: word perplexity", "bits per byte", "test with cache", "840/140/175", "<eos>",
                           "state carried", "continuous cache of 30 tokens"})
    EXPECT_NE(protocol.find(part), std::string::npos) << part << " in " << protocol;
  run.expect_no_temporaries();
  run.expect_checkpoints_load();
  for (const char* file : {"tokenizer.json", "model.safetensors", "curves.png", "log.jsonl"})
    EXPECT_TRUE(fs::exists(run.folder / file)) << file;
  const auto last = run.log().back();
  EXPECT_EQ(last["step"], 52);
  EXPECT_TRUE(read_bytes(run.folder / "samples/step-00000052.txt") == last["sample"].get<std::string>() + "\n");
  EXPECT_TRUE(last["sample"].get<std::string>().starts_with("the "));
}

TEST_F(LmProgram, TextsAreMeasuredInCharactersToo) {
  for (const auto& [tokenizer, extra] :
       {std::pair<std::string, Flags>{"character", {}}, {"byte", {}}, {"bpe", {{"--vocabulary", "270"}}}}) {
    Flags flags = {{"--tokenizer", tokenizer}, {"--epochs", "1"}};
    flags.insert(extra.begin(), extra.end());
    const auto run = trained(ATELIER_LM_TEXT, tokenizer, flags);
    const auto metrics = run.metrics();
    EXPECT_LT(metrics["val_nats_per_char"], 3.3) << tokenizer;
    EXPECT_NEAR(metrics["val_nats_per_char"].get<double>() / std::log(2), metrics["val_bits_per_byte"].get<double>(),
                1e-9);
    EXPECT_NE(run.summary()["protocol"].get<std::string>().find(tokenizer + " tokens"), std::string::npos);
  }
}

TEST_F(LmProgram, TranslationsAreScored) {
  const auto pairs = trained(ATELIER_TRANSLATE, "pairs", {{"--attention-map", "I see 7."}});
  EXPECT_TRUE(pairs.metrics().contains("bleu"));
  EXPECT_NE(pairs.summary()["protocol"].get<std::string>().find("13a"), std::string::npos);
  EXPECT_TRUE(fs::exists(pairs.folder / "samples/step-00000008-attention.png"));
  for (const char* file : {"source.json", "target.json"}) EXPECT_TRUE(fs::exists(pairs.folder / file));
  const auto held_out = read_bytes(pairs.folder / "held_out.tsv");
  EXPECT_EQ(held_out.substr(0, 6), "I see ");
  EXPECT_NE(held_out.find(".\tje vois "), std::string::npos);
  const auto toy = trained(ATELIER_TRANSLATE, "toy", {{"--task", "reverse"}, {"--pairs", "60"}, {"--data", "-"}});
  EXPECT_TRUE(toy.metrics().contains("exact_match"));
  const auto sample = read_bytes(toy.folder / "samples/step-00000008.txt");
  EXPECT_NE(sample.find("\n  -> "), std::string::npos);
}

TEST_F(LmProgram, AttentionOfATextIsDrawn) {
  const auto run = trained(ATELIER_LM_TEXT, "run", {{"--model", "gpt"}, {"--attention-map", "the cat"}});
  EXPECT_TRUE(fs::exists(run.folder / "samples/step-00000008-attention.png"));
}

TEST_F(LmProgram, OneAndTwoThreadsLeaveTheSameFiles) {
  for (std::size_t i = 0; i < programs.size(); ++i) {
    const auto& [program, flags] = programs[i];
    Flags two = flags;
    two["--threads"] = "2";
    expect_same_run(trained(program, "one-" + std::to_string(i), flags),
                    trained(program, "two-" + std::to_string(i), two));
  }
}

TEST_F(LmProgram, GoOnBitForBitFromAnyStep) {
  for (std::size_t i = 0; i < programs.size(); ++i) {
    Flags flags = programs[i].second;
    flags.merge(Flags{{"--steps", "40"}, {"--checkpoint-every", "1"}, {"--resume", ""}, {"--accumulate", "2"}});
    const auto& program = programs[i].first;
    const auto undisturbed = trained(program, "undisturbed-" + std::to_string(i), flags);
    const auto stopped = files("stopped-" + std::to_string(i));
    Ended e;
    int stops = 0;
    do {
      const auto before = stopped.checkpoints();
      Process p(command(program, stopped.folder.filename(), flags));
      wait_until([&] { return stopped.checkpoints() != before || !p.running(); });
      p.kill(SIGTERM);
      e = p.wait();
      stops += e.code == 128 + SIGTERM;
    } while (e.code == 128 + SIGTERM && stops < 60);
    EXPECT_EQ(e.code, 0) << e.err;
    EXPECT_GE(stops, 2) << program;
    expect_same_run(undisturbed, stopped);
  }
}

TEST_F(LmProgram, SlowKills) {
  if (!std::getenv("ATELIER_SLOW_TESTS")) GTEST_SKIP() << "takes minutes; set ATELIER_SLOW_TESTS=1";
  for (const auto& program : programs) {
    Flags flags = program.second;
    flags.merge(Flags{{"--steps", "60"}, {"--checkpoint-every", "1"}, {"--resume", ""}});
    expect_to_survive_kills(40, folder_.path(),
                            [&](const std::string& out) { return command(program.first, out, flags); });
  }
}

TEST_F(LmProgram, MinutesEndInTime) {
  const auto start = std::chrono::steady_clock::now();
  const auto run = trained(ATELIER_LM_WIKITEXT2, "run", {{"--minutes", "0.03"}});
  EXPECT_LT(seconds_since(start), 20);
  EXPECT_GE(run.summary()["steps"], 1);
}

}  // namespace
