// Image operations: gradients at order 1 and 2, edges, errors.
#include "expect_grad.hpp"
#include "support/expect_error.hpp"

using namespace atelier;

namespace {
/// f over shapes of images: one channel, fewer than a vector, odd, several vectors; one image, none.
template <class F> void expect_grad_image(const F& f, const std::vector<Shape>& shapes) {
  for (const Shape& s : shapes) expect_grad([&](const auto& x) { return f(x[0]); }, {s});
}
const std::vector<Shape> usual = {{2, 5, 7, 1}, {1, 4, 3, 3}, {2, 3, 5, 19}, {0, 4, 4, 3}, {1, 6, 3, 16}, {2, 4, 4, 0}};
}  // namespace

TEST(Ops, ChannelsLast) {
  for (const Shape& s : {Shape{2, 3, 5, 7}, Shape{1, 1, 4, 1}, Shape{2, 33, 18, 2}, Shape{0, 3, 2, 2}})
    expect_grad([](const auto& x) { return channels_last(x[0] * x[0]); }, {s});
  const Tensor x({1, 2, 1, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(channels_last(x).to_vector(), (std::vector<float>{1, 4, 2, 5, 3, 6}));
  expect_error<Error>([&] { channels_last(reshape(x, {2, 3})); }, {"channels_last", "[B, C, H, W]", "[2, 3]"});
}
TEST(Ops, ChannelsFirst) {
  expect_grad_image([](const auto& x) { return channels_first(x * x); }, usual);
  Rng rng(1);
  const auto x = normal({3, 5, 7, 20}, rng);
  EXPECT_EQ(channels_last(channels_first(x)).to_vector(), x.to_vector());
  expect_error<Error>([] { channels_first(Tensor({2}, 0.0f)); }, {"channels_first", "[2]"});
}

TEST(Ops, Pad2d) {
  for (PadMode mode : {PadMode::zeros, PadMode::constant, PadMode::reflect, PadMode::replicate, PadMode::circular})
    expect_grad_image([&](const auto& x) { return pad2d(x * x, {1, 2, 2, 1}, mode, 0.5); }, usual);
  expect_grad_image([](const auto& x) { return pad2d(x * x, border(0), PadMode::reflect); }, usual);
}
TEST(Ops, PadShowsWhatTheModeSays) {
  const Tensor x({1, 1, 3, 1}, {1, 2, 3});
  const auto row = [&](PadMode mode) { return pad2d(x, {.left = 2, .right = 1}, mode, 9).to_vector(); };
  EXPECT_EQ(row(PadMode::zeros), (std::vector<float>{0, 0, 1, 2, 3, 0}));
  EXPECT_EQ(row(PadMode::constant), (std::vector<float>{9, 9, 1, 2, 3, 9}));
  EXPECT_EQ(row(PadMode::reflect), (std::vector<float>{3, 2, 1, 2, 3, 2}));
  EXPECT_EQ(row(PadMode::replicate), (std::vector<float>{1, 1, 1, 2, 3, 3}));
  EXPECT_EQ(row(PadMode::circular), (std::vector<float>{2, 3, 1, 2, 3, 1}));
}
TEST(Ops, PadErrors) {
  const Tensor x({1, 2, 3, 1}, 0.0f), none({1, 0, 3, 1}, 0.0f);
  expect_error<Error>([&] { pad2d(x, {.top = 2}, PadMode::reflect); },
                      {"pad2d", "2 and 0", "side of 2", "[1, 2, 3, 1]"});
  expect_error<Error>([&] { pad2d(x, {.right = 4}, PadMode::circular); }, {"pad2d", "0 and 4", "side of 3"});
  expect_error<Error>([&] { pad2d(x, {.left = -1}); }, {"pad2d", "-1"});
  expect_error<Error>([&] { pad2d(none, {.top = 1}, PadMode::replicate); }, {"pad2d", "side of 0"});
  expect_error<Error>([&] { pad2d(Tensor({3}, 0.0f), border(1)); }, {"pad2d", "[B, H, W, C]", "[3]"});
}

TEST(Ops, AvgPool2d) {
  for (const PoolOptions& o : {PoolOptions{.kernel = 2}, PoolOptions{.kernel = 3, .stride = 1, .padding = 1},
                               PoolOptions{.kernel = {3, 2}, .stride = {2, 3}, .padding = {1, 0}},
                               PoolOptions{.kernel = 3, .stride = 2, .padding = 1, .count_include_pad = false}})
    expect_grad_image([&](const auto& x) { return avg_pool2d(x * x, o); }, usual);
}
TEST(Ops, MaxPool2d) {
  for (const PoolOptions& o : {PoolOptions{.kernel = 2}, PoolOptions{.kernel = 3, .stride = 1, .padding = 1},
                               PoolOptions{.kernel = {3, 2}, .stride = {2, 3}, .padding = {1, 0}}})
    expect_grad_image([&](const auto& x) { return max_pool2d(x * x, o); }, usual);
}
TEST(Ops, MaxPoolKeepsNaNAndInfinity) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  const auto y = max_pool2d(Tensor({1, 2, 4, 1}, {1, nan, -inf, -inf, 2, 3, -inf, -inf}), {.kernel = 2});
  EXPECT_TRUE(std::isnan(y.data()[0]));
  EXPECT_EQ(y.data()[1], -inf);
}
TEST(Ops, MaxPoolOfEqualsGivesTheFirstTheGradient) {
  const Tensor x({1, 2, 2, 1}, {3, 5, 5, 5});
  Tape tape;
  EXPECT_EQ(grad(max_pool2d(x, {.kernel = 2}), x).to_vector(), (std::vector<float>{0, 1, 0, 0}));
}
TEST(Ops, PoolErrors) {
  const Tensor x({1, 4, 3, 2}, 0.0f);
  expect_error<Error>([&] { max_pool2d(x, {.kernel = {2, 4}}); }, {"max_pool2d", "2x4", "0x0", "[1, 4, 3, 2]"});
  expect_error<Error>([&] { avg_pool2d(x, {.kernel = 3, .padding = 2}); }, {"avg_pool2d", "half", "3x3", "2x2"});
  expect_error<Error>([&] { avg_pool2d(x, {.kernel = 2, .stride = -1}); }, {"avg_pool2d", "-1x-1"});
  expect_error<Error>([&] { max_pool2d(x, {}); }, {"max_pool2d", "0x0"});
  expect_error<Error>([&] { max_pool2d(Tensor({1, 0, 3, 2}, 0.0f), {.kernel = 2, .padding = 1}); }, {"[1, 0, 3, 2]"});
  expect_error<Error>([&] { global_max_pool(Tensor({1, 0, 3, 2}, 0.0f)); }, {"0x3"});
  expect_error<Error>([&] { max_pool2d(Tensor({4, 4}, 0.0f), {.kernel = 2}); }, {"[B, H, W, C]", "[4, 4]"});
}
TEST(Ops, AdaptiveAvgPool2d) {
  for (const Extent& out : {Extent(1), Extent(3, 2), Extent(7, 5)})
    expect_grad_image([&](const auto& x) { return adaptive_avg_pool2d(x * x, out); }, usual);
  const Tensor x({1, 4, 3, 2}, 0.0f);
  expect_error<Error>([&] { adaptive_avg_pool2d(x, {0, 2}); }, {"adaptive_avg_pool2d", "0x2", "[1, 4, 3, 2]"});
}
TEST(Ops, GlobalAvgPool) {
  expect_grad_image([](const auto& x) { return global_avg_pool(x * x); }, usual);
}
TEST(Ops, GlobalMaxPool) {
  expect_grad_image([](const auto& x) { return global_max_pool(x * x); }, usual);
}

TEST(Ops, UpsampleNearest) {
  for (const Extent& scale : {Extent(1), Extent(2), Extent(3, 2)})
    expect_grad_image([&](const auto& x) { return upsample_nearest(x * x, scale); }, usual);
  expect_error<Error>([] { upsample_nearest(Tensor({1, 4, 3, 2}, 0.0f), 0); }, {"upsample_nearest", "0x0"});
}
TEST(Ops, UpsampleBilinear) {
  for (const Extent& scale : {Extent(1), Extent(2), Extent(3, 4)})
    expect_grad_image([&](const auto& x) { return upsample_bilinear(x * x, scale); }, usual);
  expect_grad_image([](const auto& x) { return upsample_bilinear(x * x, 2); }, {{1, 1, 1, 3}, {1, 0, 2, 3}});
  expect_error<Error>([] { upsample_bilinear(Tensor({4, 3, 2}, 0.0f), 2); }, {"upsample_bilinear", "[4, 3, 2]"});
}
TEST(Ops, PixelShuffle) {
  expect_grad_image([](const auto& x) { return pixel_shuffle(x * x, 2); }, {{2, 3, 5, 12}, {1, 1, 1, 4}, {0, 2, 2, 4}});
  expect_error<Error>(
      [] {
        pixel_shuffle(Tensor({1, 2, 2, 6}, 0.0f), 2);
      },
      {"pixel_shuffle", "factor 2", "[1, 2, 2, 6]"});
}
TEST(Ops, PixelUnshuffle) {
  expect_grad_image([](const auto& x) { return pixel_unshuffle(x * x, 2); }, {{2, 4, 6, 3}, {1, 2, 2, 1}});
  Rng rng(1);
  const auto x = normal({2, 3, 5, 18}, rng);
  EXPECT_EQ(pixel_unshuffle(pixel_shuffle(x, 3), 3).to_vector(), x.to_vector());
  expect_error<Error>([] { pixel_unshuffle(Tensor({1, 3, 2, 1}, 0.0f), 2); }, {"pixel_unshuffle", "multiples of 2"});
}

TEST(ImageOps, AreTheSameBitsForAnyNumberOfThreads) {
  Rng rng(1);
  const auto x = normal({3, 33, 31, 40}, rng);
  const auto run = [&](int threads) {
    const ThreadScope scope(threads);
    Tape tape;
    const auto loss = sum(square(max_pool2d(x, {.kernel = 3, .stride = 2, .padding = 1}))) +
                      sum(square(avg_pool2d(upsample_bilinear(x, 2), {.kernel = 3}))) +
                      sum(square(upsample_nearest(x, {2, 1}))) + sum(square(channels_first(x)));
    return grad(loss, x).to_vector();
  };
  const auto one = run(1);
  EXPECT_EQ(one, run(2));
  EXPECT_EQ(one, run(3));
}
