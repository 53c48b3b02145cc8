/// Kills that nothing can catch, at random moments of any trainer's run.
#pragma once

#include <functional>
#include <random>

#include "programs/vae_program.hpp"

/// Starts runs of a trainer with --resume and kills them at moments that are uniform over the time of a whole run,
/// until `least` kills have struck: nothing but whole files is left each time, and each run ends as an undisturbed one.
/// `folder` holds the runs; command(out) is a run in folder / out.
inline void expect_to_survive_kills(int least, const fs::path& folder,
                                    const std::function<Command(const std::string& out)>& command) {
  std::mt19937 random{std::random_device{}()};
  const auto start = std::chrono::steady_clock::now();
  const Ended first = run(command("undisturbed"));
  ASSERT_EQ(first.code, 0) << first.err;
  const double seconds = seconds_since(start);
  const RunFiles undisturbed{folder / "undisturbed"};
  int kills = 0;
  for (int n = 0; kills < least && n < 5 * least && !testing::Test::HasFailure(); ++n) {
    const std::string out = "run-" + std::to_string(n);
    const RunFiles run{folder / out};
    Ended e;
    do {
      Process p(command(out));
      wait_until([&] { return !p.running(); }, std::uniform_real_distribution(0.0, seconds)(random));
      p.kill(SIGKILL);
      e = p.wait();
      ASSERT_TRUE(e.code == 0 || e.signal == SIGKILL) << e.err;
      kills += e.code != 0;
      run.expect_whole();
    } while (e.code != 0);
    expect_same_run(undisturbed, run);
    fs::remove_all(run.folder);
  }
  EXPECT_GE(kills, least);
  fs::remove_all(undisturbed.folder);
}
