// The training loop: whatever happens to a run, it goes on to the same end.
#include <gtest/gtest.h>

#include "support/expect_error.hpp"
#include "train/tiny_task.hpp"

using namespace atelier;
namespace fs = std::filesystem;

namespace {
std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}
/// The model file of an undisturbed run of 10 steps.
std::string undisturbed() {
  TempFolder folder;
  tiny::Task task;
  tiny::run(task, folder.path(), 10);
  return folder.read("model.safetensors");
}
}  // namespace

TEST(Loop, StoppedAnywhereItComesToTheSameEnd) {
  const auto model = undisturbed();
  for (Index stop = 1; stop < 10; ++stop) {
    TempFolder folder;
    tiny::Task first, second;
    EXPECT_FALSE(tiny::run(first, folder.path(), 10, stop).finished);
    EXPECT_TRUE(tiny::run(second, folder.path(), 10).finished);
    EXPECT_EQ(second.steps_run, 10 - stop);
    EXPECT_EQ(folder.read("model.safetensors"), model) << "stopped at " << stop;
    std::istringstream log(folder.read("log.jsonl"));
    int lines = 0;
    for (std::string line; std::getline(log, line);) ++lines;
    EXPECT_EQ(lines, 3) << "epochs end at 4, 8 and 10";
  }
}

TEST(Loop, TheFinalEvaluationCanBeStopped) {
  const auto model = undisturbed();
  TempFolder folder;
  tiny::Task first, second;
  train::RunFolder run_folder(folder.path() / "run", true);
  const auto stop = [](const train::Progress& p) { return p.evaluated == 0; };
  const auto options = tiny::options(folder.path() / "run", 10);
  EXPECT_FALSE(train::run(first, options, {}, run_folder, {}, stop).finished);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "run/model.safetensors"));
  EXPECT_TRUE(train::run(second, options, {}, run_folder, {}, {}).finished);
  EXPECT_EQ(second.steps_run, 0);
  EXPECT_EQ(folder.read("run/model.safetensors"), model);
}

TEST(Loop, KeepsTheNewestThreeCheckpointsAndTheBest) {
  TempFolder folder;
  tiny::Task task;
  task.score_of = [](int n) { return n == 1 ? 0.5 : 1.0; };  // best after the first epoch
  tiny::run(task, folder.path(), 40);
  const auto names = names_in(folder / "checkpoints");
  ASSERT_EQ(names.size(), 4u);
  EXPECT_EQ(names[0], "step-00000004.safetensors");
  EXPECT_EQ(names[3], "step-00000040.safetensors");
}

TEST(Loop, PassesOverADamagedCheckpoint) {
  const auto model = undisturbed();
  TempFolder folder;
  tiny::Task first, second;
  tiny::run(first, folder.path(), 10, 7);
  auto newest = folder.read("checkpoints/step-00000007.safetensors");
  newest[newest.size() - 3] = static_cast<char>(newest[newest.size() - 3] ^ 4);
  folder.write("checkpoints/step-00000007.safetensors", newest);
  std::string note;
  train::RunFolder run_folder(folder.path(), true);
  train::run(second, tiny::options(folder.path(), 10), {}, run_folder, {}, [&](const train::Progress& p) {
    note += p.note;
    return true;
  });
  EXPECT_EQ(second.steps_run, 4);
  EXPECT_NE(note.find("step-00000007"), std::string::npos) << note;
  EXPECT_EQ(folder.read("model.safetensors"), model);
}

TEST(Loop, RefusesCheckpointsOfAnotherModel) {
  TempFolder folder;
  tiny::Task narrow(5), wide(6);
  tiny::run(narrow, folder.path(), 10, 7);
  expect_error<InputError>([&] { tiny::run(wide, folder.path(), 10); }, {"model.weight", "[1, 6]", "[1, 5]"});
}

TEST(Loop, RefusesAnotherConfiguration) {
  TempFolder folder;
  tiny::Task task;
  tiny::run(task, folder.path(), 10, 7, train::Record().set("lr", 0.01).set("environment", train::Record()));
  expect_error<ConfigError>([&] { tiny::run(task, folder.path(), 10, -1, train::Record().set("lr", 0.02)); },
                            {"config.json", "\"lr\":0.01", "\"lr\":0.02"});
}

TEST(Loop, ALossThatIsNoNumberKeepsTheLastCheckpoint) {
  TempFolder folder;
  tiny::Task task;
  task.nan_at = 5;
  expect_error<DivergedError>([&] { tiny::run(task, folder.path(), 10); }, {"step 5", "nan", "--lr"});
  EXPECT_EQ(names_in(folder / "checkpoints").back(), "step-00000004.safetensors");
  tiny::Task again;
  EXPECT_TRUE(tiny::run(again, folder.path(), 10).finished);
  EXPECT_EQ(folder.read("model.safetensors"), undisturbed());
}

TEST(Loop, PassesOnWhatTheTaskHasToSayOnce) {
  TempFolder folder;
  tiny::Task task;
  task.note_at = 4;
  std::vector<std::string> notes;
  train::RunFolder run_folder(folder.path(), false);
  train::run(task, tiny::options(folder.path(), 10), {}, run_folder, {}, [&](const train::Progress& p) {
    notes.push_back(p.note);
    return true;
  });
  ASSERT_GE(notes.size(), 10u);
  for (std::size_t i = 0; i < notes.size(); ++i) EXPECT_EQ(notes[i], i == 3 ? "look here" : "") << i;
}

TEST(Loop, FollowsTheSchedule) {
  TempFolder folder;
  tiny::Task task;
  train::RunFolder run_folder(folder.path(), false);
  using Course = optim::Schedule::Course;
  train::run(task, tiny::options(folder.path(), 10), {.course = Course::linear, .warmup = 2}, run_folder, {}, nullptr);
  ASSERT_EQ(task.factors.size(), 10u);
  EXPECT_EQ(task.factors[0], 0.5);
  EXPECT_EQ(task.factors[2], 1);
  EXPECT_NEAR(task.factors[9], 1.0 / 8, 1e-12);
}

TEST(Loop, SamplesAndEvaluatesAtTheEndOfEpochs) {
  TempFolder folder;
  tiny::Task task;
  tiny::run(task, folder.path(), 10);
  EXPECT_EQ(task.sampled, (std::vector<Index>{4, 8, 10}));
  EXPECT_TRUE(fs::exists(folder / "curves.png"));
  const auto last =
      train::Record::parse(folder.read("log.jsonl").substr(0, folder.read("log.jsonl").find('\n')), "log");
  for (const char* key : {"step", "epoch", "train_loss", "test_error", "seconds"}) EXPECT_TRUE(last.find(key)) << key;
}

TEST(Loop, ABudgetInMinutesIsMeasuredOnceAndUndone) {
  TempFolder folder;
  tiny::Task task;
  auto o = tiny::options(folder.path(), 0);
  o.budget.minutes = 0.1;
  Index total = 0;
  {
    train::RunFolder run_folder(folder.path(), false);
    train::run(task, o, {}, run_folder, {}, [&](const train::Progress& p) {
      total = p.total;
      return p.step != 3;
    });
  }
  EXPECT_GT(total, 10);
  TempFolder plain;
  tiny::Task measured, undisturbed_task;
  tiny::run(undisturbed_task, plain.path(), total, 3);
  EXPECT_EQ(folder.read("checkpoints/step-00000003.safetensors"), plain.read("checkpoints/step-00000003.safetensors"));
  train::RunFolder run_folder(folder.path(), true);
  train::run(measured, o, {}, run_folder, {}, [&](const train::Progress& p) {
    EXPECT_EQ(p.total, total);
    return p.step < 5;
  });
}

TEST(Loop, APartOfTheFinalEvaluationIsTimedAfterAnEpochsEnd) {
  struct Preparing : tiny::Task {  // the first measurement after a step makes something ready
    train::Record step(Index step, double lr_factor) override {
      ready = false;
      return tiny::Task::step(step, lr_factor);
    }
    train::Record evaluate() override {
      ready = true;
      return tiny::Task::evaluate();
    }
    std::optional<train::Record> finish(double share, const train::Proceed& proceed) override {
      if (share < 1) ready_for_a_part.push_back(ready);
      return tiny::Task::finish(share, proceed);
    }
    bool ready = false;
    std::vector<bool> ready_for_a_part;
  } task;
  TempFolder folder;
  auto o = tiny::options(folder.path(), 0);
  o.budget.minutes = 0.05;
  train::RunFolder run_folder(folder.path(), false);
  train::run(task, o, {}, run_folder, {}, [](const train::Progress& p) { return p.step < 2; });
  EXPECT_EQ(task.ready_for_a_part, std::vector<bool>{true});
}

TEST(RunFolder, BelongsToOneTrainer) {
  TempFolder folder;
  {
    train::RunFolder one(folder / "run", false);
    one.write_config(train::Record().set("seed", 1));
    expect_error<ConfigError>([&] { train::RunFolder two(folder / "run", true); }, {"run"});
  }
  expect_error<ConfigError>([&] { train::RunFolder again(folder / "run", false); }, {"--resume", "--out"});
  folder.write("file", "");
  expect_error<IoError>([&] { train::RunFolder none(folder / "file", false); }, {"file", "--out"});
}
