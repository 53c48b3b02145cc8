#include "flags.hpp"

#include <cstdlib>
#include <iostream>

namespace atelier::programs {

ProgressStyle Flags::style() const {
  if (progress == "bar") return ProgressStyle::bar;
  if (progress == "text") return ProgressStyle::text;
  return progress == "none" ? ProgressStyle::none : ProgressStyle::automatic;
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
  auto* epochs = app.add_option("--epochs", o.budget.epochs, "Length in passes over the data")->type_name("N");
  auto* steps = app.add_option("--steps", o.budget.steps, "Length in updates")->type_name("N")->excludes(epochs);
  app.add_option("--minutes", o.budget.minutes, "Length in minutes, evaluation included")
      ->type_name("M")
      ->excludes(epochs)
      ->excludes(steps);
  app.add_option("--batch", o.batch, "Examples in an update")->type_name("N")->capture_default_str();
  app.add_option("--lr", o.lr, "Learning rate")->type_name("X")->capture_default_str();
  app.add_option("--accumulate", o.accumulate, "Parts that a batch is computed in, to save memory")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--seed", o.seed, "Seed of everything random")->type_name("N")->capture_default_str();
  app.add_option("--threads", f.threads, "Threads (default: ATELIER_THREADS, or all processors)")->type_name("N");
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

std::optional<int> parse(CLI::App& app, Flags& f, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return 0;
  } catch (const CLI::ParseError& error) {
    throw ConfigError("command line: " + std::string(error.what()) + "; see --help");
  }
  if (app.count("--threads") && f.threads < 1)
    throw ConfigError("--threads: expected at least 1, found " + std::to_string(f.threads));
  f.options.precision = precision_from(f.precision);
  f.options.checkpoint_every = train::Every::parse(f.checkpoint_every);
  const auto& b = f.options.budget;
  if ((app.count("--epochs") && b.epochs < 1) || (app.count("--steps") && b.steps < 1) ||
      (app.count("--minutes") && !(b.minutes > 0)))
    throw ConfigError("length of the run: expected a positive number of epochs, steps or minutes");
  f.options.check();
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
