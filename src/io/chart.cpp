#include "atelier/io/chart.hpp"

#include <algorithm>
#include <cmath>

#include "atelier/core/error.hpp"
#include "io/axis.hpp"
#include "io/canvas.hpp"

namespace atelier::inline v0::io {
namespace {

constexpr Colour white{255, 255, 255}, ink{40, 40, 40}, soft{105, 105, 105}, frame{150, 150, 150}, grid{229, 229, 229};
/// Told apart by colour-blind eyes too (Okabe and Ito 2008).
constexpr Colour palette[] = {{0, 114, 178},  {213, 94, 0},  {0, 158, 115},  {204, 121, 167},
                              {86, 180, 233}, {230, 159, 0}, {110, 110, 110}};
constexpr Index margin = 16, line_height = text_height() + 12;
constexpr Index swatch = 26, entry_gap = 22;  // of the legend
constexpr Index dots_apart = 14;              // points that lie closer on average are not marked

Colour colour_of(std::size_t series) { return palette[series % std::size(palette)]; }

bool drawable(const ChartPoint& p, bool log_y) {
  return std::abs(p.x) <= 1e100 && std::abs(p.y) <= 1e100 && (!log_y || p.y >= 1e-100);
}

/// A piece of a curve between two gaps.
using Piece = std::vector<ChartPoint>;

std::vector<Piece> pieces(const Series& series, bool log_y) {
  std::vector<Piece> out;
  bool gap = true;
  for (const ChartPoint& p : series.points) {
    if (drawable(p, log_y)) {
      if (gap) out.emplace_back();
      out.back().push_back(p);
    }
    gap = !drawable(p, log_y);
  }
  return out;
}

struct Range {
  double low = INFINITY, high = -INFINITY;
  bool integers = true, limited = false;
  void add(double value) {
    low = std::min(low, value), high = std::max(high, value);
    integers = integers && value == std::floor(value);
  }
  /// Takes over given limits where there are points at all.
  void limit(const Limits& to) {
    if (to.low < to.high && low <= high) low = to.low, high = to.high, integers = false, limited = true;
  }
};

class PanelPainter {
 public:
  PanelPainter(Canvas& canvas, const Panel& panel, const Box& box) : canvas_(canvas), panel_(panel), box_(box) {
    for (const Series& series : panel.series) curves_.push_back(pieces(series, panel.log_y));
    for (const auto& curve : curves_)
      for (const Piece& piece : curve)
        for (const ChartPoint& p : piece) x_range_.add(p.x), y_range_.add(p.y);
    x_range_.limit(panel.x);
    y_range_.limit(panel.y);
  }

  void paint() {
    const Index left = box_.left + margin, right = box_.left + box_.width - margin;
    canvas_.text(left, box_.top + margin, text_within(panel_.title, right - left), ink);
    const Index top = legend(left, right, box_.top + margin + line_height);
    const Index below = panel_.x_label.empty() ? line_height : 2 * line_height;
    plot_ = {left, top, right - left, std::max<Index>(1, box_.top + box_.height - margin - below - top)};
    if (x_range_.low > x_range_.high) return nothing();
    axes();
    for (std::size_t i = 0; i < curves_.size(); ++i)
      if (panel_.series[i].scattered)
        dots(curves_[i], colour_of(i));
      else
        curve(curves_[i], colour_of(i));
  }

 private:
  /// Names of the series in as many lines as they need; returns where these end.
  Index legend(Index left, Index right, Index top) {
    if (panel_.series.size() < 2) return top + text_height() / 2;
    Index x = left;
    for (std::size_t i = 0; i < panel_.series.size(); ++i) {
      const std::string name = text_within(panel_.series[i].name, right - left - swatch - 8);
      const Index width = swatch + 8 + text_width(name);
      if (x > left && x + width > right) x = left, top += line_height;
      canvas_.fill({x, top + text_height() / 2 - 2, swatch, 4}, colour_of(i));
      canvas_.text(x + swatch + 8, top, name, soft);
      x += width + entry_gap;
    }
    return top + line_height + text_height() / 2;
  }

  void nothing() {
    canvas_.fill(plot_, {247, 247, 247});
    const std::string text = "no data";
    canvas_.text(plot_.left + (plot_.width - text_width(text)) / 2, plot_.top + plot_.height / 2 - text_height() / 2,
                 text, soft);
  }

  /// Makes both axes, leaves room for the numbers left of the plot, draws grid and numbers.
  void axes() {
    y_ = make_axis(y_range_.low, y_range_.high,
                   {.log = panel_.log_y,
                    .most_ticks = static_cast<int>(plot_.height / 34 + 1),
                    .margin = y_range_.limited ? 0 : 0.05});
    Index widest = 0;
    for (const Tick& tick : y_.ticks) widest = std::max(widest, text_width(tick.label));
    widest = std::min(widest + 10, plot_.width / 2);
    plot_.left += widest, plot_.width -= widest;
    x_ = make_axis(x_range_.low, x_range_.high,
                   {.integers = x_range_.integers,
                    .most_ticks = static_cast<int>(plot_.width / 70 + 1),
                    .margin = x_range_.limited ? 0 : 0.02});
    for (const Tick& tick : y_.ticks) y_tick(tick);
    Index free = plot_.left - margin;
    for (const Tick& tick : x_.ticks) x_tick(tick, free);
    canvas_.fill({plot_.left, plot_.top, 2, plot_.height}, frame);
    canvas_.fill({plot_.left, plot_.top + plot_.height - 2, plot_.width, 2}, frame);
    const std::string name = text_within(panel_.x_label, plot_.width);
    canvas_.text(plot_.left + (plot_.width - text_width(name)) / 2, plot_.top + plot_.height + line_height + 4, name,
                 soft);
  }
  void y_tick(const Tick& tick) {
    const Index y = static_cast<Index>(place({x_range_.low, tick.value}).y);
    canvas_.fill({plot_.left, y, plot_.width, 1}, grid);
    canvas_.text(plot_.left - 10 - text_width(tick.label), y - text_height() / 2, tick.label, soft);
  }
  /// Numbers that would touch the one before, which ends at `free`, are left out.
  void x_tick(const Tick& tick, Index& free) {
    const Index x = static_cast<Index>(place({tick.value, y_range_.low}).x), width = text_width(tick.label);
    canvas_.fill({x, plot_.top, 1, plot_.height}, grid);
    const Index left = std::min(x - width / 2, box_.left + box_.width - width - 2);
    if (left < free) return;
    canvas_.text(left, plot_.top + plot_.height + 8, tick.label, soft);
    free = left + width + 10;
  }

  Place place(const ChartPoint& p) const {
    return {static_cast<double>(plot_.left) + x_.place(p.x) * static_cast<double>(plot_.width),
            static_cast<double>(plot_.top) + (1 - y_.place(p.y)) * static_cast<double>(plot_.height)};
  }
  void dots(const std::vector<Piece>& curve, Colour colour) {
    for (const Piece& piece : curve)
      for (const ChartPoint& p : piece) {
        const Place at = place(p);
        canvas_.curve(std::span(&at, 1), plot_, 3, colour);
      }
  }
  void curve(const std::vector<Piece>& curve, Colour colour) {
    std::size_t points = 0;
    for (const Piece& piece : curve) points += piece.size();
    const bool dots = static_cast<Index>(points) * dots_apart <= plot_.width;
    for (const Piece& piece : curve) {
      std::vector<Place> places;
      for (const ChartPoint& p : piece) places.push_back(place(p));
      canvas_.curve(places, plot_, 2.5, colour);
      if (dots || places.size() == 1)
        for (const Place& p : places) canvas_.curve(std::span(&p, 1), plot_, 7, colour);
    }
  }

  Canvas& canvas_;
  const Panel& panel_;
  Box box_, plot_{};
  std::vector<std::vector<Piece>> curves_;
  Range x_range_, y_range_;
  Axis x_{}, y_{};
};

void check(const Chart& chart) {
  if (chart.panels.empty()) throw Error("chart: expected a panel, found none");
  for (Index size : {chart.panel_width, chart.panel_height})
    if (size < 200 || size > 4000)
      throw Error("chart: expected panels of 200 to 4000 pixels, found " + std::to_string(size));
  if (chart.columns < 0) throw Error("chart: expected 0 or more columns, found " + std::to_string(chart.columns));
}

/// Up to four panels in two columns, more in three.
Index columns_for(Index panels) { return panels <= 4 ? std::min<Index>(panels, 2) : 3; }

}  // namespace

Image draw_chart(const Chart& chart) {
  check(chart);
  const Index panels = static_cast<Index>(chart.panels.size());
  const Index columns = std::min(chart.columns ? chart.columns : columns_for(panels), panels);
  const Index rows = (panels + columns - 1) / columns, head = chart.title.empty() ? 0 : text_height(3) + 2 * margin;
  Canvas canvas(columns * chart.panel_width, head + rows * chart.panel_height, white);
  canvas.text(margin, margin, text_within(chart.title, columns * chart.panel_width - 2 * margin, 3), ink, 3);
  for (Index i = 0; i < panels; ++i)
    PanelPainter(canvas, chart.panels[static_cast<std::size_t>(i)],
                 {i % columns * chart.panel_width, head + i / columns * chart.panel_height, chart.panel_width,
                  chart.panel_height})
        .paint();
  return canvas.take();
}

}  // namespace atelier::inline v0::io
