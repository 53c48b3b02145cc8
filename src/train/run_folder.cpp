#include "atelier/train/run_folder.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>

#include "atelier/io/chart.hpp"
#include "atelier/io/durable_file.hpp"
#include "atelier/io/png.hpp"
#include "atelier/version.hpp"

namespace atelier::inline v0::train {

namespace fs = std::filesystem;

namespace {
constexpr std::size_t kept_checkpoints = 3;

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error || !fs::is_directory(path))
    throw IoError(path.string() + ": expected a folder that can be made, found: " +
                  (fs::exists(path) ? "a file of that name" : error.message()) + "; choose another --out");
}

fs::path checkpoint_name(Index step) { return step_name(step) + ".safetensors"; }

/// Step of a checkpoint's file name, -1 for other files.
Index step_of(const fs::path& file) {
  const std::string name = file.filename().string();
  Index step = -1;
  if (name.starts_with("step-")) std::from_chars(name.data() + 5, name.data() + name.size(), step);
  return step >= 0 && checkpoint_name(step) == name ? step : -1;
}

/// Checkpoints of a folder, newest first.
std::vector<fs::path> checkpoints(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (step_of(entry.path()) >= 0) files.push_back(entry.path());
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return step_of(a) > step_of(b); });
  return files;
}

std::optional<Record> read_record(const fs::path& file) {
  constexpr std::size_t largest = std::size_t{1} << 24;
  if (!fs::exists(file)) return std::nullopt;
  const auto bytes = io::read_file(file, largest);
  return Record::parse(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), file.string());
}

/// The complete lines of the log.
std::vector<Record> read_lines(const fs::path& file) {
  std::vector<Record> lines;
  std::ifstream in(file);
  std::string text;
  while (std::getline(in, text) && !in.eof()) {
    try {
      const Record line = Record::parse(text, file.string());
      line.integer("step"), line.number("epoch");
      lines.push_back(line);
    } catch (const InputError&) {
      break;  // a line cut off by a crash, and whatever follows, will be written again
    }
  }
  return lines;
}

/// train_loss -> (train, loss): who was measured, and what.
std::pair<std::string, std::string> split_key(const std::string& key) {
  for (const std::string who : {"train", "validation", "val", "test"})
    if (key.starts_with(who + "_")) return {who, key.substr(who.size() + 1)};
  return {"", key};
}

/// Adds a point to the curve `who` in the panel `title`; both are made when new.
void add_point(io::Chart& chart, const std::string& title, const std::string& who, io::ChartPoint point) {
  auto panel = std::find_if(chart.panels.begin(), chart.panels.end(), [&](const auto& p) { return p.title == title; });
  if (panel == chart.panels.end())
    panel = chart.panels.insert(panel, {.title = title, .x_label = "epoch", .series = {}});
  auto& all = panel->series;
  auto curve = std::find_if(all.begin(), all.end(), [&](const auto& s) { return s.name == who; });
  if (curve == all.end()) curve = all.insert(curve, {.name = who, .points = {}});
  curve->points.push_back(point);
}
}  // namespace

RunFolder::RunFolder(const fs::path& path, bool resume) : path_(path) {
  make_folder(path);
  lock_ = std::make_unique<io::FolderLock>(path);
  const bool used = fs::exists(path / "config.json") || fs::exists(path / "summary.json") ||
                    !checkpoints(path / "checkpoints").empty();
  if (used && !resume)
    throw ConfigError(path.string() +
                      ": expected a new folder, found a run; continue it with --resume or choose another --out");
  for (const fs::path& folder : {path, path / "checkpoints", path / "samples"}) {
    make_folder(folder);
    io::remove_stale_temporaries(folder);
  }
}

std::optional<Record> RunFolder::summary(const fs::path& folder) { return read_record(folder / "summary.json"); }
std::optional<Record> RunFolder::config(const fs::path& folder) { return read_record(folder / "config.json"); }
void RunFolder::write_config(const Record& config) const { io::write_durable(path_ / "config.json", config.pretty()); }
void RunFolder::write_summary(const Record& summary) const {
  io::write_durable(path_ / "summary.json", summary.pretty());
}

void RunFolder::save(const Checkpoint& checkpoint, Task& task, std::uint64_t seed) const {
  const fs::path folder = path_ / "checkpoints";
  save_checkpoint(folder / checkpoint_name(checkpoint.step), checkpoint, task, seed);
  auto files = checkpoints(folder);
  std::erase_if(files, [&](const fs::path& file) { return step_of(file) > checkpoint.step; });  // damaged: passed over
  for (std::size_t k = kept_checkpoints; k < files.size(); ++k)
    if (step_of(files[k]) != checkpoint.best_step) fs::remove(files[k]);
}

std::optional<Checkpoint> RunFolder::restore(Task& task, std::uint64_t seed) const {
  std::string damage;
  for (const fs::path& file : checkpoints(path_ / "checkpoints")) {
    try {
      auto c = load_checkpoint(file, task, seed);
      if (!damage.empty()) c.note = damage + "; continuing from step " + std::to_string(c.step);
      for (const Record& line : read_lines(path_ / "log.jsonl"))
        if (line.integer("step") <= c.step && line.find("seconds")) c.seconds = line.number("seconds");
      return c;
    } catch (const InputError& error) {
      if (std::string(error.what()).find("belongs to another") != std::string::npos) throw;
      if (damage.empty()) damage = error.what();
    }
  }
  if (!damage.empty()) throw InputError(damage + "; no older checkpoint is whole");
  return std::nullopt;
}

void RunFolder::log(const Record& line) {
  std::ofstream out(path_ / "log.jsonl", std::ios::app);
  out << line.json() << "\n" << std::flush;
  if (!out) throw IoError((path_ / "log.jsonl").string() + ": expected room for one more line, found: write failed");
}

void RunFolder::rewind_log(Index step) const {
  const fs::path file = path_ / "log.jsonl";
  if (!fs::exists(file)) return;
  std::string kept;
  for (const Record& line : read_lines(file))
    if (line.integer("step") <= step) kept += line.json() + "\n";
  io::write_durable(file, kept);
}

void RunFolder::draw_curves() const {
  io::Chart chart;
  for (const Record& line : read_lines(path_ / "log.jsonl"))
    for (const auto& [key, value] : line.fields()) {
      const double* y = std::get_if<double>(&value);
      if (!y || key == "epoch" || key == "seconds") continue;
      const auto [who, what] = split_key(key);
      add_point(chart, what, who, {line.number("epoch"), *y});
    }
  if (!chart.panels.empty()) io::write_png(path_ / "curves.png", io::draw_chart(chart));
}

}  // namespace atelier::inline v0::train
