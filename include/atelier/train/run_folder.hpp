/// The folder of one run: its configuration, log, checkpoints, samples and summary.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "atelier/io/folder_lock.hpp"
#include "atelier/train/checkpoint.hpp"
#include "atelier/train/record.hpp"

namespace atelier::inline v0::train {

class RunFolder {
 public:
  /// Makes the folder, or opens a used one to continue it, and locks it against other trainers.
  /// Throws ConfigError for a used folder without `resume`, or for one that another process trains in; IoError when it
  /// cannot be written.
  RunFolder(const std::filesystem::path& path, bool resume);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path samples() const { return path_ / "samples"; }

  /// The summary of the run in `folder`, if there is one and it is finished.
  static std::optional<Record> summary(const std::filesystem::path& folder);
  /// The configuration that a run in `folder`, or an earlier part of this one, wrote.
  static std::optional<Record> config(const std::filesystem::path& folder);
  std::optional<Record> config() const { return config(path_); }
  void write_config(const Record& config) const;
  void write_summary(const Record& summary) const;

  /// Saves a checkpoint; afterwards only the newest three and the best are kept.
  void save(const Checkpoint& checkpoint, Task& task, std::uint64_t seed) const;
  /// Restores the newest checkpoint that verifies into `task`; nothing when there is none. Damaged ones are passed
  /// over. Throws InputError when a checkpoint belongs to another model.
  std::optional<Checkpoint> restore(Task& task, std::uint64_t seed) const;

  /// Appends one line to log.jsonl.
  void log(const Record& line);
  /// Drops the lines of steps after `step`: they will be computed again.
  void rewind_log(Index step) const;
  /// Draws curves.png from the log.
  void draw_curves() const;

 private:
  std::filesystem::path path_;
  std::unique_ptr<io::FolderLock> lock_;
};

}  // namespace atelier::inline v0::train
