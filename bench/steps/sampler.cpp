#include "sampler.hpp"

#include <algorithm>

#include "atelier/core/error.hpp"

#if defined(__linux__)
#include <execinfo.h>
#include <link.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#endif

namespace atelier::bench {

#if defined(__linux__)
namespace {
constexpr int most_samples = 20'000, depth = 48, own_frames = 2;  // the handler and the kernel's return from it
constexpr long interval_ns = 1'000'000;

/// What the handler writes into: memory that is taken beforehand.
struct Samples {
  std::atomic<int> count{0};
  int frames[most_samples];
  void* stacks[most_samples][depth];
};
std::unique_ptr<Samples> samples;

void on_tick(int) {
  const int i = samples->count.load(std::memory_order_relaxed);
  if (i == most_samples) return;
  samples->frames[i] = backtrace(samples->stacks[i], depth);
  samples->count.store(i + 1, std::memory_order_relaxed);
}

/// Begin and end of this program's code in memory.
struct Range {
  std::uintptr_t base = 0, end = 0;
};
Range program_range() {
  Range range;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {  // the first is the program
        auto& r = *static_cast<Range*>(data);
        r.base = info->dlpi_addr;
        for (int i = 0; i < info->dlpi_phnum; ++i)
          r.end = std::max<std::uintptr_t>(r.end,
                                           info->dlpi_addr + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz);
        return 1;
      },
      &range);
  return range;
}

/// Ticks of the calling thread while it lives.
class Ticks {
 public:
  Ticks() {
    struct sigaction action = {};
    action.sa_handler = on_tick;
    action.sa_flags = SA_RESTART;
    sigaction(SIGPROF, &action, &before_);
    sigevent event = {};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGPROF;
    event._sigev_un._tid = static_cast<pid_t>(syscall(SYS_gettid));
    const itimerspec every{{0, interval_ns}, {0, interval_ns}};
    if (timer_create(CLOCK_MONOTONIC, &event, &timer_) != 0) throw Error("profile: the system gives no timer");
    timer_settime(timer_, 0, &every, nullptr);
  }
  ~Ticks() {
    timer_delete(timer_);
    sigaction(SIGPROF, &before_, nullptr);
  }
  Ticks(const Ticks&) = delete;
  Ticks& operator=(const Ticks&) = delete;

 private:
  timer_t timer_ = {};
  struct sigaction before_ = {};
};
}  // namespace

std::map<Stack, int> sample_stacks(const std::function<void()>& work) {
  samples = std::make_unique<Samples>();
  void* unused[depth];
  backtrace(unused, depth);  // loads what it needs; in the handler that would be too late
  {
    const Ticks ticks;
    work();
  }
  const Range range = program_range();
  std::map<Stack, int> found;
  for (int i = 0; i < samples->count; ++i) {
    Stack stack;
    for (int k = own_frames; k < samples->frames[i]; ++k) {
      const auto address = reinterpret_cast<std::uintptr_t>(samples->stacks[i][k]);
      stack.push_back(address >= range.base && address < range.end ? address - range.base : 0);
    }
    ++found[stack];
  }
  samples.reset();
  return found;
}
#else
std::map<Stack, int> sample_stacks(const std::function<void()>&) { throw Error("profile: only on Linux"); }
#endif

}  // namespace atelier::bench
