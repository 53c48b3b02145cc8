/// Winograd's convolutions: the algorithm's identity, which shapes take it, and every pass against plain loops in
/// double: errors, epilogues, threads, guards around every output.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "atelier/kernels/conv.hpp"
#include "atelier/tensor/tensor.hpp"

namespace {
using namespace atelier;
using namespace atelier::kernels;
using Pair = ConvShape::Pair;
using winograd::Algorithm;

constexpr Index guard = 64;  // numbers on either side of an output
constexpr ConvPass passes[] = {ConvPass::forward, ConvPass::data, ConvPass::weights};
constexpr Precision precisions[] = {Precision::highest, Precision::high};

std::mt19937 generator(2718);

template <class T> std::vector<T> random_numbers(Index n) {
  std::uniform_real_distribution<T> uniform(-1, 1);
  std::vector<T> v(static_cast<std::size_t>(n));
  for (T& x : v) x = uniform(generator);
  return v;
}

/// k x k kernels over square images, padded so that the result is size / stride wide.
ConvShape square(Index batch, Index size, Index in, Index out, Index k, Index stride) {
  return {.batch = batch,
          .size = {size, size},
          .in = in,
          .out_size = {size / stride, size / stride},
          .out = out,
          .kernel = {k, k},
          .stride = {stride, stride},
          .padding = {1, 1}};
}

/// One pass with random operands.
struct Case {
  ConvShape shape;
  ConvPass pass = ConvPass::forward;
  Precision precision = Precision::highest;
  bool bias = false, rectify = false;
  float slope = 0;

  std::vector<float> a{}, b{}, bias_values{}, out{};

  Index results() const {
    if (pass == ConvPass::weights) return shape.weights();
    return pass == ConvPass::data ? shape.in_pixels() * shape.in : shape.out_pixels() * shape.out;
  }
  void fill() {
    const Index x = shape.in_pixels() * shape.in, y = shape.out_pixels() * shape.out;
    a = random_numbers<float>(pass == ConvPass::data ? y : x);
    b = random_numbers<float>(pass == ConvPass::weights ? y : shape.weights());
    bias_values = random_numbers<float>(std::max(shape.in, shape.out));
    out = random_numbers<float>(results() + 2 * guard);
  }
  template <class T> static void run(const Case& c, const T* a, const T* b, const T* bias, T* to, std::span<T> space) {
    const ConvEpilogue<T> epilogue{c.bias ? bias : nullptr, c.rectify, static_cast<T>(c.slope)};
    const GemmMode mode{.precision = c.precision};
    if (c.pass == ConvPass::forward) conv(c.shape, a, b, to, epilogue, space, mode);
    if (c.pass == ConvPass::data) conv_data(c.shape, a, b, to, epilogue, space, mode);
    if (c.pass == ConvPass::weights) conv_weights(c.shape, a, b, to, space, mode);
  }
  template <class T> static std::vector<T> results_in(const Case& c, std::vector<T> found) {
    const auto as = [](const std::vector<float>& v) { return std::vector<T>(v.begin(), v.end()); };
    const auto a = as(c.a), b = as(c.b), bias = as(c.bias_values);
    const Index size = conv_workspace_size<T>(c.shape, c.pass, {.precision = c.precision});
    BasicTensor<T> memory({size}, std::numeric_limits<T>::quiet_NaN());  // nothing may read what nobody wrote
    run(c, a.data(), b.data(), bias.data(), found.data() + guard,
        std::span<T>(memory.mutable_data(), static_cast<std::size_t>(size)));
    return found;
  }
  std::vector<float> found() const { return results_in<float>(*this, out); }
  /// The direct convolution in double.
  std::vector<double> expected() const { return results_in<double>(*this, {out.begin(), out.end()}); }
  std::string text() const {
    return std::to_string(static_cast<int>(pass)) + " batch " + std::to_string(shape.batch) + " size " +
           std::to_string(shape.size[0]) + "x" + std::to_string(shape.size[1]) + " in " + std::to_string(shape.in) +
           " out " + std::to_string(shape.out) + " kernel " + std::to_string(shape.kernel[0]) + " stride " +
           std::to_string(shape.stride[0]) + " " + name(precision) + " " + name(isa());
  }
};

/// Root of the mean square error, as a share of the truth's; NaN when anything outside was written.
double rms_error(const Case& c, const std::vector<float>& found) {
  const auto expected = c.expected();
  double error = 0, size = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const bool inside = i >= guard && i + guard < found.size();
    if (!inside && found[i] != c.out[i]) return std::numeric_limits<double>::quiet_NaN();
    if (!inside) continue;
    error += std::pow(static_cast<double>(found[i]) - expected[i], 2);
    size += std::pow(expected[i], 2);
  }
  return std::sqrt(error / size);
}

/// What a pass may err, at 512 channels.
double tolerance(Precision precision) { return precision == Precision::highest ? 1e-6 : 4e-6; }

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// The case on one thread against the truth, and the same bits on more.
void check(Case c) {
  ASSERT_TRUE(winograd::serves<float>(c.shape, c.pass, {.precision = c.precision})) << c.text();
  c.fill();
  const auto one = [&] {
    const ThreadScope threads(1);
    return c.found();
  }();
  EXPECT_LE(rms_error(c, one), tolerance(c.precision)) << c.text();
  for (int n : {2, 3}) {
    const ThreadScope threads(n);
    EXPECT_TRUE(same_bits(one, c.found())) << n << " threads: " << c.text();
  }
}
void check_passes(const ConvShape& s) {
  for (ConvPass pass : passes)
    for (Precision precision : precisions) check({.shape = s, .pass = pass, .precision = precision});
}

/// A^T [(G w) * (B^T x)] against the filter itself.
template <int m, int r> void check_identity() {
  using W = Algorithm<m, r>;
  const auto x = random_numbers<double>(W::n), w = random_numbers<double>(r);
  const auto at = [](const std::vector<double>& v, int i) { return v[static_cast<std::size_t>(i)]; };
  for (int i = 0; i < m; ++i) {
    double sum = 0, expected = 0;
    for (int j = 0; j < W::n; ++j) {
      double u = 0, v = 0;
      for (int k = 0; k < r; ++k) u += winograd::Filter<W>::at(j, k) * at(w, k);
      for (int k = 0; k < W::n; ++k) v += winograd::Input<W>::at(j, k) * at(x, k);
      sum += winograd::Output<W>::at(i, j) * u * v;
    }
    for (int k = 0; k < r; ++k) expected += at(w, k) * at(x, i + k);
    EXPECT_NEAR(sum, expected, 1e-13) << m << " " << r << " " << i;
  }
}

TEST(Winograd, IsTheFilter) {
  check_identity<2, 2>();
  check_identity<4, 2>();
  check_identity<2, 3>();
  check_identity<4, 3>();
}

TEST(Winograd, IsChosenByShapeAndPrecision) {
  const auto high = [](const ConvShape& s, ConvPass pass = ConvPass::forward) {
    return winograd::tile_of(s, pass, {.precision = Precision::high});
  };
  const ConvShape s = square(8, 16, 64, 128, 4, 2);
  for (ConvPass pass : passes) {
    EXPECT_EQ(winograd::tile_of(s, pass, {.precision = Precision::highest}), 2);
    EXPECT_EQ(high(s, pass), 4);
    EXPECT_EQ(winograd::tile_of(s, pass, {.isa = Isa::avx512bf16, .precision = Precision::medium}), 0);
    EXPECT_EQ(winograd::tile_of(s, pass, {.isa = Isa::avx512, .precision = Precision::medium}), 4);
    EXPECT_FALSE(winograd::serves<double>(s, pass, {.precision = Precision::high}));
  }
  EXPECT_EQ(high(square(8, 12, 64, 128, 4, 2)), 2);                     // 6 results
  EXPECT_EQ(high(square(8, 10, 64, 128, 4, 2)), 0);                     // 5 results
  EXPECT_EQ(high(square(8, 16, 3, 256, 4, 2)), 0);                      // images
  EXPECT_EQ(high(square(8, 16, 256, 3, 4, 2), ConvPass::data), 0);      // images
  EXPECT_EQ(high(square(8, 16, 64, 72, 4, 2)), 0);                      // parts of vectors
  EXPECT_EQ(high(square(8, 16, 64, 64, 5, 2)), 0);                      // phases of 2 and of 3 taps
  EXPECT_EQ(high(square(8, 16, 64, 64, 3, 2)), 0);                      // phases of 1 and of 2 taps
  EXPECT_EQ(high(square(1, 8, 512, 512, 4, 2)), 0);                     // few results
  EXPECT_EQ(high(square(8, 16, 16, 16, 4, 2)), 0);                      // little work
  EXPECT_EQ(high(square(2, 16, 64, 128, 4, 2), ConvPass::weights), 2);  // few tiles
  EXPECT_EQ(high(square(0, 16, 64, 128, 4, 2)), 0);
  ConvShape other = s;
  other.groups = 2;
  EXPECT_EQ(high(other), 0);
  other = s;
  other.dilation = {2, 1};
  EXPECT_EQ(high(other), 0);
}

TEST(Winograd, FourByFourKernelsOfStrideTwo) {
  check_passes(square(17, 8, 64, 96, 4, 2));
  check_passes(square(5, 16, 96, 48, 4, 2));
  check_passes(square(1, 32, 64, 64, 4, 2));
  check_passes(square(3, 32, 16, 48, 4, 2));
}
TEST(Winograd, ThreeByThreeKernels) {
  check_passes(square(5, 8, 64, 112, 3, 1));
  check_passes(square(3, 20, 80, 64, 3, 1));
}
TEST(Winograd, OtherShapes) {
  check_passes({3, {8, 32}, 64, {4, 16}, 64, {4, 4}, {2, 2}, {1, 1}});   // not square
  check_passes({8, {8, 16}, 64, {8, 8}, 64, {2, 4}, {1, 2}, {1, 1}});    // mixed strides
  check_passes({5, {16, 16}, 64, {8, 8}, 64, {4, 4}, {2, 2}, {3, 0}});   // other paddings
  check_passes({5, {16, 16}, 64, {8, 8}, 64, {6, 6}, {2, 2}, {2, 2}});   // three taps a phase
  check_passes({5, {16, 16}, 64, {4, 12}, 64, {3, 3}, {1, 1}, {0, 1}});  // fewer results than fit
}
TEST(Winograd, SeveralBlocksOfTilesAndParts) { check_passes(square(37, 16, 64, 64, 4, 2)); }

TEST(Winograd, PartsOfOtherBlocks) {  // 129 tiles and 128: the shorter part is one block, longer than the other's two
  check({.shape = square(257, 4, 192, 192, 4, 2), .pass = ConvPass::weights, .precision = Precision::highest});
}

TEST(Winograd, ErrorsOfDeepLayersStaySmall) {
  check_passes(square(16, 8, 512, 32, 4, 2));
  check_passes(square(16, 8, 32, 512, 4, 2));
  check_passes(square(4, 8, 512, 32, 3, 1));
  check_passes(square(4, 8, 32, 512, 3, 1));
}

TEST(Winograd, EpiloguesOfEveryPass) {
  for (ConvPass pass : {ConvPass::forward, ConvPass::data})
    for (int form = 0; form < 8; ++form)
      for (Precision precision : precisions)
        check({.shape = square(17, 8, 64, 64, 4, 2),
               .pass = pass,
               .precision = precision,
               .bias = bool(form & 1),
               .rectify = bool(form & 2),
               .slope = form & 4 ? 0.2f : 0.0f});
}

TEST(Winograd, HighTakesLargerTiles) {
  for (ConvPass pass : passes) {
    Case c{.shape = square(17, 8, 64, 64, 4, 2), .pass = pass};
    c.fill();
    const auto highest = c.found();
    c.precision = Precision::high;
    EXPECT_FALSE(same_bits(highest, c.found())) << c.text();
  }
}

TEST(Winograd, NanIsSeen) {
  for (float slope : {0.0f, 0.2f}) {
    Case c{.shape = square(17, 8, 64, 64, 4, 2), .rectify = true, .slope = slope};
    c.fill();
    c.a[64 * 27 + 5] = std::numeric_limits<float>::quiet_NaN();
    const auto found = c.found();
    EXPECT_TRUE(std::isnan(found[guard + 64 * 5]));
  }
}

}  // namespace
