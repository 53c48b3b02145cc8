/// What all programs share: errors become one line and an exit code, signals become a request to stop.
#pragma once

#include <functional>
#include <string>

namespace atelier::programs {

/// Runs `body` and returns its exit code, or after an exception prints `NAME: error: ...` to standard error and returns
/// 2 configuration, 3 input, 4 input/output, 5 memory, 6 diverged, 1 anything else.
int run_program(const std::string& name, const std::function<int()>& body);

/// SIGINT and SIGTERM ask the program to stop from here on; a second signal ends it at once.
void catch_signals();
/// The signal that asked, or 0.
int stop_signal();

/// Largest resident memory of this process so far, in MiB.
double peak_mib();

}  // namespace atelier::programs
