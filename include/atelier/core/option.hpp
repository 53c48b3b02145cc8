/// Checks of numbers that a user chooses: each throws ConfigError, which names the option, what it expected and what it
/// found.
#pragma once

#include <cmath>
#include <string>

#include "atelier/core/error.hpp"

namespace atelier::inline v0 {

namespace detail {
inline void require_option(bool good, const char* option, double x, const std::string& expected) {
  if (!good) throw ConfigError(std::string(option) + ": expected a " + expected + ", found " + number_text(x));
}
}  // namespace detail

/// x is finite and not negative.
inline void check_option(const char* option, double x) {
  detail::require_option(x >= 0 && std::isfinite(x), option, x, "finite number from 0");
}
/// x is in [0, 1).
inline void check_share(const char* option, double x) {
  detail::require_option(x >= 0 && x < 1, option, x, "number from 0 to below 1");
}
/// x is in [0, most].
inline void check_up_to(const char* option, double x, double most) {
  detail::require_option(x >= 0 && x <= most, option, x, "number from 0 to " + number_text(most));
}

}  // namespace atelier::inline v0
