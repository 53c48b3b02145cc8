// Measures a trained model again, by the protocol of its run or by another one: nothing is trained.
//   evaluate runs/vae --data DIR
//   evaluate runs/vae --data DIR --split train --metric nll --draws 500
#include <chrono>
#include <iostream>

#include "atelier/kernels/isa.hpp"
#include "atelier/parallel/team.hpp"
#include "finished_run.hpp"
#include "flags.hpp"
#include "program.hpp"

using namespace atelier;
using namespace atelier::programs;

namespace {

struct EvaluateFlags {
  EvaluationRequest request;
  int threads = 0;
  bool json = false, quiet = false;
};

void add_flags(CommandLine& line, EvaluateFlags& f) {
  constexpr std::int64_t most = 1'000'000;
  auto& r = f.request;
  line.argument("model", r.model, "A run's folder, its model.safetensors, or a checkpoint");
  line.option("--data PATH", r.data, "The data set's folder or file (default: below ATELIER_DATA)");
  line.option("--split NAME", r.split, "test, validation or train (default: what the trainer measures at its end)");
  line.option("--metric NAME,...", r.metrics,
              "Names such as neg_elbo,nll or swd or ppl (default: all of the trainer's)")
      .hide_default();
  line.option("--draws K", r.draws, "Of the IWAE bound, nll (default: the run's, or 100)").between(1, most);
  line.option("--samples N", r.samples, "Of a generator (default: the run's)").between(2, most);
  line.option("--holdout N", r.holdout, "Images that are held out (default: as in the run)").between(1, most);
  line.option("--windows N", r.windows,
              "Tokens of a recurrent language model's windows; 0: its state is carried (default: the run's)")
      .between(0, most);
  line.option("--seed N", r.seed, "Of what is drawn (default: the run's)").between(0, largest_seed);
  line.option("--precision NAME", r.precision, "highest, high or medium (default: the run's)");
  add_threads_flag(line, f.threads);
  line.flag("--json", f.json, "The summary as one line");
  line.flag("--quiet", f.quiet, "No progress");
}

train::Record summary_of(const EvaluateFlags& f, const FinishedRun& run, const train::Record& metrics, double seconds) {
  train::Record s;
  s.set("program", "evaluate").set("model", f.request.model.string()).set("kind", run.kind);
  s.set("seconds", seconds).set("peak_mib", peak_mib());
  s.set("seed", static_cast<std::int64_t>(run.options.seed)).set("threads", threads());
  s.set("isa", atelier::name(isa())).set("precision", atelier::name(run.options.precision));
  return s.set("protocol", run.task->protocol()).set("metrics", metrics);
}

int evaluate(int argc, char** argv) {
  EvaluateFlags flags;
  CommandLine line("Measures a trained model again, by the protocol of its run or by another one: nothing is trained.",
                   "evaluate");
  add_flags(line, flags);
  if (const auto code = line.parse(argc, argv)) return *code;
  const ThreadScope scope(flags.threads ? flags.threads : threads());
  const auto begin = std::chrono::steady_clock::now();
  const auto run = open_run(flags.request);
  catch_signals();
  const auto metrics = run.task->finish(1, [&](double done) {
    if (!flags.quiet) std::cerr << "evaluated " << static_cast<int>(100 * done) << "%\n";
    return stop_signal() == 0;
  });
  if (!metrics) return 128 + stop_signal();
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  const auto summary = summary_of(flags, run, asked_for(flags.request, *metrics), time.count());
  std::cout << (flags.json ? summary.json() : summary.pretty()) << "\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("evaluate", [&] { return evaluate(argc, argv); });
}
