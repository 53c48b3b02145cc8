// Times whole training steps on request, so that a driver can interleave it with other libraries:
//   bench_steps WORK PRECISION THREADS
// One line of JSON comes out when it is ready: the losses of the first steps, the time to the end of the first one.
// Then each line "time SECONDS" on standard input is answered by the times of the steps run for so long. It ends with
// its input.
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
#include "workload.hpp"

using namespace atelier;
using Json = nlohmann::ordered_json;

namespace {
constexpr int parity_steps = 5, warm_up_steps = 5, least_steps = 3;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
rusage usage() {
  rusage u = {};
  getrusage(RUSAGE_SELF, &u);
  return u;
}
void say(const Json& json) { std::cout << json.dump() << std::endl; }

Json introduce(bench::Workload& work, const std::string& name, const std::string& precision, int threads) {
  Json hello{{"impl", "atelier"},  {"version", ATELIER_VERSION},  {"work", name},         {"precision", precision},
             {"threads", threads}, {"isa", atelier::name(isa())}, {"items", work.items()}};
  const double start = now();
  for (int k = 0; k < parity_steps; ++k) {
    hello["losses"].push_back(work.parity_step(static_cast<std::uint64_t>(k)));
    if (k == 0) hello["first_ms"] = 1e3 * (now() - start);
  }
  for (int k = 0; k < warm_up_steps; ++k) work.step();
  return hello;
}

/// Steps for `seconds`, each timed.
Json time_steps(bench::Workload& work, double seconds) {
  const auto before = usage();
  const auto allocations = memory::pool().stats().allocations;
  Json times = Json::array();
  for (const double start = now(); now() - start < seconds || times.size() < least_steps;) {
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

void serve(bench::Workload& work) {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    double amount = 0;
    if (!(words >> command >> amount) || command != "time")
      throw ConfigError("expected 'time SECONDS', found '" + line + "'");
    say(time_steps(work, amount));
  }
}
}  // namespace

namespace atelier::bench {
std::unique_ptr<Workload> make_workload(const std::string& name) {
  for (Index batch : {32, 128, 512})
    if (name == "vae" + std::to_string(batch)) return make_vae(batch);
  for (Index batch : {16, 32})
    if (name == "dcgan" + std::to_string(batch)) return make_dcgan(batch, false);
  if (name == "wgangp32") return make_dcgan(32, true);
  if (name == "ops") return make_recorded_ops();
  for (const char* known : {"gpt", "gpt_dropout", "gpt33k", "gptbyte", "gpt124m", "seq2seq", "decode", "decode8"})
    if (name == known) return make_transformer(name);
  throw ConfigError(
      "work: expected vae32, vae128, vae512, dcgan16, dcgan32, wgangp32, gpt, gpt_dropout, gpt33k, gptbyte, gpt124m, "
      "seq2seq, decode, decode8 or ops, found '" +
      name + "'");
}
}  // namespace atelier::bench

int main(int argc, char** argv) try {
  if (argc != 4) throw ConfigError("usage: bench_steps WORK PRECISION THREADS");
  const std::string name = argv[1], precision = argv[2];
  const int threads = std::atoi(argv[3]);
  const ThreadScope team(threads);
  const PrecisionScope scope(precision_from(precision));
  const FlushDenormals guard;
  const auto work = bench::make_workload(name);
  say(introduce(*work, name, precision, threads));
  serve(*work);
  return 0;
} catch (const Error& error) {
  std::cerr << "bench_steps: error: " << error.what() << "\n";
  return error.exit_code();
}
