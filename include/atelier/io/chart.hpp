/// Curves of numbers as a picture: one panel for each quantity, since losses and metrics differ in scale.
#pragma once

#include <string>
#include <vector>

#include "atelier/io/image.hpp"

namespace atelier::inline v0::io {

struct ChartPoint {
  double x = 0, y = 0;
};

/// One curve: its points are joined in their order. It has a gap where a number is not finite or beyond 1e100, and on a
/// logarithmic axis where it is below 1e-100.
struct Series {
  std::string name = {};  // for the legend, which panels of several series have
  std::vector<ChartPoint> points = {};
  bool scattered = false;  // each point a dot, none joined
};

/// What an axis shows, when low < high; otherwise as much as the points need.
struct Limits {
  double low = 0, high = 0;
};

/// Curves over common axes. A panel without a point that can be drawn says so; points beyond its limits are left out.
struct Panel {
  std::string title = {};
  std::string x_label = {};
  bool log_y = false;
  std::vector<Series> series = {};  // each in its own colour, which repeat from the eighth on
  Limits x = {}, y = {};
};

struct Chart {
  std::string title = {};                       // above all panels; may be empty
  std::vector<Panel> panels = {};               // row by row
  Index columns = 0;                            // panels in a row; 0: as many as look well
  Index panel_width = 600, panel_height = 380;  // pixels, 200 to 4000
};

/// Draws a chart in RGB; write_png makes it a file. Characters outside ASCII appear as '?', texts without room are cut.
/// Throws Error without panels, for panel sizes out of range, and for pictures above max_image_bytes.
Image draw_chart(const Chart& chart);

}  // namespace atelier::inline v0::io
