// The program generate: every flag, streaming, model files of all kinds, errors.
#include <gtest/gtest.h>

#include <sstream>

#include "atelier/data/tokenizer/bpe.hpp"
#include "atelier/data/tokenizer/character.hpp"
#include "atelier/models/lstm_lm/lstm_lm.hpp"
#include "models/transformer_support.hpp"
#include "programs/run_files.hpp"

using namespace atelier;
using namespace transformer_support;

namespace {

constexpr const char* letters = "abcdefghijklmnopqrstuvwxyz .";

/// A small model of letters with its tokenizer, as a trainer leaves them.
class GenerateProgram : public testing::Test {
 protected:
  GenerateProgram() : tokenizer_(data::CharacterTokenizer::train(letters)) {
    auto c = modern();
    c.vocabulary = tokenizer_.size();
    gpt_.emplace(filled<transformer::Gpt>(c));
    transformer::save_gpt(*gpt_, folder_ / "model.safetensors");
    tokenizer_.save(folder_ / "tokenizer.json");
  }
  Ended write(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {ATELIER_GENERATE, "--model", folder_.path().string()};
    words.insert(words.end(), more.begin(), more.end());
    return run({words, {{"ATELIER_THREADS", "1"}}});
  }
  /// What it prints with these flags after a prompt of its own.
  std::string text(std::vector<std::string> more) const {
    more.insert(more.end(), {"--prompt", "hello", "--tokens", "30"});
    const Ended e = write(more);
    EXPECT_EQ(e.code, 0) << e.err;
    EXPECT_EQ(e.err, "");
    return e.out;
  }
  void expect_refused(const std::vector<std::string>& flags, int code, const std::vector<std::string>& parts) const {
    const Ended e = write(flags);
    EXPECT_EQ(e.code, code) << e.err;
    EXPECT_EQ(std::count(e.err.begin(), e.err.end(), '\n'), 1) << e.err;
    for (const auto& part : parts) EXPECT_NE(e.err.find(part), std::string::npos) << part << " in " << e.err;
  }

  TempFolder folder_;
  data::CharacterTokenizer tokenizer_;
  std::optional<transformer::Gpt> gpt_;
};
}  // namespace

TEST_F(GenerateProgram, WritesWhatTheLibraryGenerates) {
  const std::vector<transformer::Tokens> prompt = {tokenizer_.encode("hello")};
  const auto fresh = transformer::generate(*gpt_, prompt, {.tokens = 30}, Rng(1))[0];
  EXPECT_EQ(text({}), "hello" + tokenizer_.decode(fresh) + "\n");
  EXPECT_EQ(text({"--no-prompt"}), tokenizer_.decode(fresh) + "\n");
}
TEST_F(GenerateProgram, RecurrentModelsWriteToo) {
  lstm_lm::LstmLm model({.vocabulary = tokenizer_.size(), .embedding = 8, .hidden = 8, .layers = 1});
  nn::init(model, Rng(4));
  save(model, folder_ / "model.safetensors");
  const std::vector<transformer::Tokens> prompt = {tokenizer_.encode("hello")};
  const auto fresh = lstm_lm::generate(model, prompt, {.tokens = 30}, Rng(1))[0];
  EXPECT_EQ(text({}), "hello" + tokenizer_.decode(fresh) + "\n");
  EXPECT_NE(text({"--top-k", "2"}), text({}));
  EXPECT_NE(text({"--samples", "2"}).find("=== 2\nhello"), std::string::npos);
  expect_refused({"--prompt", "a", "--beams", "2"}, 2, {"--beams", "recurrent"});
}
TEST_F(GenerateProgram, EveryFlagOfSamplingActs) {
  const auto plain = text({});
  EXPECT_EQ(text({"--seed", "1"}), plain);
  EXPECT_NE(text({"--seed", "2"}), plain);
  EXPECT_NE(text({"--temperature", "0"}), plain);
  EXPECT_EQ(text({"--temperature", "0", "--seed", "2"}), text({"--temperature", "0"}));
  EXPECT_NE(text({"--top-k", "2"}), plain);
  EXPECT_EQ(text({"--top-k", "1"}), text({"--temperature", "0"}));
  EXPECT_NE(text({"--top-p", "0.1"}), plain);
  EXPECT_NE(text({"--min-p", "0.8"}), plain);
  EXPECT_NE(text({"--repetition-penalty", "50"}), plain);
}
TEST_F(GenerateProgram, BeamsAndTheirLengthPenalty) {
  EXPECT_EQ(text({"--beams", "1"}), text({"--temperature", "0"}).substr(0, 13) + "\n");  // 12 tokens fill the context
  const auto penalised = [&](const char* penalty) {
    std::size_t together = 0;
    for (char stop = 'a'; stop <= 'h'; ++stop)
      together += text({"--beams", "6", "--stop", std::string(1, stop), "--length-penalty", penalty}).size();
    return together;
  };
  EXPECT_GT(penalised("9"), penalised("-9"));
}
TEST_F(GenerateProgram, SeveralTextsUnderHeadings) {
  const Ended e = write({"--prompt", "one ", "--prompt", "two ", "--samples", "2", "--tokens", "5"});
  std::istringstream lines(e.out);
  std::vector<std::string> begins;
  for (std::string line; std::getline(lines, line);)
    if (!line.empty()) begins.push_back(line.substr(0, 5));
  ASSERT_EQ(begins.size(), 8u) << e.out;
  EXPECT_EQ(begins[0], "=== 1");
  EXPECT_EQ(begins[1].substr(0, 4), "one ");
  EXPECT_EQ(begins[6], "=== 4");
  EXPECT_EQ(begins[7].substr(0, 4), "two ");
}
TEST_F(GenerateProgram, StopsAndCounts) {
  const auto longer = text({});
  const auto end = longer.substr(8, 1);
  EXPECT_EQ(text({"--stop", end}), longer.substr(0, longer.find(end, 5)) + "\n");
  EXPECT_EQ(write({"--prompt", "hello", "--tokens", "3"}).out, longer.substr(0, 8) + "\n");
}
TEST_F(GenerateProgram, ThePromptMayComeFromAFile) {
  std::ofstream(folder_ / "prompt.txt") << "hello";
  EXPECT_EQ(write({"--prompt-file", (folder_ / "prompt.txt").string(), "--tokens", "30"}).out, text({}));
  expect_refused({"--prompt-file", "/nowhere"}, 3, {"/nowhere", "prompt"});
  expect_refused({"--prompt-file", folder_.path().string()}, 3, {folder_.path().string(), "a folder"});
  std::ofstream(folder_ / "foreign.txt") << "€";
  expect_refused({"--prompt-file", (folder_ / "foreign.txt").string()}, 3, {"foreign.txt", "U+20AC"});
  expect_refused({"--prompt-file", "/nowhere", "--prompt", "a"}, 2, {"found both"});
}
TEST_F(GenerateProgram, NumbersNeedNoTokenizer) {
  std::filesystem::remove(folder_ / "tokenizer.json");
  const std::vector<transformer::Tokens> prompt = {{3, 1, 4}};
  const auto fresh = transformer::generate(*gpt_, prompt, {.tokens = 4}, Rng(1))[0];
  std::string expected = "3 1 4";
  for (const auto id : fresh) expected += " " + std::to_string(id);
  EXPECT_EQ(write({"--ids", "3,1,4", "--tokens", "4"}).out, expected + "\n");
  EXPECT_EQ(write({"--ids", "3,1,4", "--tokens", "4", "--stop", std::to_string(fresh[0])}).out, "3 1 4\n");
  expect_refused({"--ids", "3,99"}, 2, {"--ids", "from 0 to 27", "99"});
  expect_refused({"--ids", "3", "--stop", "x"}, 2, {"--stop", "'x'"});
  expect_refused({"--ids", "3", "--prompt", "x"}, 2, {"--ids"});
  expect_refused({"--ids", ""}, 2, {"--ids", "found none"});
}
TEST_F(GenerateProgram, AnyNumberOfThreadsWritesTheSame) { EXPECT_EQ(text({"--threads", "3"}), text({})); }
TEST_F(GenerateProgram, ReadsGpt2sFolders) {
  const auto bpe = data::train_bpe("hello hello yellow", {.vocabulary = 262, .min_frequency = 1});
  auto c = config();
  c.vocabulary = bpe.size();
  const TempFolder hf;
  transformer::save_gpt2(filled<transformer::Gpt>(c), hf.path());
  data::save_gpt2(bpe, hf.path());
  const auto model = hf.path().string();
  const Ended e = run({{ATELIER_GENERATE, "--model", model, "--prompt", "hello", "--tokens", "4"}});
  EXPECT_EQ(e.code, 0) << e.err;
  EXPECT_EQ(e.out.substr(0, 5), "hello");
  const Ended begins = run({{ATELIER_GENERATE, "--model", model, "--tokens", "4"}});  // with <|endoftext|>
  EXPECT_EQ(begins.code, 0) << begins.err;
  expect_refused({"--tokenizer", model}, 3, {"tokenizer of 28 tokens", std::to_string(bpe.size())});
}
TEST_F(GenerateProgram, Errors) {
  expect_refused({"--prompt", "a", "--temperature", "-1"}, 2, {"temperature", "-1"});
  expect_refused({"--prompt", "a", "--tokens", "0"}, 2, {"--tokens"});
  expect_refused({"--prompt", "a€"}, 2, {"--prompt", "U+20AC"});
  for (const char* seed : {"-1", "99999999999999999999"})
    expect_refused({"--prompt", "a", "--seed", seed}, 2, {"--seed"});
  expect_refused({"--prompt", "a", "--stop", "two"}, 2, {"--stop", "'two'", "takes 3"});
  expect_refused({"--prompt", "a", "--stop", "€"}, 2, {"--stop", "U+20AC"});
  expect_refused({"--prompt", "a", "--beams", "2", "--samples", "2"}, 2, {"--samples", "--beams"});
  expect_refused({"--prompt", "a", "--tokenizer", "/nowhere"}, 3, {"/nowhere"});
  expect_refused({}, 2, {"--prompt", "no special token"});
  const Ended none = run({{ATELIER_GENERATE, "--model", "/nowhere"}});
  EXPECT_EQ(none.code, 3) << none.err;
  std::filesystem::remove(folder_ / "tokenizer.json");
  expect_refused({"--prompt", "a"}, 3, {"beside the model", "--tokenizer"});
  EXPECT_EQ(run({{ATELIER_GENERATE, "--help"}}).code, 0);
}
