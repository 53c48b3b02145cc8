#include "flags.hpp"

#include <algorithm>
#include <cstdlib>

namespace atelier::programs {

namespace {
constexpr std::int64_t longest = 1'000'000'000;  // epochs or steps
}  // namespace

ProgressStyle Flags::style() const {
  if (progress == "bar") return ProgressStyle::bar;
  if (progress == "text") return ProgressStyle::text;
  return progress == "none" ? ProgressStyle::none : ProgressStyle::automatic;
}

optim::Schedule Flags::course() const {
  using Course = optim::Schedule::Course;
  constexpr double floor = 0.02;  // where annealing ends, as a share of --lr
  const bool anneals = schedule == "auto" && options.budget.minutes > 0;
  if (schedule == "linear") return {.course = Course::linear, .floor = floor};
  if (schedule == "cosine" || anneals) return {.course = Course::cosine, .floor = floor};
  return {};
}

std::string word_after(const std::string& flag, int argc, char** argv) {
  std::string last;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == flag && i + 1 < argc) last = argv[i + 1];
    if (word.starts_with(flag + "=")) last = word.substr(flag.size() + 1);
  }
  return last;
}

std::string preset_in(int argc, char** argv, const std::vector<std::string>& names, const std::string& usual) {
  const std::string preset = word_after("--preset", argc, argv);
  return std::find(names.begin(), names.end(), preset) == names.end() ? usual : preset;
}

void add_threads_flag(CommandLine& line, int& threads) {
  line.option("--threads N", threads, "Threads (default: ATELIER_THREADS, or all processors)")
      .between(1, 1024)
      .hide_default();
}

void add_shared_flags(CommandLine& line, Flags& f, const std::vector<std::string>& preset_names) {
  auto& o = f.options;
  line.column_width(38);
  line.option("--data DIR", o.data, "Folder of the data set (default: its folder below ATELIER_DATA)");
  line.option("--out DIR", o.out, "Folder of the run");
  line.option("--preset NAME", o.preset, "Model and recipe").one_of(preset_names);
  const auto usual = [](Index n) { return n ? " (default: " + std::to_string(n) + ")" : std::string(); };
  const auto epochs =
      line.option("--epochs N", o.budget.epochs, "Length in passes over the data" + usual(f.usual_length.epochs))
          .between(1, longest)
          .hide_default();
  const auto steps = line.option("--steps N", o.budget.steps, "Length in updates" + usual(f.usual_length.steps))
                         .between(1, longest)
                         .excludes(epochs)
                         .hide_default();
  line.option("--minutes M", o.budget.minutes, "Length in minutes, evaluation included")
      .above_zero(1e6)
      .excludes(epochs)
      .excludes(steps)
      .hide_default();
  line.option("--batch N", o.batch, "Examples in an update");
  line.option("--lr X", o.lr, "Learning rate");
  line.option("--schedule NAME", f.schedule,
              "Learning rate: constant; linear or cosine down to 2 %; auto: cosine with --minutes, else constant")
      .one_of({"auto", "constant", "linear", "cosine"});
  line.option("--accumulate N", o.accumulate, "Parts that a batch is computed in, to save memory");
  line.option("--seed N", o.seed, "Seed of everything random").between(0, largest_seed);
  add_threads_flag(line, f.threads);
  line.option("--precision NAME", f.precision, "Float products: highest, high or medium");
  line.flag("--resume", o.resume, "Continue the run in --out, or begin it when there is none");
  line.option("--checkpoint-every WHEN", f.checkpoint_every, "Steps (100) or time (30s, 5m)");
  line.option("--progress STYLE", f.progress, "auto, bar, text or none; to standard error")
      .one_of({"auto", "bar", "text", "none"});
  line.flag("--json", f.json, "Print summary.json as the last line of standard output");
}

std::optional<int> parse(CommandLine& line, Flags& f, int argc, char** argv) {
  if (const auto code = line.parse(argc, argv)) return code;
  auto& length = f.options.budget;
  if (!length.epochs && !length.steps && length.minutes == 0) length = f.usual_length;
  f.options.precision = precision_from(f.precision);
  f.options.checkpoint_every = train::Every::parse(f.checkpoint_every);
  return std::nullopt;
}

std::filesystem::path find_data_folder(const Flags& flags, const std::string& name) {
  if (!flags.options.data.empty()) return flags.options.data;
  const char* root = std::getenv("ATELIER_DATA");
  return root && *root ? std::filesystem::path(root) / name : std::filesystem::path();
}

std::filesystem::path data_folder(const Flags& flags, const std::string& name) {
  const auto folder = find_data_folder(flags, name);
  if (folder.empty())
    throw ConfigError("data: expected --data DIR or the environment variable ATELIER_DATA, found neither");
  return folder;
}

}  // namespace atelier::programs
