/// Charts: where the curves lie, what makes a gap, what keeps inside its panel.
#include "atelier/io/chart.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "support/expect_error.hpp"

namespace {
using namespace atelier;
using namespace atelier::io;

using Rgb = std::array<int, 3>;
constexpr Rgb blue{0, 114, 178}, red{213, 94, 0};  // of the first and second series
constexpr double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();

bool is(const Image& image, Index x, Index y, Rgb colour) {
  const auto* pixel = image.pixels.data() + 3 * (y * image.width + x);
  return pixel[0] == colour[0] && pixel[1] == colour[1] && pixel[2] == colour[2];
}

/// Pixels of a colour with left <= x < right and top <= y < bottom, these as shares of the picture.
int count(const Image& image, Rgb colour, double left = 0, double right = 1, double top = 0, double bottom = 1) {
  const auto at = [](double share, Index size) { return static_cast<Index>(share * static_cast<double>(size)); };
  int n = 0;
  for (Index y = at(top, image.height); y < at(bottom, image.height); ++y)
    for (Index x = at(left, image.width); x < at(right, image.width); ++x) n += is(image, x, y, colour);
  return n;
}

template <class F> Series curve(int points, F&& f) {
  Series series{"curve", {}};
  for (int i = 0; i < points; ++i) series.points.push_back({static_cast<double>(i), f(i)});
  return series;
}

Image draw(std::vector<Series> series, bool log_y = false) {
  return draw_chart({.panels = {{.title = "loss", .x_label = "step", .log_y = log_y, .series = std::move(series)}}});
}

/// Height of the curve in the middle of the picture: 0 at the top, 1 at the bottom.
double middle(const Image& image) {
  double sum = 0, n = 0;
  for (Index x = image.width / 2 + 10; x < image.width / 2 + 60; ++x)
    for (Index y = 0; y < image.height; ++y)
      if (is(image, x, y, blue)) sum += static_cast<double>(y) / static_cast<double>(image.height), ++n;
  return sum / n;
}

TEST(Chart, RisesToTheRight) {
  const auto image = draw({curve(200, [](int i) { return 2.0 * i; })});
  EXPECT_EQ(image.width, 600);
  EXPECT_EQ(image.height, 380);
  EXPECT_EQ(image.channels, 3);
  EXPECT_GT(count(image, blue, 0, 0.4, 0.5, 1), 100);
  EXPECT_GT(count(image, blue, 0.7, 1, 0, 0.5), 100);
  EXPECT_EQ(count(image, blue, 0, 0.4, 0, 0.5), 0);
  EXPECT_EQ(count(image, blue, 0.7, 1, 0.5, 1), 0);
}

TEST(Chart, ScatteredPointsAreNotJoined) {
  Series joined = curve(2, [](int i) { return 1.0 * i; }), scattered = joined;
  scattered.scattered = true;
  const auto line = draw({joined}), dots = draw({scattered});
  EXPECT_GT(count(line, blue, 0.4, 0.6), 100);
  EXPECT_EQ(count(dots, blue, 0.2, 0.8), 0);
  EXPECT_GT(count(dots, blue), 0);
}

TEST(Chart, LimitsSayWhatIsShown) {
  Series points = curve(11, [](int) { return 0.0; });
  points.scattered = true;
  const auto with = [&](Limits x, Limits y) {
    return draw_chart({.panels = {{.title = "points", .series = {points}, .x = x, .y = y}}});
  };
  const auto all = with({}, {}), left = with({0, 20}, {}), low = with({}, {-1, 9}), none = with({20, 30}, {});
  EXPECT_GT(count(all, blue, 0.6, 1), 0);
  EXPECT_GT(count(left, blue, 0, 0.5), 0);
  EXPECT_EQ(count(left, blue, 0.6, 1), 0);
  EXPECT_GT(count(low, blue, 0, 1, 0.7, 1), 0);
  EXPECT_EQ(count(low, blue, 0, 1, 0, 0.7), 0);
  EXPECT_EQ(count(none, blue), 0);
}

TEST(Chart, LogarithmicAxisMakesAnExponentialStraight) {
  const auto exponential = [](int i) { return std::exp(i / 20.0); };
  const double line = middle(draw({curve(200, [](int i) { return 1.0 * i; })}));
  EXPECT_NEAR(middle(draw({curve(200, exponential)}, true)), line, 0.03);
  EXPECT_GT(middle(draw({curve(200, exponential)})), line + 0.2);
}

TEST(Chart, GapsWhereThereIsNoNumber) {
  const auto with = [](double bad, bool log_y) {
    const auto image = draw({curve(200, [&](int i) { return i > 80 && i < 140 ? bad : 5.0 + i; })}, log_y);
    EXPECT_GT(count(image, blue, 0, 0.4), 100) << bad;
    EXPECT_GT(count(image, blue, 0.75, 1), 100) << bad;
    return count(image, blue, 0.52, 0.66);
  };
  for (bool log_y : {false, true}) {
    EXPECT_GT(with(100, log_y), 100);
    for (double bad : {nan, inf, -inf, 1e101}) EXPECT_EQ(with(bad, log_y), 0) << bad;
  }
  EXPECT_GT(with(1, false), 100);
  EXPECT_EQ(with(0, true), 0);
  EXPECT_EQ(with(-3, true), 0);
}

TEST(Chart, SinglePointsAreSeen) {
  EXPECT_GT(count(draw({{"one", {{3, 7}}}}), blue), 20);
  const auto lonely = draw({curve(200, [](int i) { return i > 80 && i < 140 && i != 110 ? nan : i; })});
  EXPECT_GT(count(lonely, blue, 0.52, 0.66), 20);
}

TEST(Chart, FewPointsAreMarked) {
  const auto flat = [](int points) { return count(draw({curve(points, [](int) { return 1.0; })}), blue); };
  EXPECT_GT(flat(10), flat(100) + 100);
}

TEST(Chart, ExtremeNumbersAndNone) {
  for (double y : {0.0, -1e100, 1e100, 1e-100, 3.0})
    EXPECT_GT(count(draw({{"flat", {{0, y}, {1e100, y}}}}), blue), 300) << y;
  EXPECT_EQ(count(draw({{"nothing", {{1, nan}, {nan, 1}}}}), blue), 0);
  EXPECT_EQ(count(draw({}), blue), 0);
  EXPECT_NE(draw({}).pixels, draw({{"one", {{3, 7}}}}).pixels);
}

TEST(Chart, LegendOfSeveralSeries) {
  const Series some = curve(9, [](int i) { return 1.0 * i; }), none{"none", {}};
  EXPECT_GT(count(draw({some, none}), red, 0, 1, 0, 0.3), 80);
  EXPECT_EQ(count(draw({none}), blue), 0);
  auto renamed = some;
  renamed.name = "another";
  EXPECT_EQ(draw({some}).pixels, draw({renamed}).pixels);
  EXPECT_NE(draw({some, none}).pixels, draw({renamed, none}).pixels);
}

TEST(Chart, LongNamesStayInTheirPanel) {
  const std::string text = "h\xc3\xb6he \x01 " + std::string(500, 'W');
  const auto chart = [](const std::string& name) {
    const Panel panel{name, name, false, {{name, {{0, 0}, {1, 1}}}, {name, {}}}};
    return draw_chart({.panels = {panel, {.title = "other"}}});
  };
  const auto brief = chart("a"), lengthy = chart(text);
  const auto ink = [](const Image& image, Index from, Index to) {
    std::vector<std::uint8_t> pixels;
    for (Index y = 0; y < image.height; ++y)
      for (Index x = 3 * from; x < 3 * to; ++x)
        pixels.push_back(image.pixels[static_cast<std::size_t>(3 * y * image.width + x)]);
    return pixels;
  };
  EXPECT_NE(ink(brief, 0, 600), ink(lengthy, 0, 600));
  EXPECT_EQ(ink(brief, 600, 1200), ink(lengthy, 600, 1200));
}

TEST(Chart, CharactersWithoutGlyphs) {
  const auto titled = [](const std::string& title) {
    return draw_chart({.title = title, .panels = std::vector<Panel>(1)});
  };
  EXPECT_EQ(titled("h\xc3\xb6he in \xe2\x82\xac\n").pixels, titled("h?he in ??").pixels);
  EXPECT_NE(titled("h?he in ?").pixels, titled("h!he in ?").pixels);
}

TEST(Chart, PanelsStandInAGrid) {
  const auto size = [](std::size_t panels, Index columns) {
    const auto image =
        draw_chart({.panels = std::vector<Panel>(panels), .columns = columns, .panel_width = 300, .panel_height = 200});
    return std::pair{image.width / 300, image.height / 200};
  };
  using Grid = std::pair<Index, Index>;
  EXPECT_EQ(size(1, 0), (Grid{1, 1}));
  EXPECT_EQ(size(3, 0), (Grid{2, 2}));
  EXPECT_EQ(size(7, 0), (Grid{3, 3}));
  EXPECT_EQ(size(7, 1), (Grid{1, 7}));
  EXPECT_EQ(size(2, 9), (Grid{2, 1}));
  Chart chart{.title = "", .panels = std::vector<Panel>(3)};
  chart.panels[2].series = {curve(99, [](int i) { return 1.0 * i; })};
  EXPECT_GT(count(draw_chart(chart), blue, 0, 0.5, 0.5, 1), 500);
  EXPECT_EQ(count(draw_chart(chart), blue, 0, 1, 0, 0.5), 0);
  chart.title = "title";
  EXPECT_GT(draw_chart(chart).height, 2 * 380);
}

TEST(Chart, Refuses) {
  expect_error<Error>([] { draw_chart({}); }, {"chart: expected a panel"});
  const std::vector<Panel> one(1);
  expect_error<Error>([&] { draw_chart({.panels = one, .panel_width = 199}); }, {"200 to 4000 pixels, found 199"});
  expect_error<Error>([&] { draw_chart({.panels = one, .panel_height = 4001}); }, {"200 to 4000 pixels, found 4001"});
  expect_error<Error>([&] { draw_chart({.panels = one, .columns = -1}); }, {"columns, found -1"});
  expect_error<Error>([] { draw_chart({.panels = std::vector<Panel>(20), .panel_width = 4000, .panel_height = 4000}); },
                      {"chart: expected a picture of at most", "12000 x 28000"});
}

}  // namespace
