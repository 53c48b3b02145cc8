/// Checkpoints that are damaged, hostile or another's: passed over while there is an older one, an error otherwise.
#include <functional>

#include "atelier/train/record.hpp"
#include "programs/vae_program.hpp"

namespace {

using namespace atelier;

struct Damage {
  std::string name;
  std::function<std::string(std::string)> make;  // from the bytes of a good checkpoint
};

std::string flip(std::string bytes, std::size_t at) {
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  return bytes;
}
std::string with_length(std::string bytes, std::uint64_t length) {
  return std::string(reinterpret_cast<const char*>(&length), 8) + bytes.substr(8);
}
std::string replaced(std::string bytes, const std::string& from, const std::string& to) {
  const auto at = bytes.find(from);
  return at == std::string::npos ? "" : bytes.replace(at, from.size(), to);
}

const std::vector<Damage>& damages() {
  static const std::vector<Damage> all = {
      {"a bit of a weight", [](const auto& b) { return flip(b, b.size() - 5000); }},
      {"a bit of the last moment", [](const auto& b) { return flip(b, b.size() - 1); }},
      {"a bit of the header", [](const auto& b) { return flip(b, 200); }},
      {"empty", [](const auto&) { return std::string(); }},
      {"half", [](const auto& b) { return b.substr(0, b.size() / 2); }},
      {"a byte less", [](const auto& b) { return b.substr(0, b.size() - 1); }},
      {"a byte more", [](const auto& b) { return b + 'x'; }},
      {"zeros", [](const auto& b) { return std::string(b.size(), '\0'); }},
      {"a web page", [](const auto&) { return std::string("<!DOCTYPE html><html></html>"); }},
      {"a huge header", [](const auto& b) { return with_length(b, 0x7fffffffffffffffu); }},
      {"overlapping tensors", [](const auto& b) { return replaced(b, "\"data_offsets\":[", "\"data_offsets\":[0"); }},
      {"a shape beyond memory", [](const auto& b) { return replaced(b, "\"shape\":[", "\"shape\":[99999999999,"); }},
      {"another type", [](const auto& b) { return replaced(b, "\"F32\"", "\"I32\""); }}};
  return all;
}

class BadCheckpointTest : public VaeProgram {
 protected:
  BadCheckpointTest() {
    undisturbed_ = trained("undisturbed", flags_);
    Process p(command("stopped", flags_));
    wait_until([&] { return files("stopped").checkpoints().size() > 2 || !p.running(); });
    p.kill(SIGTERM);
    EXPECT_EQ(p.wait().code, 128 + SIGTERM);
    EXPECT_GE(files("stopped").checkpoints().size(), 2u);
    flags_["--resume"] = "";
  }
  RunFiles copy(const std::string& name) {
    fs::remove_all(folder_ / name);
    fs::copy(folder_ / "stopped", folder_ / name, fs::copy_options::recursive);
    return files(name);
  }
  Ended resume(const std::string& name) { return train(name, flags_); }

  /// The file's own tensors, with another description of the run.
  static void describe(const fs::path& file, const std::function<void(train::Record&)>& change) {
    const auto in = io::SafetensorsFile::open(file);
    auto metadata = in.metadata();
    auto record = train::Record::parse(metadata.at("atelier.run"), "test");
    change(record);
    metadata["atelier.run"] = record.json();
    rewrite(file, in, metadata);
  }
  static void rewrite(const fs::path& file, const io::SafetensorsFile& in, const io::Metadata& metadata) {
    std::vector<Tensor> values;
    std::vector<io::NamedBytes> named;
    for (const auto& t : in.tensors()) values.push_back(in.read<float>(t.name));
    for (std::size_t k = 0; k < values.size(); ++k) named.push_back(io::named(in.tensors()[k].name, values[k]));
    io::write_safetensors(file, named, metadata);
  }

  Flags flags_ = {{"--steps", "24"}, {"--checkpoint-every", "1"}};
  RunFiles undisturbed_;
};

TEST_F(BadCheckpointTest, OnlyTheNewestDamaged) {
  for (const auto& [name, make] : damages()) {
    SCOPED_TRACE(name);
    const auto run = copy("run");
    const auto newest = run.checkpoints().back();
    write_bytes(newest, make(read_bytes(newest)));
    const Ended e = resume("run");
    EXPECT_EQ(e.code, 0) << e.err;
    EXPECT_EQ(lines_of(e.err).size(), 1u) << e.err;
    EXPECT_TRUE(e.err.starts_with("note: " + newest.string() + ": ")) << e.err;
    EXPECT_NE(e.err.find("; continuing from step "), std::string::npos) << e.err;
    expect_same_run(undisturbed_, run);
    run.expect_checkpoints_load();
  }
}

TEST_F(BadCheckpointTest, AllDamaged) {
  for (const auto& [name, make] : damages()) {
    SCOPED_TRACE(name);
    const auto run = copy("run");
    const auto newest = run.checkpoints().back();
    for (const auto& file : run.checkpoints()) write_bytes(file, make(read_bytes(file)));
    const auto before = files_below(run.folder);
    expect_failure(resume("run"), 3, {newest.string() + ": ", "no older checkpoint is whole"});
    EXPECT_TRUE(files_below(run.folder) == before);
  }
}

TEST_F(BadCheckpointTest, DescriptionsThatMakeNoSense) {
  const std::vector<std::pair<std::string, std::function<void(train::Record&)>>> changes = {
      {"a step before the first", [](auto& r) { r.set("step", -3); }},
      {"no number as the step", [](auto& r) { r.set("step", "seven"); }},
      {"a best step to come", [](auto& r) { r.set("best_step", 999); }},
      {"no update counts", [](auto& r) { r.set("updates", std::vector<std::int64_t>{}); }},
      {"a negative update count", [](auto& r) { r.set("updates", std::vector<std::int64_t>{-1}); }}};
  for (const auto& [name, change] : changes) {
    SCOPED_TRACE(name);
    const auto run = copy("run");
    for (const auto& file : run.checkpoints()) describe(file, change);
    expect_failure(resume("run"), 3, {run.checkpoints().back().string() + ": "});
  }
  const auto run = copy("run");
  for (const auto& file : run.checkpoints()) rewrite(file, io::SafetensorsFile::open(file), {});
  expect_failure(resume("run"), 3, {"expected a checkpoint", "atelier.run"});
}

TEST_F(BadCheckpointTest, OfAnotherModel) {
  const std::vector<Flags> models = {{{"--hidden", "12"}},
                                     {{"--hidden", "16,16"}},
                                     {{"--latent", "4"}},
                                     {{"--likelihood", "categorical"}},
                                     {{"--conditional", ""}}};
  for (const Flags& model : models) {
    const auto run = copy("run");
    const auto theirs = trained("theirs", model).checkpoints().back();
    const auto newest = run.folder / "checkpoints/step-00000999.safetensors";
    fs::copy_file(theirs, newest);
    fs::remove_all(folder_ / "theirs");
    expect_failure(resume("run"), 3, {newest, "belongs to another model"});
    fs::remove(run.folder / "config.json");
    expect_failure(resume("run"), 3, {newest, "belongs to another model"});
    EXPECT_FALSE(fs::exists(run.folder / "summary.json"));
  }
}

TEST_F(BadCheckpointTest, OfALongerRunOrAnotherSeed) {
  const auto run = copy("run");
  fs::remove(run.folder / "config.json");
  describe(run.checkpoints().back(), [](auto& r) { r.set("step", 99); });
  expect_failure(resume("run"), 2, {"at least the 99 steps", "found 24"});
  flags_["--seed"] = "2";
  expect_failure(resume("run"), 2, {"a run with seed 2", "found seed 1"});
}

TEST_F(BadCheckpointTest, DamagedOnesThatStayDoNotDisplaceGoodOnes) {
  const auto run = copy("run");
  for (int step : {90, 91, 92})
    write_bytes(run.folder / ("checkpoints/step-000000" + std::to_string(step) + ".safetensors"), "?");
  Process p(command("run", flags_));
  const auto count = [&] { return run.checkpoints().size(); };
  const auto oldest = run.checkpoints().front();
  EXPECT_TRUE(wait_until([&] { return !fs::exists(oldest) || !p.running(); }));
  p.kill(SIGKILL);
  p.wait();
  EXPECT_GE(count(), 6u);
  const Ended e = resume("run");
  EXPECT_EQ(e.code, 0) << e.err;
  expect_same_run(undisturbed_, run);
}

TEST_F(BadCheckpointTest, OtherFilesOfTheRun) {
  for (const char* name : {"config.json", "summary.json"}) {
    const auto run = copy("run");
    write_bytes(run.folder / name, "{\"program\": ");
    expect_failure(resume("run"), 3, {name, "JSON"});
  }
  for (const char* line : {"{}\n", "{\"step\":\"x\"}\n", "\n", "{\"step\":1,", "\0\0\0"}) {
    const auto run = copy("run");
    write_bytes(run.folder / "log.jsonl", read_bytes(run.folder / "log.jsonl") + line);
    expect_same_run(undisturbed_, trained("run", flags_));
  }
}

}  // namespace
