// Every flag of the trainers of language models does something; what makes no run is refused in one line.
#include "programs/lm_program.hpp"
#include "support/precision.hpp"

namespace {

class LmFlags : public LmProgram {
 protected:
  /// Each flag alone changes the model or what is measured, against the same run without it.
  void expect_changes(const std::string& program, const Flags& base, const std::vector<Flags>& changes) {
    const auto plain = trained(program, "plain", base);
    int n = 0;
    for (const auto& change : changes) {
      Flags flags = base;
      for (const auto& [flag, value] : change) flags.insert_or_assign(flag, value);
      const auto other = trained(program, "other-" + std::to_string(n++), flags);
      EXPECT_TRUE(other.model() != plain.model() || other.metrics() != plain.metrics()) << change.begin()->first;
      fs::remove_all(other.folder);
    }
    fs::remove_all(folder_ / "plain");
  }
  void expect_refused(const std::string& program, const Flags& flags, int code, const std::vector<std::string>& parts) {
    const Ended e = train(program, "refused", flags);
    expect_failure_of(fs::path(program).filename(), e, code, parts);
    EXPECT_FALSE(fs::exists(folder_ / "refused/config.json")) << parts.front();
  }
};

TEST_F(LmFlags, OfTheRecurrentModel) {
  expect_changes(ATELIER_LM_WIKITEXT2, {{"--output", "tied"}, {"--layers", "2"}},
                 {{{"--embedding", "12"}},
                  {{"--hidden", "12"}},
                  {{"--layers", "1"}},
                  {{"--output", "linear"}},
                  {{"--output", "adaptive"}, {"--cutoffs", "3,7"}, {"--embedding", "32"}},
                  {{"--output", "adaptive"}, {"--cutoffs", "4"}},
                  {{"--dropout-words", "0.3"}},
                  {{"--dropout-input", "0.5"}},
                  {{"--dropout-between", "0.5"}},
                  {{"--dropout-output", "0.5"}},
                  {{"--weight-drop", "0.5"}},
                  {{"--activation", "2"}},
                  {{"--difference", "1"}}});
}

TEST_F(LmFlags, OfTheTraining) {
  expect_changes(ATELIER_LM_WIKITEXT2, {},
                 {{{"--length", "9"}},
                  {{"--batch", "5"}},
                  {{"--sampled", "0"}},
                  {{"--frequent", "6"}},
                  {{"--clip", "0.01"}},
                  {{"--beta1", "0.5"}},
                  {{"--beta2", "0.9"}},
                  {{"--weight-decay", "0.5"}},
                  {{"--warmup", "3"}},
                  {{"--schedule", "constant"}},
                  {{"--lr", "0.001"}},
                  {{"--seed", "2"}},
                  {{"--vocabulary", "9"}},
                  {{"--preset", "wikitext2_lstm_long"}}});
}

TEST_F(LmFlags, OfThePrecision) {
  const auto plain = trained(ATELIER_LM_WIKITEXT2, "plain");  // medium
  const auto exact = trained(ATELIER_LM_WIKITEXT2, "exact", {{"--precision", "highest"}});
  EXPECT_EQ(exact.config().at("precision"), "highest");
  EXPECT_EQ(exact.model() != plain.model(), medium_rounds());
}

TEST_F(LmFlags, OfTheTransformer) {
  const Flags gpt = {{"--model", "gpt"}, {"--dropout-words", "0"}};
  expect_changes(ATELIER_LM_WIKITEXT2, gpt,
                 {{{"--width", "24"}},
                  {{"--heads", "4"}},
                  {{"--inner", "20"}},
                  {{"--positions", "rotary"}},
                  {{"--norm", "rms"}},
                  {{"--unit", "swiglu"}},
                  {{"--post-norm", ""}},
                  {{"--untied", ""}},
                  {{"--dropout-embedding", "0.4"}},
                  {{"--dropout-attention", "0.4"}},
                  {{"--dropout-residual", "0.4"}},
                  {{"--dropout-words", "0.4"}},
                  {{"--stride", "8"}},
                  {{"--sampled", "0"}}});
}

TEST_F(LmFlags, OfTheMeasuring) {
  expect_changes(
      ATELIER_LM_WIKITEXT2, {},
      {{{"--cache-window", "7"}}, {{"--cache-theta", "3"}}, {{"--cache-lambda", "0.5"}}, {{"--cache-window", "0"}}});
  const auto sample = [&](const std::string& out, const Flags& flags) {
    return trained(ATELIER_LM_TEXT, out, flags).log().back()["sample"].get<std::string>();
  };
  const auto plain = sample("plain-sample", {});
  EXPECT_EQ(plain.size(), 15u);
  for (const auto& [flag, value] : Flags{{"--prompt", "one"}, {"--sample-tokens", "5"}, {"--temperature", "0"}})
    EXPECT_NE(sample("sample" + flag, {{flag, value}}), plain) << flag;
  for (const auto& [flag, value] : Flags{{"--top-k", "1"}, {"--top-p", "0.0001"}})
    EXPECT_EQ(sample("greedy" + flag, {{flag, value}}), sample("greedy-t" + flag, {{"--temperature", "0"}})) << flag;
  const auto few = trained(ATELIER_LM_WIKITEXT2, "few", {{"--valid-tokens", "20"}}).log().back();
  EXPECT_NE(few["val_nats"], trained(ATELIER_LM_WIKITEXT2, "all", {{"--valid-tokens", "0"}}).log().back()["val_nats"]);
}

TEST_F(LmFlags, OfTexts) {
  expect_changes(ATELIER_LM_TEXT, {},
                 {{{"--tokenizer", "byte"}},
                  {{"--train-share", "0.7"}},
                  {{"--preset", "lm_seed"}, {"--model", "gpt"}, {"--vocabulary", "260"}}});
  expect_changes(ATELIER_LM_TEXT, {{"--tokenizer", "bpe"}, {"--vocabulary", "280"}}, {{{"--vocabulary", "262"}}});
}

TEST_F(LmFlags, OfTheTranslator) {
  expect_changes(ATELIER_TRANSLATE, {},
                 {{{"--width", "24"}},
                  {{"--heads", "4"}},
                  {{"--layers", "2"}},
                  {{"--encoder-layers", "2"}},
                  {{"--dropout", "0.4"}},
                  {{"--label-smoothing", "0"}},
                  {{"--weight-decay", "0.9"}},
                  {{"--beta2", "0.9"}},
                  {{"--clip", "0.01"}},
                  {{"--warmup", "3"}},
                  {{"--validation", "0.3"}},
                  {{"--pairs", "60"}},
                  {{"--swap", ""}},
                  {{"--vocabulary", "268"}},
                  {{"--task", "copy"}, {"--pairs", "80"}}});
  const auto sample = [&](const std::string& out, const Flags& flags) {
    return trained(ATELIER_TRANSLATE, out, flags).summary();
  };
  EXPECT_NE(sample("greedy", {{"--beams", "1"}})["protocol"], sample("beams", {{"--beams", "3"}})["protocol"]);
  write_bytes(folder_ / "bad.tsv", read_bytes(folder_ / "pairs.tsv") + "no pair\n");
  expect_refused(ATELIER_TRANSLATE, {{"--data", folder_ / "bad.tsv"}}, 3, {"bad.tsv", "81"});
  const auto skipped = sample("skipped", {{"--data", folder_ / "bad.tsv"}, {"--skip-bad-lines", ""}});
  EXPECT_NE(skipped["protocol"].get<std::string>().find("1 bad lines"), std::string::npos);
}

TEST_F(LmFlags, WhatMakesNoRunIsRefusedInOneLine) {
  const std::vector<std::tuple<Flags, int, std::vector<std::string>>> of_words = {
      {{{"--model", "rnn"}}, 2, {"--model", "lstm or gpt", "'rnn'"}},
      {{{"--output", "deep"}}, 2, {"output", "'deep'"}},
      {{{"--output", "adaptive"}}, 2, {"cutoffs", "none"}},
      {{{"--output", "adaptive"}, {"--cutoffs", "9,3"}}, 2, {"cutoffs", "3 after 9"}},
      {{{"--output", "adaptive"}, {"--cutoffs", "3,7"}}, 2, {"AdaptiveSoftmax", "found 8"}},
      {{{"--dropout-output", "1"}}, 2, {"dropout", "found 1"}},
      {{{"--beta2", "1"}}, 2, {"--beta2", "found 1"}},
      {{{"--batch", "100"}, {"--length", "50"}}, 2, {"--batch and --length", "100 times 50"}},
      {{{"--sampled", "1"}}, 2, {"--sampled", "found 1"}},
      {{{"--windows", "4"}, {"--cache-window", "7"}}, 2, {"--windows", "--cache-window, found 7"}},
      {{{"--cache-lambda", "1"}}, 2, {"--cache-lambda", "found 1"}},
      {{{"--cache-theta", "-1"}}, 2, {"--cache-theta", "found -1"}},
      {{{"--temperature", "-1"}}, 2, {"temperature", "found -1"}},
      {{{"--attention-map", "the"}}, 2, {"--attention-map", "--model lstm"}},
      {{{"--unit", "gelu"}}, 2, {"--unit", "expected --model gpt, found --model lstm"}},
      {{{"--model", "gpt"}, {"--weight-drop", "0.1"}}, 2, {"--weight-drop", "expected --model lstm"}},
      {{{"--model", "gpt"}, {"--stride", "9"}}, 2, {"--stride", "--length 8", "found 9"}},
      {{{"--model", "gpt"}, {"--heads", "3"}}, 2, {"heads"}},
      {{{"--any-text", "-"}}, 3, {"wiki.train.tokens", "36718 lines", "120"}},
      {{{"--data", folder_ / "nowhere"}}, 3, {"nowhere", "wiki.train.tokens"}}};
  for (const auto& [flags, code, parts] : of_words) expect_refused(ATELIER_LM_WIKITEXT2, flags, code, parts);
  write_bytes(folder_ / "broken.txt", sentences(100, 1) + "\xff\n");
  write_bytes(folder_ / "empty.txt", "");
  write_bytes(folder_ / "short.txt", "ab");
  const std::vector<std::tuple<Flags, int, std::vector<std::string>>> of_texts = {
      {{{"--data", folder_ / "broken.txt"}}, 3, {"broken.txt", "UTF-8", "0xff"}},
      {{{"--data", folder_ / "empty.txt"}}, 3, {"empty.txt", "empty"}},
      {{{"--data", folder_ / "short.txt"}}, 2, {"--batch and --length", "4 times 8"}},
      {{{"--data", folder_ / "missing.txt"}}, 3, {"missing.txt"}},
      {{{"--tokenizer", "word"}}, 2, {"--tokenizer", "'word'"}},
      {{{"--train-share", "1"}}, 2, {"fraction", "found 1"}},
      {{{"--prompt", "Z"}}, 2, {"--prompt", "U+005A"}},
      {{{"--sampled", "20"}}, 2, {"--sampled", "sorted by frequency"}},
      {{{"--untied=99999999999999999999", ""}}, 2, {"--help", "too large"}},
      {{{"--output", "adaptive"}, {"--cutoffs", "4"}}, 2, {"--output", "sorted by frequency"}}};
  for (const auto& [flags, code, parts] : of_texts) expect_refused(ATELIER_LM_TEXT, flags, code, parts);
  const std::vector<std::tuple<Flags, int, std::vector<std::string>>> of_pairs = {
      {{{"--task", "sort"}}, 2, {"--task", "'sort'"}},
      {{{"--context", "4"}}, 3, {"pairs of at most 3 tokens", "0 and 0"}},
      {{{"--validation", "1"}}, 2, {"found 1"}},
      {{{"--data", folder_ / "text.txt"}}, 3, {"text.txt"}},
      {{{"--data", folder_ / "wiki"}}, 3, {"one file that ends in .tsv", "found 0"}},
      {{{"--attention-map", std::string(200, 'x')}}, 2, {"--attention-map", "1 to 63 tokens", "200"}},
      {{{"--label-smoothing", "2"}}, 2, {"--label-smoothing", "found 2"}}};
  for (const auto& [flags, code, parts] : of_pairs) expect_refused(ATELIER_TRANSLATE, flags, code, parts);
}

TEST_F(LmFlags, AByteTokenizerTakesAnyBytes) {
  write_bytes(folder_ / "broken.txt", sentences(100, 1) + "\xff\n");
  trained(ATELIER_LM_TEXT, "run", {{"--data", folder_ / "broken.txt"}, {"--tokenizer", "byte"}});
}

TEST_F(LmFlags, ACheckpointOfAnotherSizeIsRefused) {
  trained(ATELIER_LM_TEXT, "small");
  trained(ATELIER_LM_TEXT, "large", {{"--hidden", "9"}});
  const auto name = "checkpoints/step-00000008.safetensors";
  fs::remove(folder_ / "small/summary.json");
  fs::copy_file(folder_ / "large" / name, folder_ / "small" / name, fs::copy_options::overwrite_existing);
  const Ended e = train(ATELIER_LM_TEXT, "small", {{"--resume", ""}});
  expect_failure_of("lm_text", e, 3, {"step-00000008.safetensors", "belongs to another model"}, false);
}

}  // namespace
