/// Running a program: its arguments and environment, how long it may take, what it said and how it ended.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

struct Command {
  std::vector<std::string> words;                                     // program and arguments
  std::vector<std::pair<std::string, std::string>> environment = {};  // on top of this process's own
  std::string output = {};                                            // where standard output goes; empty: captured
  std::vector<int> closed = {};                                       // standard streams that are
  bool unread = false;                                                // nobody reads what it says
  bool terminal = false;                                              // standard error is a terminal
};

struct Ended {
  int code = -1;   // exit code, when it ended by itself
  int signal = 0;  // that ended it
  std::string out, err;
};

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}
inline void sleep_seconds(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

/// Waits until `condition()`; false when `seconds` pass first.
template <class F> bool wait_until(F&& condition, double seconds = 60) {
  const auto start = std::chrono::steady_clock::now();
  while (!condition()) {
    if (seconds_since(start) > seconds) return false;
    sleep_seconds(0.0005);
  }
  return true;
}

/// Two ends of a pipe or of a terminal, closed in time.
class Channel {
 public:
  explicit Channel(bool terminal = false) {
    if (terminal) {
      ends_[0] = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
      if (ends_[0] >= 0 && ::grantpt(ends_[0]) == 0 && ::unlockpt(ends_[0]) == 0)
        ends_[1] = ::open(::ptsname(ends_[0]), O_RDWR | O_NOCTTY | O_CLOEXEC);
    } else if (::pipe2(ends_, O_CLOEXEC) != 0) {
      ends_[0] = ends_[1] = -1;
    }
    if (ends_[1] < 0) throw std::runtime_error("no pipe or terminal to be had");
    ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
  }
  ~Channel() {
    close_writer();
    close_reader();
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  int writer() const { return ends_[1]; }
  void close_writer() {
    if (ends_[1] >= 0) ::close(std::exchange(ends_[1], -1));
  }
  void close_reader() {
    if (ends_[0] >= 0) ::close(std::exchange(ends_[0], -1));
  }
  /// Appends what has come.
  void drain(std::string& text) const {
    if (ends_[0] < 0) return;
    char buffer[4096];
    for (ssize_t n; (n = ::read(ends_[0], buffer, sizeof buffer)) > 0;)
      text.append(buffer, static_cast<std::size_t>(n));
  }

 private:
  int ends_[2] = {-1, -1};
};

/// A program at work; it ends with this object at the latest, and with this process.
class Process {
 public:
  explicit Process(const Command& command) : err_(command.terminal) {
    std::vector<char*> words;
    for (const auto& word : command.words) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    if (command.unread) out_.close_reader(), err_.close_reader();
    const int output = command.output.empty() ? out_.writer() : ::open(command.output.c_str(), O_WRONLY | O_CLOEXEC);
    pid_ = ::fork();
    if (pid_ == 0) become(command, words, output);
    if (output != out_.writer()) ::close(output);
    out_.close_writer();
    err_.close_writer();
  }
  ~Process() {
    if (reaped_) return;
    kill(SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  void kill(int signal) const {
    if (!reaped_) ::kill(pid_, signal);
  }
  bool running() {
    out_.drain(ended_.out);
    err_.drain(ended_.err);
    int status = 0;
    if (reaped_ || ::waitpid(pid_, &status, WNOHANG) != pid_) return !reaped_;
    reaped_ = true;
    if (WIFEXITED(status)) ended_.code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) ended_.signal = WTERMSIG(status);
    out_.drain(ended_.out);
    err_.drain(ended_.err);
    return false;
  }
  /// Waits for the end; after `seconds` the program is killed and the test fails.
  Ended wait(double seconds = 120) {
    if (wait_until([&] { return !running(); }, seconds)) return ended_;
    ADD_FAILURE() << "still running after " << seconds << " s";
    kill(SIGKILL);
    wait_until([&] { return !running(); });
    return ended_;
  }

 private:
  [[noreturn]] void become(const Command& command, const std::vector<char*>& words, int output) const {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(err_.writer(), STDERR_FILENO);
    ::dup2(output, STDOUT_FILENO);
    for (int file : command.closed) ::close(file);
    for (const auto& [name, value] : command.environment) ::setenv(name.c_str(), value.c_str(), 1);
    ::execv(words[0], words.data());
    ::_exit(127);
  }

  Channel out_, err_;
  pid_t pid_ = -1;
  bool reaped_ = false;
  Ended ended_;
};

inline Ended run(const Command& command) { return Process(command).wait(); }
