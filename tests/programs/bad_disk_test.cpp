/// Places that cannot be written to: exit code 4, and whatever was there before is as good as it was.
#include "programs/vae_program.hpp"
#include "support/small_disk.hpp"

namespace {

class BadDiskTest : public VaeProgram {
 protected:
  /// Runs the program with its folder on a disk of `kib` KiB; its exit code, messages and files are kept in `name`.
  small_disk::Outcome train_on_small_disk(const std::string& name, int kib, const Flags& flags) {
    fs::create_directories(folder_ / "disk");
    fs::create_directories(folder_ / name);
    return small_disk::with(folder_ / "disk", kib, [&] {
      const Ended e = train("disk/run", flags);
      write_bytes(folder_ / name / "code", std::to_string(e.code));
      write_bytes(folder_ / name / "err", e.err);
      fs::copy(folder_ / "disk", folder_ / name, fs::copy_options::recursive);
    });
  }
  Ended ended(const std::string& name) const {
    Ended e;
    e.code = std::stoi(read_bytes(folder_ / name / "code"));
    e.err = read_bytes(folder_ / name / "err");
    return e;
  }
};

TEST_F(BadDiskTest, FullDiskAtAnyMoment) {
  const Flags flags = {{"--epochs", "3"}, {"--hidden", "64"}, {"--checkpoint-every", "4"}, {"--resume", ""}};
  const auto undisturbed = trained("undisturbed", flags);
  int full = 0, trained_some = 0;
  for (int kib = 4; kib < 1500; kib += kib < 128 ? 16 : 120) {
    SCOPED_TRACE(kib);
    const std::string name = "full-" + std::to_string(kib);
    const auto outcome = train_on_small_disk(name, kib, flags);
    if (outcome == small_disk::Outcome::forbidden) GTEST_SKIP() << "this system lets nobody mount a small disk";
    ASSERT_EQ(outcome, small_disk::Outcome::done);
    const RunFiles run = files(name + "/run");
    run.expect_no_temporaries();
    if (ended(name).code != 0) {
      expect_failure(ended(name), 4, {"disk/run", "No space left on device"});
      EXPECT_FALSE(fs::exists(run.folder / "summary.json"));
      ++full;
    }
    if (!run.checkpoints().empty()) {
      run.expect_checkpoints_load();
      ++trained_some;
    }
    expect_same_run(undisturbed, trained(name + "/run", flags));
  }
  EXPECT_GE(full, 10);
  EXPECT_GE(trained_some, 5);
}

TEST_F(BadDiskTest, RunFolderThatCannotBe) {
  folder_.write("file", "precious");
  fs::create_directories(folder_ / "taken");
  folder_.write("taken/samples", "precious");
  const std::vector<std::pair<std::string, std::string>> places = {
      {"file", "a file of that name"}, {"file/below", "Not a directory"}, {"taken", "a file of that name"}};
  for (const auto& [out, reason] : places)
    for (const Flags& more : {Flags{}, Flags{{"--resume", ""}}})
      expect_failure(train(out, more), 4, {out, reason, "choose another --out"});
  for (const char* out : {"/proc/atelier", "/dev/null", "/dev/null/run"})
    expect_failure(train("", {{"--out", out}}), 4, {out, "choose another --out"});
  EXPECT_EQ(folder_.read("file"), "precious");
  EXPECT_EQ(folder_.read("taken/samples"), "precious");
}

TEST_F(BadDiskTest, PlacesTakenByFoldersAreNotOverwritten) {
  const auto plain = trained("plain");
  for (const char* name : {"model.safetensors", "summary.json", "log.jsonl", "config.json", "curves.png"}) {
    const std::string out = std::string("taken-") + name;
    fs::create_directories(folder_ / out / name / "inner");
    const Ended e = train(out, {{"--resume", ""}});
    EXPECT_TRUE(e.code == 4 || e.code == 3) << name << ": " << e.code << " " << e.err;
    expect_failure(e, e.code, {out + "/" + name});
    EXPECT_TRUE(fs::exists(folder_ / out / name / "inner"));
    files(out).expect_no_temporaries();
    fs::remove_all(folder_ / out / name);
    expect_same_run(plain, trained(out, {{"--resume", ""}}));
  }
}

TEST_F(BadDiskTest, StandardOutputThatTakesNothing) {
  Command full = command("full", {{"--json", ""}}), closed = command("closed", {{"--json", ""}});
  full.output = "/dev/full";
  closed.closed = {STDOUT_FILENO};
  for (const Command& c : {full, closed}) expect_failure(run(c), 4, {"standard output", "closed or full"});
  expect_same_run(files("full"), files("closed"));
  const Ended again = train("full", {{"--json", ""}, {"--resume", ""}});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(Json::parse(again.out), files("full").summary());
  Command help{.words = {ATELIER_VAE_MNIST, "--help"}};
  help.output = "/dev/full";
  expect_failure(run(help), 4, {"standard output"});
}

TEST_F(BadDiskTest, NobodyListens) {
  Command c = command("unread", {{"--progress", "text"}});
  c.unread = true;
  EXPECT_EQ(run(c).code, 4);  // no signal: the run is complete, only its last words are lost
  expect_same_run(trained("plain"), files("unread"));
}

TEST_F(BadDiskTest, MessagesWithoutAPlaceGoNowhere) {
  const Flags endless = {{"--steps", "1000000"}, {"--checkpoint-every", "1"}, {"--progress", "text"}};
  for (const auto& closed : {std::vector<int>{STDERR_FILENO}, {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}}) {
    const std::string out = "closed-" + std::to_string(closed.size());
    Command c = command(out, endless);
    c.closed = closed;
    Process p(c);
    ASSERT_TRUE(wait_until([&] { return files(out).checkpoints().size() > 2 || !p.running(); }));
    EXPECT_EQ(read_bytes(folder_ / out / ".lock"), std::to_string(p.pid()) + "\n");
    p.kill(SIGTERM);
    EXPECT_EQ(p.wait().code, 128 + SIGTERM);
    files(out).expect_checkpoints_load();
  }
}

}  // namespace
