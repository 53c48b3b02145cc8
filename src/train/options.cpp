#include "atelier/train/options.hpp"

#include <charconv>
#include <cmath>

namespace atelier::inline v0::train {

Every Every::parse(const std::string& text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const std::string unit(rest, end);
  const bool whole = number == std::floor(number);
  if (error == std::errc() && number > 0 && number < 1e9) {
    if (unit.empty() && whole) return {.steps = static_cast<Index>(number)};
    if (unit == "s") return {.seconds = number};
    if (unit == "m") return {.seconds = 60 * number};
  }
  throw ConfigError("--checkpoint-every: expected steps (100) or time (30s, 5m), found '" + text + "'");
}

std::string Every::str() const {
  if (steps) return std::to_string(steps);
  return std::to_string(static_cast<Index>(std::lround(seconds))) + "s";
}

void Options::check() const {
  const int lengths = (budget.epochs != 0) + (budget.steps != 0) + (budget.minutes != 0);
  if (lengths != 1)
    throw ConfigError("length of the run: expected exactly one of epochs, steps, minutes, found " +
                      std::to_string(lengths));
  if (budget.epochs < 0 || budget.steps < 0 || !(budget.minutes >= 0) || !std::isfinite(budget.minutes))
    throw ConfigError("length of the run: expected a positive number, found another");
  if (batch < 1) throw ConfigError("--batch: expected at least 1, found " + std::to_string(batch));
  if (!(lr > 0) || !std::isfinite(lr)) throw ConfigError("--lr: expected a positive number, found " + number_text(lr));
  if (accumulate < 1 || batch % accumulate)
    throw ConfigError("--accumulate: expected a divisor of --batch " + std::to_string(batch) + ", found " +
                      std::to_string(accumulate));
  if (out.empty()) throw ConfigError("--out: expected a folder for the run, found none");
}

}  // namespace atelier::inline v0::train
