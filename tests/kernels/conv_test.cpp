/// Convolutions against plain loops: odd sizes, strides, dilations, groups, epilogues, precisions, threads, guards
/// around every output.
#include "atelier/kernels/conv.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "atelier/tensor/tensor.hpp"
#include "support/precision.hpp"

namespace {
using namespace atelier;
using namespace atelier::kernels;
using Pair = ConvShape::Pair;

constexpr Index guard = 64;  // numbers on either side of an output
constexpr ConvPass passes[] = {ConvPass::forward, ConvPass::data, ConvPass::weights};

std::mt19937 generator(4321);

Index draw(Index low, Index high) { return std::uniform_int_distribution<Index>(low, high)(generator); }

template <class T> std::vector<T> random_numbers(Index n) {
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::vector<T> v(static_cast<std::size_t>(n));
  for (T& x : v) x = static_cast<T>(uniform(generator));
  return v;
}

/// The nearest bfloat16, ties to even.
template <class T> T round_to_bf16(T x) {
  int exponent;
  const double fraction = std::frexp(static_cast<double>(x), &exponent);  // [0.5, 1), 8 bits stay
  return static_cast<T>(std::ldexp(std::nearbyint(fraction * 256), exponent - 8));
}

/// The results that fit.
ConvShape with_results(ConvShape s) {
  for (std::size_t d = 0; d < 2; ++d)
    s.out_size[d] =
        std::max<Index>(0, s.size[d] + 2 * s.padding[d] - s.dilation[d] * (s.kernel[d] - 1) - 1 + s.stride[d]) /
        s.stride[d];
  return s;
}

/// One pass with random operands.
template <class T> struct Case {
  ConvShape shape;
  ConvPass pass = ConvPass::forward;
  bool bias = false, rectify = false;
  T slope = T(0);
  Precision precision = Precision::highest;

  std::vector<T> a{}, b{}, bias_values{}, out{};

  Index results() const {
    if (pass == ConvPass::weights) return shape.weights();
    return pass == ConvPass::data ? shape.in_pixels() * shape.in : shape.out_pixels() * shape.out;
  }
  void fill() {
    const Index x = shape.in_pixels() * shape.in, y = shape.out_pixels() * shape.out;
    a = random_numbers<T>(pass == ConvPass::data ? y : x);
    b = random_numbers<T>(pass == ConvPass::weights ? y : shape.weights());
    bias_values = random_numbers<T>(std::max(shape.in, shape.out));
    out = random_numbers<T>(results() + 2 * guard);
  }
  GemmMode mode() const { return {.precision = precision}; }
  ConvEpilogue<T> epilogue() const { return {bias ? bias_values.data() : nullptr, rectify, slope}; }

  std::vector<T> run() const {
    std::vector<T> found = out;
    const Index size = conv_workspace_size<T>(shape, pass, mode());
    BasicTensor<T> memory({size + guard}, std::numeric_limits<T>::quiet_NaN());  // nothing may read what nobody wrote
    const std::span<T> workspace(memory.mutable_data(), static_cast<std::size_t>(size));
    T* to = found.data() + guard;
    if (pass == ConvPass::forward) conv(shape, a.data(), b.data(), to, epilogue(), workspace, mode());
    if (pass == ConvPass::data) conv_data(shape, a.data(), b.data(), to, epilogue(), workspace, mode());
    if (pass == ConvPass::weights) conv_weights(shape, a.data(), b.data(), to, workspace, mode());
    for (Index i = 0; i < guard; ++i) EXPECT_TRUE(std::isnan(memory.data()[size + i])) << text();
    return found;
  }
  /// The truth, for the inputs that the precision lets through.
  std::vector<T> expected() const {
    std::vector<T> truth = out, a_used = a, b_used = b;
    if (mode().rounds())
      for (auto* v : {&a_used, &b_used})
        for (T& x : *v) x = round_to_bf16(x);
    T* to = truth.data() + guard;
    if (pass == ConvPass::forward) reference::conv(shape, a_used.data(), b_used.data(), to, epilogue());
    if (pass == ConvPass::data) reference::conv_data(shape, a_used.data(), b_used.data(), to, epilogue());
    if (pass == ConvPass::weights) reference::conv_weights(shape, a_used.data(), b_used.data(), to);
    return truth;
  }
  double tolerance() const {
    if (std::is_same_v<T, double>) return 1e-12;
    return winograd::tile_of(shape, pass, mode()) == 4 ? 1e-5 : 2e-6;
  }
  std::string text() const {
    const auto two = [](const Pair& p) { return " " + std::to_string(p[0]) + "x" + std::to_string(p[1]); };
    return std::string(pass == ConvPass::forward ? "forward"
                       : pass == ConvPass::data  ? "data"
                                                 : "weights") +
           " batch " + std::to_string(shape.batch) + two(shape.size) + "x" + std::to_string(shape.in) + " ->" +
           two(shape.out_size) + "x" + std::to_string(shape.out) + " kernel" + two(shape.kernel) + " stride" +
           two(shape.stride) + " padding" + two(shape.padding) + " dilation" + two(shape.dilation) + " groups " +
           std::to_string(shape.groups) + (bias ? " bias" : "") + (rectify ? " rectify" : "") + " " + name(precision) +
           " " + name(isa());
  }
};

/// Equal to the truth within the tolerance times the largest element; untouched outside.
template <class T> void expect_near(const std::vector<T>& found, const Case<T>& x) {
  const auto expected = x.expected();
  double largest = 1, worst = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const bool inside = i >= guard && i + guard < found.size();
    if (!inside) {
      ASSERT_EQ(found[i], x.out[i]) << x.text();
      continue;
    }
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
    const double error = std::abs(static_cast<double>(found[i]) - static_cast<double>(expected[i]));
    worst = error <= worst ? worst : error;  // NaN counts as worst
  }
  EXPECT_LE(worst, x.tolerance() * largest) << x.text();
}

template <class T> bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

/// The case on one thread against the truth, and the same bits on more.
template <class T> void check(Case<T> x) {
  x.fill();
  const auto one = [&] {
    ThreadScope threads(1);
    return x.run();
  }();
  expect_near(one, x);
  for (int n : {2, 3}) {
    ThreadScope threads(n);
    EXPECT_TRUE(same_bits(one, x.run())) << n << " threads: " << x.text();
  }
}
template <class T> void check_passes(const ConvShape& s, Precision precision = Precision::highest) {
  for (ConvPass pass : passes) check(Case<T>{.shape = s, .pass = pass, .precision = precision});
}

template <class T> Case<T> random_case(int i) {
  Case<T> x;
  ConvShape& s = x.shape;
  s.groups = i % 4 == 3 ? draw(2, 3) : 1;
  s.batch = draw(1, 3);
  s.in = s.groups * draw(1, i % 3 == 0 ? 5 : 70);
  s.out = s.groups * draw(1, i % 5 == 0 ? 5 : 70);
  for (std::size_t d = 0; d < 2; ++d) {
    s.kernel[d] = draw(1, 5);
    s.stride[d] = draw(1, 3);
    s.padding[d] = draw(0, 3);
    s.dilation[d] = i % 2 ? draw(1, 3) : 1;
    s.size[d] = std::max<Index>(1, s.dilation[d] * (s.kernel[d] - 1) + 1 - 2 * s.padding[d]) + draw(0, 9);
  }
  s = with_results(s);
  x.pass = passes[i % 3];
  x.bias = draw(0, 1);
  x.rectify = draw(0, 1);
  x.slope = static_cast<T>(draw(0, 1)) * T(0.2);
  return x;
}

TEST(Conv, RandomShapesHighest) {
  for (int i = 0; i < 90; ++i) check(random_case<float>(i));
}
TEST(Conv, RandomShapesMedium) {
  for (int i = 0; i < 90; ++i) {
    auto x = random_case<float>(i);
    x.precision = Precision::medium;
    check(x);
  }
}
TEST(Conv, RandomShapesDouble) {
  for (int i = 0; i < 60; ++i) check(random_case<double>(i));
}

TEST(Conv, WorkShapes) {
  for (Precision precision : {Precision::highest, Precision::medium}) {
    const Pair four{4, 4}, three{3, 3}, one{1, 1}, two{2, 2};
    check_passes<float>({2, {16, 16}, 64, {8, 8}, 128, four, two, one}, precision);
    check_passes<float>({1, {8, 8}, 128, {4, 4}, 256, four, two, one}, precision);
    check_passes<float>({2, {32, 32}, 3, {16, 16}, 64, four, two, one}, precision);
    check_passes<float>({2, {16, 16}, 64, {16, 16}, 64, three, one, one}, precision);
    check_passes<float>({3, {4, 4}, 96, {1, 1}, 1, four, one}, precision);      // the discriminator's last layer
    check_passes<float>({3, {4, 4}, 128, {1, 1}, 100, four, one}, precision);   // the generator's first, transposed
    check_passes<float>({2, {16, 16}, 32, {16, 16}, 48, one, one}, precision);  // a product
  }
}

TEST(Conv, LongReductions) {  // of several blocks, and parts of the weight gradient
  check_passes<float>({1, {5, 5}, 300, {5, 5}, 40, {3, 3}, {1, 1}, {1, 1}});
  check_passes<float>({1, {3, 3}, 1500, {3, 3}, 20, {3, 3}, {1, 1}, {1, 1}});
  check_passes<float>({1, {3, 3}, 1501, {3, 3}, 20, {2, 2}, {1, 1}, {1, 1}}, Precision::medium);
  check_passes<float>({2, {64, 70}, 5, {64, 70}, 7, {3, 3}, {1, 1}, {1, 1}});
  check_passes<float>({2, {64, 70}, 5, {64, 70}, 7, {3, 3}, {1, 1}, {1, 1}}, Precision::medium);
}

TEST(Conv, CutsOfTheWeightGradient) {  // slices in several rounds; groups of rows and of panels
  for (Precision precision : {Precision::highest, Precision::medium})
    for (const ConvShape& s : {ConvShape{8, {32, 32}, 3, {32, 32}, 150, {3, 3}, {1, 1}, {1, 1}},
                               ConvShape{2, {8, 8}, 20, {8, 8}, 600, {3, 3}, {1, 1}, {1, 1}},
                               ConvShape{9, {33, 32}, 32, {16, 16}, 70, {4, 4}, {2, 2}, {0, 1}}})
      check(Case<float>{.shape = s, .pass = ConvPass::weights, .precision = precision});
}

TEST(Conv, TapsOfPairsInPlace) {  // rows of results that fill tiles, of even and odd length
  const auto medium = Precision::medium;
  check_passes<float>(with_results({2, {9, 18}, 6, {}, 20, {3, 5}, {1, 1}, {1, 2}}), medium);
  check_passes<float>(with_results({3, {11, 35}, 10, {}, 52, {4, 4}, {2, 2}, {1, 1}}), medium);
  check_passes<float>(with_results({2, {10, 16}, 34, {}, 18, {3, 3}, {1, 1}, {4, 3}, {2, 1}}), medium);
  check_passes<float>(with_results({2, {12, 27}, 16, {}, 64, {2, 1}, {1, 3}, {1, 0}}), medium);
  check_passes<float>(with_results({1, {16, 16}, 256, {}, 32, {4, 4}, {1, 1}, {2, 2}}), medium);
  check_passes<float>({2, {4, 9}, 8, {6, 16}, 24, {3, 3}, {1, 1}, {1, 1}}, medium);  // results beyond the image
}

TEST(Conv, BandsOfOtherHeights) {  // the highest band's workspace serves the others
  for (Precision precision : {Precision::highest, Precision::medium})
    check(Case<float>{.shape = {1, {224, 224}, 1, {224, 224}, 64, {3, 3}, {1, 1}, {1, 1}},
                      .pass = ConvPass::data,
                      .precision = precision});
}

TEST(Conv, PhasesOfOtherBlocks) {  // nine taps are cut into blocks of five and four, six taps stay one block
  for (auto [channels, precision] : {std::pair{Index{128}, Precision::highest},
                                     {256, Precision::highest},
                                     {256, Precision::medium},
                                     {512, Precision::medium}}) {
    const auto s = with_results({.batch = 1,
                                 .size = {16, 16},
                                 .in = 32,
                                 .out = channels,
                                 .kernel = {5, 5},
                                 .stride = {2, 2},
                                 .padding = {2, 2}});
    check(Case<float>{.shape = s, .pass = ConvPass::data, .precision = precision});
  }
}

TEST(Conv, EmptyAndTiny) {
  for (Precision precision : {Precision::highest, Precision::medium}) {
    check_passes<float>({0, {8, 8}, 4, {4, 4}, 6, {4, 4}, {2, 2}, {1, 1}}, precision);
    check_passes<float>({2, {4, 4}, 0, {4, 4}, 6, {3, 3}, {1, 1}, {1, 1}}, precision);
    check_passes<float>({2, {4, 4}, 3, {4, 4}, 0, {3, 3}, {1, 1}, {1, 1}}, precision);
    check_passes<float>({2, {0, 4}, 3, {0, 4}, 2, {1, 3}, {1, 1}, {0, 1}}, precision);
    check_passes<float>({2, {4, 0}, 3, {4, 0}, 2, {3, 1}, {1, 1}, {1, 0}}, precision);
    check_passes<float>({2, {4, 4}, 3, {0, 0}, 5, {3, 3}, {2, 2}, {1, 1}}, precision);  // of results that are asked for
    check_passes<float>({1, {1, 1}, 1, {1, 1}, 1, {1, 1}}, precision);
    check_passes<float>({2, {1, 1}, 17, {1, 1}, 33, {3, 3}, {1, 1}, {1, 1}}, precision);
    check_passes<float>({2, {1, 1}, 3, {1, 1}, 5, {4, 4}, {2, 2}, {2, 2}}, precision);
  }
}

TEST(Conv, StridesBeyondTheKernel) {  // some positions meet no tap
  check_passes<float>({2, {9, 10}, 6, {3, 3}, 20, {1, 2}, {3, 4}, {0, 0}});
  check_passes<float>({2, {2, 12}, 6, {1, 2}, 20, {2, 1}, {5, 7}, {1, 0}});
  check_passes<float>({1, {12, 12}, 8, {3, 3}, 24, {4, 4}, {4, 4}});
}

TEST(Conv, ManyPhases) {  // patches, and more row panels than a unit or the second-level cache takes
  check_passes<float>({2, {24, 22}, 17, {3, 2}, 20, {8, 11}, {8, 11}});
  check_passes<float>({1, {24, 24}, 16, {3, 3}, 40, {8, 8}, {8, 8}}, Precision::medium);
  check_passes<float>({2, {24, 24}, 30, {2, 2}, 20, {1, 1}, {16, 16}});
  check_passes<float>({1, {70, 70}, 20, {35, 35}, 20, {3, 3}, {2, 2}, {1, 1}});
}

TEST(Conv, PaddingsAreLeftOut) {  // edges apart, and wider paddings than images
  for (Precision precision : {Precision::highest, Precision::medium}) {
    check_passes<float>({16, {4, 4}, 32, {4, 4}, 32, {5, 5}, {1, 1}, {2, 2}}, precision);
    check_passes<float>({16, {2, 3}, 32, {4, 7}, 32, {5, 5}, {1, 1}, {3, 4}}, precision);
    check_passes<float>({16, {8, 2}, 33, {4, 5}, 40, {4, 4}, {2, 1}, {1, 3}}, precision);
    check_passes<float>({4, {6, 6}, 32, {6, 6}, 32, {3, 3}, {1, 1}, {4, 4}, {4, 4}, 2}, precision);
  }
}

TEST(Conv, StridesThatShareFactorsWithDilations) {
  for (Index stride : {2, 3, 4, 6})
    for (Index dilation : {2, 3, 4})
      check_passes<float>(with_results({.batch = 2,
                                        .size = {17, 19},
                                        .in = 5,
                                        .out = 9,
                                        .kernel = {3, 4},
                                        .stride = {stride, 2},
                                        .padding = {2, 3},
                                        .dilation = {dilation, 3}}));
}

TEST(Conv, FewerResultsThanFit) {  // the transpose of a transposed convolution with output padding
  check_passes<float>({2, {11, 12}, 5, {4, 4}, 18, {3, 3}, {2, 2}, {0, 1}});
  check_passes<double>({2, {11, 12}, 5, {4, 4}, 18, {3, 3}, {1, 1}, {0, 1}, {3, 3}});
}

TEST(Conv, GroupsOfOneChannel) {
  check_passes<float>({2, {9, 9}, 20, {9, 9}, 20, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 20});
  check_passes<float>({2, {9, 9}, 20, {5, 5}, 40, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 20}, Precision::medium);
}

TEST(Conv, EpiloguesOfEveryPass) {
  for (ConvPass pass : {ConvPass::forward, ConvPass::data})
    for (int form = 0; form < 8; ++form)
      for (const ConvShape& s :
           {ConvShape{2, {9, 9}, 20, {9, 9}, 33, {3, 3}, {1, 1}, {1, 1}},
            ConvShape{2, {8, 8}, 32, {4, 4}, 32, {4, 4}, {2, 2}, {1, 1}}, ConvShape{2, {8, 8}, 32, {8, 8}, 32, {1, 1}}})
        check(Case<float>{.shape = s,
                          .pass = pass,
                          .bias = bool(form & 1),
                          .rectify = bool(form & 2),
                          .slope = form & 4 ? 0.2f : 0.0f});
  for (ConvPass pass : {ConvPass::forward, ConvPass::data})  // of pairs, in place
    for (int form = 0; form < 8; ++form)
      check(Case<float>{.shape = {2, {9, 16}, 20, {9, 16}, 32, {3, 3}, {1, 1}, {1, 1}},
                        .pass = pass,
                        .bias = bool(form & 1),
                        .rectify = bool(form & 2),
                        .slope = form & 4 ? 0.2f : 0.0f,
                        .precision = Precision::medium});
}

/// Root of the mean square error, as a share of the truth's.
double rms_error(const ConvShape& s, ConvPass pass, Precision precision) {
  Case<float> x{.shape = s, .pass = pass, .precision = precision};
  x.fill();
  const auto found = x.run();
  x.precision = Precision::highest;
  const auto expected = x.expected();
  double error = 0, size = 0;
  for (std::size_t i = guard; i + guard < found.size(); ++i) {
    error += std::pow(static_cast<double>(found[i]) - static_cast<double>(expected[i]), 2);
    size += std::pow(static_cast<double>(expected[i]), 2);
  }
  return std::sqrt(error / size);
}

TEST(Conv, ErrorsOfDeepLayersStaySmall) {
  for (ConvPass pass : passes) {
    EXPECT_LE(rms_error({1, {8, 8}, 512, {4, 4}, 64, {4, 4}, {2, 2}, {1, 1}}, pass, Precision::highest), 1.5e-6);
    EXPECT_LE(rms_error({1, {8, 8}, 16, {4, 4}, 512, {4, 4}, {2, 2}, {1, 1}}, pass, Precision::highest), 1.5e-6);
    const double medium = rms_error({1, {8, 8}, 64, {4, 4}, 64, {4, 4}, {2, 2}, {1, 1}}, pass, Precision::medium);
    EXPECT_LE(medium, 1e-2);
    EXPECT_EQ(medium >= 1e-4, medium_rounds());
  }
  EXPECT_LE(rms_error({8, {64, 64}, 3, {64, 64}, 4, {3, 3}, {1, 1}, {1, 1}}, ConvPass::weights, Precision::highest),
            1.5e-6);
}

TEST(Conv, NanReachesWhatReadsIt) {
  for (bool rectify : {false, true})
    for (float slope : {0.0f, 0.2f}) {
      Case<float> x{.shape = {1, {9, 9}, 20, {9, 9}, 33, {3, 3}, {1, 1}, {1, 1}}, .rectify = rectify, .slope = slope};
      x.fill();
      x.a[static_cast<std::size_t>((4 * 9 + 4) * 20 + 7)] = std::numeric_limits<float>::quiet_NaN();
      const auto found = x.run();
      for (Index y = 0; y < 9; ++y)
        for (Index c = 0; c < 9 * 33; ++c) {
          const bool reads = std::abs(y - 4) <= 1 && std::abs(c / 33 - 4) <= 1;
          ASSERT_EQ(std::isnan(found[static_cast<std::size_t>(guard + y * 9 * 33 + c)]), reads) << y << " " << c;
        }
    }
}

TEST(Conv, OtherScalarsUseTheReference) {
  const ConvShape s{1, {2, 2}, 1, {1, 1}, 1, {2, 2}};
  const int x[] = {1, 2, 3, 4}, w[] = {5, 6, 7, 8}, one[] = {1};
  int y[1], dx[4], dw[4];
  conv(s, x, w, y, {}, {});
  EXPECT_EQ(y[0], 70);
  conv_data(s, one, w, dx, {}, {});
  EXPECT_EQ(dx[2], 7);
  conv_weights(s, x, one, dw, {});
  EXPECT_EQ(dw[3], 4);
}

TEST(Conv, SmallWorkspaceIsAnError) {
  const ConvShape s{1, {8, 8}, 3, {8, 8}, 3, {3, 3}, {1, 1}, {1, 1}};
  std::vector<float> x(192), w(81), y(192);
  EXPECT_THROW(conv(s, x.data(), w.data(), y.data(), {}, {}), Error);
  EXPECT_THROW(conv_data(s, y.data(), w.data(), x.data(), {}, {}), Error);
  EXPECT_THROW(conv_weights(s, x.data(), y.data(), w.data(), {}), Error);
}

}  // namespace
