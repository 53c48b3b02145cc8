/// Kills that nothing can catch, at any moment of a run: the next one goes on, and the end is what it would have been.
#include <iostream>

#include "programs/vae_program.hpp"

namespace {

/// Where kills struck: before the folder was opened, amid steps, while a checkpoint or another file was being written,
/// behind the last step.
struct Tally {
  int start = 0, steps = 0, checkpoint = 0, other_file = 0, end = 0;
  int total() const { return start + steps + checkpoint + other_file + end; }
};

class KillTest : public VaeProgram {
 protected:
  static constexpr int steps = 30;

  Flags flags(const std::string& every) const {
    return {{"--hidden", "512"},           {"--batch", "8"}, {"--steps", std::to_string(steps)}, {"--iwae", "1000"},
            {"--checkpoint-every", every}, {"--resume", ""}};
  }

  void count(const RunFiles& run, pid_t pid) {
    const auto checkpoints = run.checkpoints();
    char last[40];
    std::snprintf(last, sizeof last, "step-%08d.safetensors", steps);
    if (run.temporaries("checkpoints", pid))
      ++tally_.checkpoint;
    else if (run.temporaries("", pid) || run.temporaries("samples", pid))
      ++tally_.other_file;
    else if (read_bytes(run.folder / ".lock") != std::to_string(pid) + "\n")
      ++tally_.start;
    else
      ++(!checkpoints.empty() && checkpoints.back().filename() == last ? tally_.end : tally_.steps);
  }

  double below(double limit) { return std::uniform_real_distribution(0.0, limit)(random_); }

  /// Waits for a moment that is uniform over the time a whole run takes; one in eight comes early, one in three strikes
  /// while a checkpoint is being written, if another one is.
  void wait_for_moment(Process& p, const RunFiles& run) {
    const auto ended = [&] { return !p.running(); };
    if (wait_until(ended, below(random_() % 8 == 0 ? 0.03 : seconds_)) || random_() % 3 != 0) return;
    wait_until([&] { return ended() || run.temporaries("checkpoints", p.pid()); }, 0.2 * seconds_);
    wait_until(ended, below(0.004));
  }

  /// Starts, kills and starts again until the run is finished.
  void finish_under_kills(const RunFiles& run, const Flags& flags) {
    for (int attempts = 0; attempts < 200; ++attempts) {
      Process p(command(run.folder.filename(), flags));
      wait_for_moment(p, run);
      p.kill(SIGKILL);
      const Ended e = p.wait();
      if (e.code == 0) return;
      ASSERT_EQ(e.signal, SIGKILL) << "exit code " << e.code << ": " << e.err;
      count(run, p.pid());
      run.expect_whole();
    }
    ADD_FAILURE() << "no end after 200 kills";
  }

  void kill_at_least(int kills, int at_checkpoints = 0) {
    const auto start = std::chrono::steady_clock::now();
    const auto undisturbed = trained("undisturbed", flags("1"));
    seconds_ = seconds_since(start);
    const auto enough = [&] { return tally_.total() >= kills && tally_.checkpoint >= at_checkpoints; };
    for (int n = 0; !enough() && n < 10 * kills && !HasFailure(); ++n) {
      const auto run = files("run-" + std::to_string(n));
      finish_under_kills(run, flags(n % 4 == 3 ? "60s" : "1"));
      expect_same_run(undisturbed, run);
      EXPECT_EQ(run.summary().at("steps"), steps);
      fs::remove_all(run.folder);
    }
    std::cout << "kills " << tally_.total() << ": start " << tally_.start << ", steps " << tally_.steps
              << ", while a checkpoint was written " << tally_.checkpoint << ", another file " << tally_.other_file
              << ", final evaluation " << tally_.end << "; " << seconds_since(start) << " s\n";
  }

  Tally tally_;
  double seconds_ = 1;
  std::mt19937 random_{std::random_device{}()};
};

TEST_F(KillTest, FifteenKills) { kill_at_least(15); }

TEST_F(KillTest, SlowTwoHundredKills) {
  if (!std::getenv("ATELIER_SLOW_TESTS")) GTEST_SKIP() << "takes minutes; set ATELIER_SLOW_TESTS=1";
  kill_at_least(200, 50);
  EXPECT_GE(tally_.total(), 200);
  EXPECT_GE(tally_.checkpoint, 50);
  for (int n : {tally_.start, tally_.steps, tally_.other_file, tally_.end}) EXPECT_GE(n, 1);
}

}  // namespace
