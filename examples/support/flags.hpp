/// The flags that all trainers share, and their parsing.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "atelier/optim/schedule.hpp"
#include "atelier/train/options.hpp"
#include "command_line.hpp"

namespace atelier::programs {

enum class ProgressStyle { automatic, bar, text, none };

/// train::Options, and what concerns the program only.
struct Flags {
  train::Options options;
  train::Budget usual_length{.epochs = 10};  // when no flag says how long
  int threads = 0;                           // 0: ATELIER_THREADS, or all processors
  std::string precision = "highest";
  std::string schedule = "auto";
  std::string checkpoint_every = "60s";
  std::string progress = "auto";
  bool json = false;

  ProgressStyle style() const;
  /// The course of the learning rate; "auto" anneals a run whose length is a time, and leaves others constant.
  optim::Schedule course() const;
};

/// Seeds up to here mean the same to every reader of a run's files: what JSON's numbers keep exactly.
constexpr std::int64_t largest_seed = std::int64_t{1} << 53;

/// The last word after `flag` in a command line, or nothing.
std::string word_after(const std::string& flag, int argc, char** argv);

/// The name that follows --preset in the command line, or `usual` when it is none of `names`: a program asks for it
/// first, so that --help shows the preset's own defaults.
std::string preset_in(int argc, char** argv, const std::vector<std::string>& names, const std::string& usual);

/// --threads; a program that is not given it finds `threads` as it was.
void add_threads_flag(CommandLine& line, int& threads);

/// Adds the shared flags to `line`, with the defaults that `flags` holds. `preset_names` are the allowed presets.
void add_shared_flags(CommandLine& line, Flags& flags, const std::vector<std::string>& preset_names);

/// Parses; returns an exit code when the program is to end, which is 0 after --help. Fills the parts of `flags.options`
/// that come as text. Throws ConfigError for a wrong command line.
std::optional<int> parse(CommandLine& line, Flags& flags, int argc, char** argv);

/// The folder of a data set: --data, else ATELIER_DATA/`name`, else nothing.
std::filesystem::path find_data_folder(const Flags& flags, const std::string& name);
/// The folder of a data set: --data, else ATELIER_DATA/`name`. Throws ConfigError when neither is given.
std::filesystem::path data_folder(const Flags& flags, const std::string& name);

}  // namespace atelier::programs
