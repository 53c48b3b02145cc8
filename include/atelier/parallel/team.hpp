/// Threads of one call: how many, and how work is shared out. The threads are the library's own: a region of OpenMP
/// ends only when each of its threads has had a core, which beside a busy process takes milliseconds, a thousand times
/// a step. OpenMP is seen only here: its settings say how many threads there are.
///
/// Rule for every user: the *result* may depend on the shapes, never on the number of threads or on who does what.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "atelier/core/error.hpp"
#include "atelier/parallel/worker.hpp"

#if defined(_OPENMP)
#include <omp.h>
#endif

namespace atelier::inline v0 {

namespace detail {
inline constinit thread_local int scoped_threads = 0;

inline int default_threads() {
  if (const char* text = std::getenv("ATELIER_THREADS"); text && *text) {
    char* end = nullptr;
    long n = std::strtol(text, &end, 10);
    if (*end || n < 1 || n > 1024)
      throw ConfigError("ATELIER_THREADS: expected a number from 1 to 1024, found '" + std::string(text) + "'");
    return static_cast<int>(n);
  }
#if defined(_OPENMP)
  return omp_get_max_threads();
#else
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
#endif
}

inline bool in_openmp_region() {
#if defined(_OPENMP)
  return omp_in_parallel();
#else
  return false;
#endif
}
}  // namespace detail

/// Number of threads that a call made here may use: 1 inside a task and inside a region of OpenMP, else the innermost
/// ThreadScope's number, else ATELIER_THREADS, else OpenMP's default, else the machine's.
inline int threads() {
  if (detail::inside_task || detail::in_openmp_region()) return 1;
  if (detail::scoped_threads) return detail::scoped_threads;
  static const int fallback = detail::default_threads();
  return fallback;
}

/// Sets the number of threads of this thread's calls while it lives.
class ThreadScope {
 public:
  /// Throws ConfigError for n < 1.
  explicit ThreadScope(int n) : outer_(detail::scoped_threads) {
    if (n < 1) throw ConfigError("threads: expected at least 1, found " + std::to_string(n));
    detail::scoped_threads = n;
  }
  ~ThreadScope() { detail::scoped_threads = outer_; }
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  int outer_;
};

namespace detail {
/// The helpers of one thread, made when they are first needed. They end with it.
class Team {
 public:
  static Team& of_this_thread() {
    thread_local Team team;
    return team;
  }
  /// f(task) for task in [0, tasks) on `size` threads: this one and size - 1 helpers.
  void run(int tasks, int size, FunctionRef<int> f) {
    const auto helpers = static_cast<std::size_t>(size - 1);
    while (helpers_.size() < helpers) helpers_.push_back(std::make_unique<Worker>());
    Failure failure;
    const auto share = [&](int member) { return Share{&f, member, size, tasks, &failure}; };
    for (std::size_t h = 0; h < helpers; ++h) helpers_[h]->begin(share(static_cast<int>(h) + 1));
    share(0).run();
    for (std::size_t h = 0; h < helpers; ++h) helpers_[h]->finish();
    failure.rethrow();
  }

 private:
  Team() = default;
  ~Team() { inside_task = true; }  // what ends later than this thread's helpers does without them

  std::vector<std::unique_ptr<Worker>> helpers_;
};
}  // namespace detail

/// Runs f(task) for task in [0, tasks), task t on thread t modulo the team, as long as that thread gets a core: what it
/// has not begun when the calling thread is done is done there. The first exception thrown by a task is rethrown here
/// after all have ended. Denormals are off inside.
inline void parallel_tasks(int tasks, detail::FunctionRef<int> f) {
  const int size = std::min(threads(), tasks);
  if (size > 1) return detail::Team::of_this_thread().run(tasks, size, f);
  FlushDenormals guard;
  for (int t = 0; t < tasks; ++t) f(t);
}

inline constexpr int most_workers = 64;  ///< of parallel_units()
/// Workers that parallel_units() shares so many units out to.
inline int unit_workers(std::int64_t units) {
  return static_cast<int>(
      std::max<std::int64_t>(1, std::min({std::int64_t{threads()}, units, std::int64_t{most_workers}})));
}

/// Runs f(unit, worker) for unit in [0, units), workers numbered from 0. Each begins with a contiguous part of the
/// units and then helps the others, so that none waits long: for units of some microseconds. `most` workers: 1 for what
/// is not worth a region.
inline void parallel_units(std::int64_t units, detail::FunctionRef<std::int64_t, int> f, int most = most_workers) {
  struct alignas(64) Part {
    std::atomic<std::int64_t> next;
    std::int64_t end;
  };
  const int workers = std::min(unit_workers(units), most);
  Part parts[most_workers];
  for (int w = 0; w < workers; ++w) {
    parts[w].next.store(units * w / workers, std::memory_order_relaxed);
    parts[w].end = units * (w + 1) / workers;
  }
  parallel_tasks(workers, [&](int worker) {
    for (int k = 0; k < workers; ++k) {
      Part& part = parts[(worker + k) % workers];
      for (std::int64_t u; (u = part.next.fetch_add(1, std::memory_order_relaxed)) < part.end;) f(u, worker);
    }
  });
}

/// Runs f(begin, end) over contiguous parts of [0, n), one for each thread, none smaller than `grain` unless n is.
/// `grain` should be some microseconds of work: a region costs about one, more where the cores share no cache.
inline void parallel_for(std::int64_t n, std::int64_t grain, detail::FunctionRef<std::int64_t, std::int64_t> f) {
  const int parts = static_cast<int>(std::min<std::int64_t>(threads(), n / std::max<std::int64_t>(grain, 1)));
  if (parts <= 1) {
    FlushDenormals guard;
    if (n > 0) f(0, n);
    return;
  }
  parallel_tasks(parts, [&](int t) { f(n * t / parts, n * (t + 1) / parts); });
}

}  // namespace atelier::inline v0
