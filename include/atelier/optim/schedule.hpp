/// Learning-rate schedules: a factor for every step.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>

#include "atelier/core/error.hpp"
#include "atelier/core/shape.hpp"

namespace atelier::inline v0::optim {

/// A linear warm-up from 0, then one of four courses. Steps count from 0.
///   constant: 1.
///   linear:   from 1 down to `floor` at `total`.
///   cosine:   floor + (1 - floor) * (1 + cos(pi * t)) / 2, t the share of the way from the end of warm-up to `total`.
///                                                                            Loshchilov & Hutter 2017
///   step:     times `gamma` after every `every` steps.
/// A course without its length would be at its end from the first step on, unnoticed: it is refused.
struct Schedule {
  enum class Course { constant, linear, cosine, step };
  Course course = Course::constant;
  Index warmup = 0;  // steps
  Index total = 0;   // steps, warm-up included; for linear and cosine
  double floor = 0;
  Index every = 0;  // steps; for step
  double gamma = 0.1;

  /// The factor for update number `step`. Throws ConfigError for a negative one, and for a course that needs `total` or
  /// `every` and has none.
  double operator()(Index step) const {
    check(step);
    const double s = static_cast<double>(step), w = static_cast<double>(warmup);
    if (step < warmup) return (s + 1) / w;
    if (course == Course::constant) return 1;
    if (course == Course::step) return std::pow(gamma, static_cast<double>((step - warmup) / every));
    const double length = std::max(1.0, static_cast<double>(total) - w), t = std::min(1.0, (s - w) / length);
    const double shape = course == Course::linear ? 1 - t : 0.5 * (1 + std::cos(std::numbers::pi * t));
    return floor + (1 - floor) * shape;
  }

 private:
  void check(Index step) const {
    if (step < 0) throw ConfigError("Schedule: expected a step from 0, found " + std::to_string(step));
    if (course == Course::constant) return;
    const auto [name, length] = course == Course::step ? std::pair{"every", every} : std::pair{"total", total};
    if (length < 1)
      throw ConfigError(std::string("Schedule: ") + name + ": expected 1 or more for this course, found " +
                        std::to_string(length));
  }
};

}  // namespace atelier::inline v0::optim
