/// Learning-rate schedules: a factor for every step.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "atelier/core/error.hpp"
#include "atelier/core/shape.hpp"

namespace atelier::inline v0::optim {

/// A linear warm-up from 0, then one of four courses. Steps count from 0.
///   constant: 1.
///   linear:   from 1 down to `floor` at `total`.
///   cosine:   floor + (1 - floor) * (1 + cos(pi * t)) / 2, t the share of the way from the end of warm-up to `total`.
///                                                                            Loshchilov & Hutter 2017
///   step:     times `gamma` after every `every` steps.
struct Schedule {
  enum class Course { constant, linear, cosine, step };
  Course course = Course::constant;
  Index warmup = 0;  // steps
  Index total = 0;   // steps, warm-up included; for linear and cosine
  double floor = 0;
  Index every = 1;
  double gamma = 0.1;

  /// The factor for update number `step`.
  double operator()(Index step) const {
    const double s = static_cast<double>(step), w = static_cast<double>(warmup);
    if (step < warmup) return (s + 1) / w;
    if (course == Course::constant) return 1;
    if (course == Course::step)
      return std::pow(gamma, static_cast<double>((step - warmup) / std::max<Index>(1, every)));
    const double length = std::max(1.0, static_cast<double>(total) - w), t = std::min(1.0, (s - w) / length);
    const double shape = course == Course::linear ? 1 - t : 0.5 * (1 + std::cos(std::numbers::pi * t));
    return floor + (1 - floor) * shape;
  }
};

}  // namespace atelier::inline v0::optim
