/// Running the trainers of language models on small made-up texts.
#pragma once

#include <gtest/gtest.h>

#include <random>

#include "programs/run_files.hpp"

/// Sentences of a few words in which each tells much about the next one.
inline std::string sentences(int count, unsigned seed) {
  const std::vector<std::string> who = {"the cat", "the dog", "a bird", "one fish"},
                                 what = {"sees", "likes", "follows", "hears"};
  std::mt19937 random(seed);
  std::string text;
  for (int i = 0; i < count; ++i) {
    const auto k = random() % 4;
    text += who[k] + " " + what[(k + random() % 2) % 4] + " " + who[(k + 1) % 4] + " .\n";
  }
  return text;
}

class LmProgram : public testing::Test {
 protected:
  LmProgram() {
    fs::create_directories(folder_ / "wiki");
    for (const auto& [name, count] : {std::pair{"train", 120}, std::pair{"valid", 20}, std::pair{"test", 25}})
      write_bytes(folder_ / "wiki" / ("wiki." + std::string(name) + ".tokens"),
                  sentences(count, static_cast<unsigned>(count)));
    write_bytes(folder_ / "text.txt", sentences(120, 1));
    write_bytes(folder_ / "pairs.tsv", pairs());
  }

  RunFiles files(const std::string& out) const { return {folder_ / out}; }
  /// A program with a small model's flags; `more` adds to them and wins, "-" takes one away.
  Command command(const std::string& program, const std::string& out, const Flags& more = {}) const {
    Flags flags = program == ATELIER_TRANSLATE ? translator() : language_model(program, more.contains("--model"));
    flags.merge(Flags{{"--out", folder_ / out}, {"--threads", "1"}, {"--progress", "none"}, {"--steps", "8"}});
    for (const auto& [flag, value] : more) flags.insert_or_assign(flag, value);
    if (flags.contains("--epochs") || flags.contains("--minutes")) flags.erase("--steps");
    std::erase_if(flags, [](const auto& flag) { return flag.second == "-"; });
    return command_of(program, flags);
  }
  Ended train(const std::string& program, const std::string& out, const Flags& more = {}) const {
    return run(command(program, out, more));
  }
  /// A run that must succeed.
  RunFiles trained(const std::string& program, const std::string& out, const Flags& more = {}) const {
    const Ended e = train(program, out, more);
    EXPECT_EQ(e.code, 0) << e.err;
    return files(out);
  }

  TempFolder folder_;

 private:
  static std::string pairs() {
    std::string text;
    for (int i = 0; i < 80; ++i) {
      const std::string a = std::to_string(i * 7 % 100), b = std::to_string(i * 13 % 100);
      text += "I see " + a + " and " + b + ".\tje vois " + a + " et " + b + ".\tnobody\n";
    }
    return text;
  }
  Flags language_model(const std::string& program, bool gpt) const {
    Flags flags = {{"--batch", "4"}, {"--length", "8"}, {"--sample-tokens", "12"}, {"--layers", "2"}};
    if (gpt)
      flags.merge(Flags{{"--width", "16"}, {"--heads", "2"}});
    else
      flags.merge(Flags{{"--embedding", "8"}, {"--hidden", "8"}});
    if (program == ATELIER_LM_TEXT) {
      flags.merge(Flags{{"--data", folder_ / "text.txt"}, {"--prompt", "the"}});
    } else {
      flags.merge(Flags{{"--data", folder_ / "wiki"},
                        {"--any-text", ""},
                        {"--prompt", "the"},
                        {"--sampled", "12"},
                        {"--frequent", "4"},
                        {"--cache-window", "30"},
                        {"--valid-tokens", "60"}});
    }
    return flags;
  }
  Flags translator() const {
    return {{"--data", folder_ / "pairs.tsv"},
            {"--batch", "8"},
            {"--width", "16"},
            {"--heads", "2"},
            {"--layers", "1"},
            {"--context", "64"},
            {"--vocabulary", "264"},
            {"--validation", "0.2"},
            {"--encoder-layers", "1"},
            {"--valid-pairs", "4"},
            {"--beams", "2"}};
  }
};
