/// The next batch is made while the present one is used.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace atelier::inline v0::data {

namespace detail {
/// Starts a thread on which the library's calls use no other threads: their caller's are busy.
std::thread start_helper(std::function<void()> work);
}  // namespace detail

/// Values of a function of the step, one of them made ahead on a thread of its own. `make` is called with step s and,
/// once s has been asked for, with s + 1; never twice at the same time. What is given out does not depend on the
/// prefetching, because it depends on the step alone.
///
/// Values but the last two are destroyed on the thread that makes them, so that tensors find their memory again in that
/// thread's pool: keep no copies for longer than the step. What `make` uses, nobody else may change meanwhile.
template <class T> class Prefetch {
 public:
  using Make = std::function<T(std::int64_t)>;

  explicit Prefetch(Make make) : make_(std::move(make)), thread_(detail::start_helper([this] { work(); })) {}
  /// Waits for the call of `make` that is under way.
  ~Prefetch() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Prefetch(const Prefetch&) = delete;
  Prefetch& operator=(const Prefetch&) = delete;

  /// make(step), valid until the next call. Steps in order come prefetched; others are made when they are asked for.
  /// Rethrows what `make` threw for this step; asked again, it is called again.
  const T& operator()(std::int64_t step) {
    std::unique_lock lock(mutex_);
    if (given_.step == step) return *given_.value;
    wanted_ = step;
    changed_.notify_all();
    changed_.wait(lock, [&] { return ahead_.step == step && ahead_.done(); });
    std::swap(given_, ahead_);
    ahead_.step = nothing;  // the worker empties it, and makes step + 1
    changed_.notify_all();
    if (given_.failure) {
      wanted_ = given_.step = nothing;
      std::rethrow_exception(std::exchange(given_.failure, nullptr));
    }
    return *given_.value;
  }

 private:
  static constexpr std::int64_t nothing = INT64_MIN;
  struct Slot {
    std::int64_t step = nothing;
    std::optional<T> value;
    std::exception_ptr failure;
    bool done() const { return value || failure; }
  };

  /// The step to make next: the one that is waited for, or the one behind the one given out.
  std::int64_t next() const {
    if (wanted_ == nothing) return nothing;
    const std::int64_t step = given_.step == wanted_ ? wanted_ + 1 : wanted_;
    return ahead_.step == step ? nothing : step;
  }

  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return stop_ || next() != nothing; });
      if (stop_) return;
      const std::int64_t step = next();
      Slot made;
      made.step = step;
      std::optional<T> old = std::exchange(ahead_.value, std::nullopt);
      ahead_ = Slot();
      lock.unlock();
      old.reset();
      try {
        made.value.emplace(make_(step));
      } catch (...) {
        made.failure = std::current_exception();
      }
      lock.lock();
      ahead_ = std::move(made);
      changed_.notify_all();
    }
  }

  Make make_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t wanted_ = nothing;
  Slot given_, ahead_;  // given_: the caller's; ahead_: the worker's, under the lock
  bool stop_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace atelier::inline v0::data
