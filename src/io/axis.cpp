#include "io/axis.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace atelier::inline v0::io {
namespace {

double power_of_ten(double exponent) { return std::pow(10.0, exponent); }

/// The smallest of 1, 2, 5 times a power of ten that is not below `step`.
double round_step(double step) {
  const double power = power_of_ten(std::floor(std::log10(step)));
  for (double factor : {1.0, 2.0, 5.0})
    if (factor * power >= step * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

struct Unit {
  double size;
  const char* suffix;
};

Unit unit_of(double largest) {
  for (const Unit& unit : {Unit{1e12, "T"}, {1e9, "G"}, {1e6, "M"}})
    if (largest >= unit.size) return unit;
  return largest >= 1e4 ? Unit{1e3, "k"} : Unit{1, ""};
}

std::string scientific(double value, double step) {
  const double digits = std::floor(std::log10(std::abs(value)) + 1e-9) - std::floor(std::log10(step) + 1e-9);
  const int exponent = static_cast<int>(std::floor(std::log10(std::abs(value)) + 1e-9));
  char text[64];
  std::snprintf(text, sizeof text, "%.*fe%d", static_cast<int>(std::clamp(digits, 0.0, 15.0)),
                value / power_of_ten(exponent), exponent);
  return text;
}

/// A number with as many digits as tell it from its neighbours, `step` away; `largest` is the largest of all.
std::string label(double value, double step, double largest) {
  if (value == 0) return "0";
  if (largest < 1e-3 || largest >= 1e15) return scientific(value, step);
  const Unit unit = unit_of(largest);
  const double decimals = std::ceil(-std::log10(step / unit.size) - 1e-9);
  char text[64];
  std::snprintf(text, sizeof text, "%.*f%s", static_cast<int>(std::clamp(decimals, 0.0, 15.0)), value / unit.size,
                unit.suffix);
  return text;
}

std::vector<Tick> linear_ticks(double low, double high, const AxisOptions& options) {
  double step = round_step((high - low) / options.most_ticks);
  if (options.integers) step = std::max(step, 1.0);
  const double largest = std::max(std::abs(low), std::abs(high));
  std::vector<Tick> ticks;
  for (double k = std::ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; ++k)
    ticks.push_back({k * step, label(k * step, step, largest)});
  return ticks;
}

/// Powers of ten, every one or every few of them; with 2 and 5 between them where there is room.
std::vector<Tick> log_ticks(double low, double high, const AxisOptions& options) {
  const double decades = std::log10(high / low), stride = std::max(1.0, std::ceil(decades / options.most_ticks));
  std::vector<Tick> ticks;
  for (double e = std::floor(std::log10(low) / stride) * stride; power_of_ten(e) <= high; e += stride)
    for (double factor : {1.0, 2.0, 5.0}) {
      const double value = factor * power_of_ten(e);
      if (factor > 1 && 3 * decades > options.most_ticks) continue;
      if (value >= low && value <= high) ticks.push_back({value, label(value, power_of_ten(e), value)});
    }
  return ticks;
}

void widen(double& low, double& high, bool log) {
  const double size = std::max(std::abs(low), std::abs(high));
  if (high - low > 1e-9 * size) return;
  const double by = size > 0 ? 0.1 * size : 1;
  low = log ? low / 1.1 : low - by;
  high += by;
}

}  // namespace

double Axis::place(double value) const {
  return log ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
}

Axis make_axis(double low, double high, const AxisOptions& options) {
  widen(low, high, options.log);
  if (options.log) {
    const double factor = std::pow(high / low, options.margin);
    low /= factor, high *= factor;
  } else {
    const double by = (high - low) * options.margin;
    low -= by, high += by;
  }
  const bool decades = options.log && high / low >= 10;
  return {low, high, options.log, decades ? log_ticks(low, high, options) : linear_ticks(low, high, options)};
}

}  // namespace atelier::inline v0::io
