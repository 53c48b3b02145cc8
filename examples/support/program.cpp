#include "program.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <new>

#include "atelier/core/error.hpp"

namespace atelier::programs {

namespace {
volatile std::sig_atomic_t received = 0;
void on_signal(int number) { received = number; }

/// A standard stream that is closed would be the next file that is opened, and get what is printed: writing to it fails
/// instead, and so does writing to a pipe that nobody reads.
void guard_standard_streams() {
  for (int file : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(file, F_GETFD) < 0) ::open("/dev/full", O_RDWR);  // becomes the lowest number that is free: `file`
  std::signal(SIGPIPE, SIG_IGN);
}

int fail(const std::string& name, std::string text, int code) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::cerr << name << ": error: " << text << std::endl;
  return code;
}
}  // namespace

int run_program(const std::string& name, const std::function<int()>& body) {
  guard_standard_streams();
  try {
    const int code = body();
    std::cout.flush();
    if (!std::cout) return fail(name, "standard output: expected to write results, found it closed or full", 4);
    return code;
  } catch (const Error& error) {
    return fail(name, error.what(), error.exit_code());
  } catch (const std::bad_alloc&) {
    return fail(name, "memory: expected more than the system gives; use a smaller --batch or model", 5);
  } catch (const std::exception& error) {
    return fail(name, error.what(), 1);
  }
}

void catch_signals() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (int number : {SIGINT, SIGTERM}) sigaction(number, &action, nullptr);
}
int stop_signal() { return received; }

double peak_mib() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

}  // namespace atelier::programs
