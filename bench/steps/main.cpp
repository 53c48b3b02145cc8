// Times whole training steps on request, so that a driver can interleave it with other libraries:
//   bench_steps WORK PRECISION THREADS
// Each line on standard input is answered by one line of JSON:
//   start PARITY WARM_UP   the losses of so many first steps and the time to the end of the first, before so many more
//   time SECONDS LEAST     the times of the steps run for so long, of so many at least
//   profile SECONDS LEAST  the stacks that the calling thread was found in meanwhile: [times, [place, ...]], places as
//                          `nm` lists them, innermost first, 0 for code of other libraries
// It ends with its input.
#include <sys/resource.h>

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "atelier/core/precision.hpp"
#include "atelier/kernels/isa.hpp"
#include "atelier/memory/pool.hpp"
#include "atelier/parallel/team.hpp"
#include "atelier/version.hpp"
#include "sampler.hpp"
#include "workload.hpp"

using namespace atelier;
using Json = nlohmann::ordered_json;

namespace {
double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
rusage usage() {
  rusage u = {};
  getrusage(RUSAGE_SELF, &u);
  return u;
}
void say(const Json& json) { std::cout << json.dump() << std::endl; }

/// The first steps, then a warm-up.
Json introduce(bench::Workload& work, int parity_steps, int warm_up_steps) {
  Json hello{{"impl", "atelier"},           {"version", ATELIER_VERSION}, {"threads", threads()},
             {"isa", atelier::name(isa())}, {"items", work.items()},      {"losses", Json::array()}};
  const double start = now();
  for (int k = 0; k < parity_steps; ++k) {
    hello["losses"].push_back(work.parity_step(static_cast<std::uint64_t>(k)));
    if (k == 0) hello["first_ms"] = 1e3 * (now() - start);
  }
  for (int k = 0; k < warm_up_steps; ++k) work.step();
  return hello;
}

/// Steps for `seconds`, each timed.
Json time_steps(bench::Workload& work, double seconds, std::size_t least) {
  const auto before = usage();
  const auto allocations = memory::pool().stats().allocations;
  Json times = Json::array();
  for (const double start = now(); now() - start < seconds || times.size() < least;) {
    const double begin = now();
    work.step();
    times.push_back(1e3 * (now() - begin));
  }
  const auto after = usage();
  return {{"ms", times},
          {"involuntary_switches", after.ru_nivcsw - before.ru_nivcsw},
          {"page_faults", after.ru_minflt - before.ru_minflt},
          {"allocations", memory::pool().stats().allocations - allocations},
          {"peak_mib", static_cast<double>(after.ru_maxrss) / 1024}};
}

Json profile_steps(bench::Workload& work, double seconds, std::size_t least) {
  Json stacks = Json::array();
  for (const auto& [stack, count] : bench::sample_stacks([&] { time_steps(work, seconds, least); }))
    stacks.push_back({count, stack});
  return {{"stacks", stacks}};
}

void serve(bench::Workload& work) {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    double first = 0;
    int second = 0;
    const bool whole = static_cast<bool>(words >> command >> first >> second) && first >= 0 && second >= 0;
    if (whole && command == "start")
      say(introduce(work, static_cast<int>(first), second));
    else if (whole && command == "time")
      say(time_steps(work, first, static_cast<std::size_t>(second)));
    else if (whole && command == "profile")
      say(profile_steps(work, first, static_cast<std::size_t>(second)));
    else
      throw ConfigError("expected 'start PARITY WARM_UP', 'time SECONDS LEAST' or 'profile SECONDS LEAST', found '" +
                        line + "'");
  }
}
}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) throw ConfigError("usage: bench_steps WORK PRECISION THREADS");
  const std::string name = argv[1], precision = argv[2];
  const int threads = std::atoi(argv[3]);
  const ThreadScope team(threads);
  const PrecisionScope scope(precision_from(precision));
  const FlushDenormals guard;
  const auto work = bench::make_workload(name);
  serve(*work);
  return 0;
} catch (const Error& error) {
  std::cerr << "bench_steps: error: " << error.what() << "\n";
  return error.exit_code();
}
