#include "flags.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <iostream>

namespace atelier::programs {

namespace {
constexpr std::int64_t longest = 1'000'000'000;               // epochs or steps
constexpr std::int64_t largest_seed = std::int64_t{1} << 53;  // what every reader of JSON keeps exactly
constexpr std::int64_t most_threads = 1024;
}  // namespace

CLI::Validator within(std::int64_t low, std::int64_t high) {
  return CLI::Range(low, high).description(std::to_string(low) + ".." + std::to_string(high));
}
CLI::Validator seeds() { return within(0, largest_seed); }

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

void add_shared_flags(CLI::App& app, Flags& f, const std::vector<std::string>& preset_names) {
  auto& o = f.options;
  app.get_formatter()->column_width(38);
  app.add_option("--data", o.data, "Folder of the data set (default: its folder below ATELIER_DATA)")->type_name("DIR");
  app.add_option("--out", o.out, "Folder of the run")->type_name("DIR")->capture_default_str();
  app.add_option("--preset", o.preset, "Model and recipe")
      ->check(CLI::IsMember(preset_names))
      ->type_name("NAME")
      ->capture_default_str();
  const auto usual = [](Index n) { return n ? " (default: " + std::to_string(n) + ")" : std::string(); };
  auto* epochs =
      app.add_option("--epochs", o.budget.epochs, "Length in passes over the data" + usual(f.usual_length.epochs))
          ->check(within(1, longest))
          ->type_name("N");
  auto* steps = app.add_option("--steps", o.budget.steps, "Length in updates" + usual(f.usual_length.steps))
                    ->check(within(1, longest))
                    ->type_name("N")
                    ->excludes(epochs);
  app.add_option("--minutes", o.budget.minutes, "Length in minutes, evaluation included")
      ->check(CLI::Range(1e-6, 1e6).description("above 0"))
      ->type_name("M")
      ->excludes(epochs)
      ->excludes(steps);
  app.add_option("--batch", o.batch, "Examples in an update")->type_name("N")->capture_default_str();
  app.add_option("--lr", o.lr, "Learning rate")->type_name("X")->capture_default_str();
  app.add_option("--schedule", f.schedule,
                 "Learning rate: constant; linear or cosine down to 2 %; auto: cosine with --minutes, else constant")
      ->check(CLI::IsMember({"auto", "constant", "linear", "cosine"}))
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--accumulate", o.accumulate, "Parts that a batch is computed in, to save memory")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--seed", o.seed, "Seed of everything random")->check(seeds())->type_name("N")->capture_default_str();
  app.add_option("--threads", f.threads, "Threads (default: ATELIER_THREADS, or all processors)")
      ->check(within(1, most_threads))
      ->type_name("N");
  app.add_option("--precision", f.precision, "Float products: highest, high or medium")
      ->type_name("NAME")
      ->capture_default_str();
  app.add_flag("--resume", o.resume, "Continue the run in --out, or begin it when there is none");
  app.add_option("--checkpoint-every", f.checkpoint_every, "Steps (100) or time (30s, 5m)")
      ->type_name("WHEN")
      ->capture_default_str();
  app.add_option("--progress", f.progress, "auto, bar, text or none; to standard error")
      ->check(CLI::IsMember({"auto", "bar", "text", "none"}))
      ->type_name("STYLE")
      ->capture_default_str();
  app.add_flag("--json", f.json, "Print summary.json as the last line of standard output");
}

std::optional<int> parse(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return 0;
  } catch (const CLI::ParseError& error) {
    throw ConfigError("command line: expected flags as --help says, found: " + std::string(error.what()));
  }
  return std::nullopt;
}

std::optional<int> parse(CLI::App& app, Flags& f, int argc, char** argv) {
  if (const auto code = parse(app, argc, argv)) return code;
  auto& length = f.options.budget;
  if (!length.epochs && !length.steps && length.minutes == 0) length = f.usual_length;
  f.options.precision = precision_from(f.precision);
  f.options.checkpoint_every = train::Every::parse(f.checkpoint_every);
  return std::nullopt;
}

std::filesystem::path data_folder(const Flags& flags, const std::string& name) {
  if (!flags.options.data.empty()) return flags.options.data;
  const char* root = std::getenv("ATELIER_DATA");
  if (!root || !*root)
    throw ConfigError("data: expected --data DIR or the environment variable ATELIER_DATA, found neither");
  return std::filesystem::path(root) / name;
}

}  // namespace atelier::programs
