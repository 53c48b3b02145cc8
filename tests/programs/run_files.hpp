/// What the runs of any trainer leave, and looking at it.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "atelier/io/safetensors.hpp"
#include "support/process.hpp"
#include "support/temp_folder.hpp"

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Flags = std::map<std::string, std::string>;  // "" stands for a flag without a value

/// A program with its flags.
inline Command command_of(const std::string& program, const Flags& flags) {
  Command c{.words = {program}};
  for (const auto& [flag, value] : flags) {
    c.words.push_back(flag);
    if (!value.empty()) c.words.push_back(value);
  }
  return c;
}

inline std::string read_bytes(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void write_bytes(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}
/// Every file below a folder, by its path from there.
inline std::map<std::string, std::string> files_below(const fs::path& folder) {
  std::map<std::string, std::string> files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files[fs::relative(entry.path(), folder).string()] = read_bytes(entry.path());
  return files;
}
inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// The error of a program: its exit code, and one line on standard error that contains every part.
inline void expect_failure_of(const std::string& program, const Ended& e, int code, std::vector<std::string> parts,
                              bool alone = true) {
  EXPECT_EQ(e.code, code) << e.err;
  auto lines = lines_of(e.err);
  if (alone) {
    EXPECT_EQ(lines.size(), 1u) << e.err;
  }
  ASSERT_FALSE(lines.empty());
  EXPECT_TRUE(lines.back().starts_with(program + ": error: ")) << e.err;
  parts.insert(parts.end(), {"expected ", "found"});
  for (const auto& part : parts) EXPECT_NE(lines.back().find(part), std::string::npos) << part << " in: " << e.err;
}

/// What a run left in its folder.
struct RunFiles {
  fs::path folder;

  std::string model() const { return read_bytes(folder / "model.safetensors"); }
  Json summary() const { return Json::parse(read_bytes(folder / "summary.json"), nullptr, false); }
  Json config() const { return Json::parse(read_bytes(folder / "config.json"), nullptr, false); }
  Json metrics() const { return summary().at("metrics"); }
  /// Lines of the log without the time they were written at.
  std::vector<Json> log() const {
    std::vector<Json> lines;
    for (const auto& line : lines_of(read_bytes(folder / "log.jsonl"))) {
      lines.push_back(Json::parse(line, nullptr, false));
      if (lines.back().is_object()) lines.back().erase("seconds");
    }
    return lines;
  }
  /// Whole checkpoints, oldest first.
  std::vector<fs::path> checkpoints() const {
    std::set<fs::path> files;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder / "checkpoints", none))
      if (entry.path().extension() == ".safetensors") files.insert(entry.path());
    return {files.begin(), files.end()};
  }
  /// Number of files that a writer has not put in place; of process `pid` only, when it is given.
  int temporaries(const fs::path& below, pid_t pid = 0) const {
    int n = 0;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder / below, none))
      n += entry.path().string().find(".tmp." + (pid ? std::to_string(pid) + "." : "")) != std::string::npos;
    return n;
  }
  /// Nothing is there but what a run is made of.
  void expect_no_temporaries() const {
    const std::set<std::string> own = {"config.json",  "log.jsonl", "curves.png",     "model.safetensors",
                                       "summary.json", ".lock",     "tokenizer.json", "source.json",
                                       "target.json", "held_out.tsv"};
    for (const auto& [name, bytes] : files_below(folder)) {
      const bool known = own.contains(name) || name == "samples/animation.png" ||
                         (name.starts_with("checkpoints/step-") && name.ends_with(".safetensors")) ||
                         (name.starts_with("samples/step-") && (name.ends_with(".png") || name.ends_with(".txt")));
      EXPECT_TRUE(known) << name;
    }
  }
  /// Every checkpoint is whole; there is at least one.
  void expect_checkpoints_load() const {
    EXPECT_FALSE(checkpoints().empty());
    expect_whole();
  }
  /// Whatever stands under a final name is whole.
  void expect_whole() const {
    auto tensors = checkpoints();
    if (fs::exists(folder / "model.safetensors")) tensors.push_back(folder / "model.safetensors");
    for (const auto& file : tensors) EXPECT_NO_THROW(atelier::io::SafetensorsFile::open(file).verify()) << file;
    EXPECT_TRUE(!fs::exists(folder / "config.json") || config().is_object());
    EXPECT_TRUE(!fs::exists(folder / "summary.json") || summary().is_object());
  }
};

/// The same end: model and metrics, and the log and pictures on the way there.
inline void expect_same_run(const RunFiles& a, const RunFiles& b) {
  EXPECT_TRUE(a.model() == b.model()) << "the models differ";
  EXPECT_FALSE(a.model().empty());
  EXPECT_EQ(a.metrics().dump(), b.metrics().dump());
  EXPECT_TRUE(a.log() == b.log()) << "the logs differ";
  EXPECT_TRUE(files_below(a.folder / "samples") == files_below(b.folder / "samples")) << "the pictures differ";
  b.expect_no_temporaries();
}
