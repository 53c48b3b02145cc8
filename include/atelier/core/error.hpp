/// The library's exceptions. One line each; the type says who has to act, and gives programs their exit code.
#pragma once

#include <charconv>
#include <concepts>
#include <stdexcept>
#include <string>

namespace atelier::inline v0 {

/// A number as messages show it: the shortest decimals that read back as x, 0.1 or 1e-09. std::to_string() would show
/// the latter as 0.000000.
template <std::floating_point T> std::string number_text(T x) {
  char digits[32];  // the longest has 24
  return {digits, std::to_chars(digits, digits + sizeof digits, x).ptr};
}

/// Base of every exception the library throws; thrown itself for misuse of a function (shapes, indices, tapes).
/// The text is one line that names the operation, what it expected and what it found.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  /// Exit code that a program should return for this error.
  virtual int exit_code() const noexcept { return 1; }
};

/// A configuration or command line that cannot be carried out.
class ConfigError : public Error {
 public:
  using Error::Error;
  int exit_code() const noexcept override { return 2; }
};

/// An input file that is missing, damaged or of another kind.
class InputError : public Error {
 public:
  using Error::Error;
  int exit_code() const noexcept override { return 3; }
};

/// The system refused to read or write: permissions, full disk, lost device.
class IoError : public Error {
 public:
  using Error::Error;
  int exit_code() const noexcept override { return 4; }
};

/// A loss or gradient is no longer finite.
class DivergedError : public Error {
 public:
  using Error::Error;
  int exit_code() const noexcept override { return 6; }
};

}  // namespace atelier::inline v0
