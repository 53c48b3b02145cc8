/// One thread that helps another, its caller. What it has not begun when the caller has nothing else to do, the caller
/// does itself: a helper that gets no core (the machine is busy, or the process has forked) costs nothing but its help.
#pragma once

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <system_error>
#include <thread>
#include <utility>

#include "atelier/parallel/denormals.hpp"
#include "atelier/parallel/function_ref.hpp"

#if defined(__SSE__)
#include <xmmintrin.h>
#endif
#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#endif

namespace atelier::inline v0::detail {

/// True on a thread that runs a task: what it calls does not share out work again.
inline constinit thread_local bool inside_task = false;

/// The first exception of some tasks.
class Failure {
 public:
  /// To be called in a catch clause, by any thread.
  void keep() {
    if (!kept_.exchange(true)) error_ = std::current_exception();
  }
  /// Once all tasks have ended.
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::atomic<bool> kept_ = false;
  std::exception_ptr error_;
};

/// f(first), f(first + step), ... below `end`.
struct Share {
  const FunctionRef<int>* f;
  int first, step, end;
  Failure* failure;

  void run() const {
    FlushDenormals guard;
    const bool outer = std::exchange(inside_task, true);
    for (int t = first; t < end; t += step) {
      try {
        (*f)(t);
      } catch (...) {
        failure->keep();
      }
    }
    inside_task = outer;
  }
};

/// Waits for a change that is a microsecond away, as a rule: spins, without the kernel, for at most `limit`; false
/// when the time is over.
template <class Condition> bool spin_until(std::chrono::microseconds limit, Condition changed) {
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    for (int i = 0; i < 32; ++i) {
      if (changed()) return true;
#if defined(__SSE__)
      _mm_pause();
#endif
    }
    if (std::chrono::steady_clock::now() - begin > limit) return false;
  }
}

/// Moves a thread that waits for the processor of the calling thread to another one, if it may use any. Left alone, the
/// kernel sees only after some hundredths of a second that one processor idles while two threads share the other.
inline void move_away([[maybe_unused]] std::thread& thread) {
#if defined(__linux__)
  const int here = sched_getcpu();
  cpu_set_t allowed;
  if (here < 0 || pthread_getaffinity_np(thread.native_handle(), sizeof allowed, &allowed) != 0) return;
  cpu_set_t others = allowed;
  CPU_CLR(static_cast<std::size_t>(here), &others);
  if (CPU_COUNT(&others) == 0 || pthread_setaffinity_np(thread.native_handle(), sizeof others, &others) != 0) return;
  pthread_setaffinity_np(thread.native_handle(), sizeof allowed, &allowed);
#endif
}

class Worker {
 public:
  /// Without a thread where the system gives none; the caller then does everything.
  Worker() {
    try {
      thread_ = std::thread([this] { work(); });
    } catch (const std::system_error&) {
    }
  }
  ~Worker() {
    leave_to(quit);
    if (!thread_.joinable()) return;
    if (getpid() == owner_)
      thread_.join();
    else
      thread_.detach();  // a forked child has no such thread
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Leaves a share to the thread. finish() must follow before the share's function goes.
  void begin(const Share& share) {
    share_ = share;
    leave_to(open);
  }
  /// Returns when the share has been run: here, if the thread has not begun. Profiles know waiting by this name.
  [[gnu::noinline]] void finish() {
    int seen = open;
    if (state_.compare_exchange_strong(seen, idle, std::memory_order_acq_rel)) {
      missed();
      return share_.run();
    }
    missing_ = false;
    if (spin_until(caller_spins, [&] { return state_.load(std::memory_order_acquire) != running; })) return;
    seen = running;
    if (state_.compare_exchange_strong(seen, awaited, std::memory_order_acq_rel)) state_.wait(awaited);
  }

 private:
  /// idle: waits actively; asleep: waits in the kernel; open: a share that nobody has begun; awaited: running, and the
  /// caller sleeps until it ends.
  enum State : int { idle, asleep, open, running, awaited, quit };

  static constexpr std::chrono::microseconds worker_spins{100}, caller_spins{50}, first_move{200};

  /// The thread has not begun a share. If that goes on, it needs another processor; if that does not help, the machine
  /// is busy, and trying again has more and more time.
  void missed() {
    const auto now = std::chrono::steady_clock::now();
    if (!std::exchange(missing_, true)) {
      patience_ = first_move;
    } else if (now > next_move_ && thread_.joinable() && getpid() == owner_) {
      move_away(thread_);
      patience_ *= 2;
    } else {
      return;
    }
    next_move_ = now + patience_;
  }
  void leave_to(State next) {
    if (state_.exchange(next, std::memory_order_acq_rel) == asleep) state_.notify_one();
  }
  void sleep() {
    int seen = idle;
    if (state_.compare_exchange_strong(seen, asleep, std::memory_order_acq_rel)) state_.wait(asleep);
  }
  void work() {
    for (;;) {
      int seen = idle;
      if (!spin_until(worker_spins, [&] { return (seen = state_.load(std::memory_order_relaxed)) != idle; })) {
        sleep();
        continue;
      }
      if (seen == quit) return;
      if (seen != open || !state_.compare_exchange_strong(seen, running, std::memory_order_acq_rel)) continue;
      share_.run();
      if (state_.exchange(idle, std::memory_order_acq_rel) == awaited) state_.notify_one();
    }
  }

  alignas(64) std::atomic<int> state_ = idle;  // in one cache line with the share: a hand-over moves it once
  Share share_{};
  const pid_t owner_ = getpid();
  std::thread thread_;
  bool missing_ = false;  ///< has not begun the last share
  std::chrono::steady_clock::time_point next_move_{};
  std::chrono::microseconds patience_{};
};

}  // namespace atelier::inline v0::detail
