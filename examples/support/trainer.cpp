#include "trainer.hpp"

#include <csignal>
#include <iostream>

#include "atelier/kernels/isa.hpp"
#include "atelier/parallel/team.hpp"
#include "atelier/train/loop.hpp"
#include "atelier/train/same_run.hpp"
#include "atelier/version.hpp"
#include "monitor.hpp"
#include "program.hpp"

namespace atelier::programs {

namespace {

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

/// What the flags ask for: a run goes on only with the same.
train::Record request_of(const std::string& name, const Flags& flags, const train::Record& own) {
  const auto& o = flags.options;
  train::Record asked;
  asked.set("program", name).set("preset", o.preset);
  if (o.budget.epochs) asked.set("epochs", o.budget.epochs);
  if (o.budget.steps) asked.set("steps", o.budget.steps);
  if (o.budget.minutes > 0) asked.set("minutes", o.budget.minutes);
  asked.set("batch", o.batch).set("lr", o.lr).set("schedule", flags.schedule).set("accumulate", o.accumulate);
  asked.set("seed", static_cast<std::int64_t>(o.seed)).set("precision", atelier::name(o.precision));
  return asked.merge(own);
}

/// What the result does not depend on.
train::Record environment() {
  return train::Record()
      .set("version", ATELIER_VERSION)
      .set("compiler", compiler())
      .set("isa", atelier::name(isa()))
      .set("threads", threads());
}

/// The summary of the run in --out, when it is finished; throws ConfigError when it is another one than asked for.
std::optional<train::Record> finished(const Flags& flags, const train::Record& asked) {
  const auto& folder = flags.options.out;
  const auto summary = train::RunFolder::summary(folder);
  const auto config = summary ? train::RunFolder::config(folder) : std::nullopt;
  if (config) train::require_same_request(*config, asked, (folder / "config.json").string());
  return summary;
}

/// summary.json: the loop's figures, in the order that scripts and people expect.
train::Record summary_of(const std::string& name, const train::Options& o, const train::Task& task,
                         const train::Record& measured) {
  train::Record s;
  s.set("program", name).set("preset", o.preset);
  for (const char* key : {"steps", "epochs", "seconds", "step_ms", "items_per_s"}) s.set(key, *measured.find(key));
  s.set("peak_mib", peak_mib()).set("seed", static_cast<std::int64_t>(o.seed)).set("threads", threads());
  s.set("isa", atelier::name(isa())).set("precision", atelier::name(o.precision)).set("stopped", "finished");
  return s.set("protocol", task.protocol()).set("metrics", *measured.find("metrics"));
}

/// The last words of a finished run.
int report(const train::Record& summary, const Flags& flags) {
  if (flags.style() != ProgressStyle::none)
    std::cerr << "finished: " << flags.options.out.string() << "  peak " << std::lround(summary.number("peak_mib"))
              << " MiB  see samples/, curves.png, summary.json there\n";
  std::cout << (flags.json ? summary.json() : summary.pretty()) << "\n";
  return 0;
}
}  // namespace

int run_trainer(const std::string& name, const Flags& flags, const train::Record& request, const MakeTask& make_task) {
  const auto& o = flags.options;
  o.check();
  const ThreadScope scope(flags.threads ? flags.threads : threads());
  const auto asked = request_of(name, flags, request);
  if (o.resume)
    if (const auto summary = finished(flags, asked)) return report(*summary, flags);
  const auto task = make_task();
  const auto config = train::Record(asked).merge(task->config()).set("environment", environment());
  train::RunFolder folder(o.out, o.resume);
  catch_signals();
  Monitor monitor(flags.style());
  const auto outcome = train::run(*task, o, flags.course(), folder, config, [&](const train::Progress& p) {
    monitor.show(p);
    return stop_signal() == 0;
  });
  monitor.end();
  if (!outcome.finished) {
    std::cerr << name << ": stopped by signal " << stop_signal() << "; continue with --resume\n";
    return 128 + stop_signal();
  }
  const auto summary = summary_of(name, o, *task, outcome.summary);
  folder.write_summary(summary);
  return report(summary, flags);
}

}  // namespace atelier::programs
