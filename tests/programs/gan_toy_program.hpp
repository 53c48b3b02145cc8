/// Running gan_toy with small networks.
#pragma once

#include "programs/run_files.hpp"

class GanToyProgram : public testing::Test {
 protected:
  RunFiles files(const std::string& out) const { return {folder_ / out}; }
  /// The program with a small model's flags; `more` adds to them and wins.
  Command command(const std::string& out, const Flags& more = {}) const {
    Flags flags = {{"--out", folder_ / out}, {"--hidden", "8,8"},    {"--batch", "24"},
                   {"--threads", "1"},       {"--progress", "none"}, {"--evaluate-every", "12"}};
    for (const auto& [flag, value] : more) flags.insert_or_assign(flag, value);
    if (!flags.contains("--epochs") && !flags.contains("--minutes")) flags.insert({"--steps", "12"});
    return command_of(ATELIER_GAN_TOY, flags);
  }
  Ended train(const std::string& out, const Flags& more = {}) const { return run(command(out, more)); }
  /// A run that must succeed.
  RunFiles trained(const std::string& out, const Flags& more = {}) const {
    const Ended e = train(out, more);
    EXPECT_EQ(e.code, 0) << e.err;
    return files(out);
  }
  static void expect_failure(const Ended& e, int code, const std::vector<std::string>& parts) {
    expect_failure_of("gan_toy", e, code, parts);
  }

  TempFolder folder_;
};
