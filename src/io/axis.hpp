/// Axes of charts: their range, the numbers that stand on them, and where a value lies.
#pragma once

#include <string>
#include <vector>

namespace atelier::inline v0::io {

struct Tick {
  double value;
  std::string label;
};

struct Axis {
  double low, high;  // low < high; above 0 on a logarithmic axis
  bool log;
  std::vector<Tick> ticks;  // within the range, at least one

  /// Where a value lies: 0 at `low`, 1 at `high`.
  double place(double value) const;
};

struct AxisOptions {
  bool log = false;
  bool integers = false;  // ticks at integers only
  int most_ticks = 6;     // about
  double margin = 0.05;   // of the range, added at both ends
};

/// An axis on which all values from `low` to `high` can be seen; both finite, low <= high, and above 0 when it is
/// logarithmic. Ticks stand at multiples of 1, 2 or 5 times a power of ten.
Axis make_axis(double low, double high, const AxisOptions& options = {});

}  // namespace atelier::inline v0::io
