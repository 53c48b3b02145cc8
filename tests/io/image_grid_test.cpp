/// Batches as one picture: where each image stands, and what its numbers become.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "atelier/io/image.hpp"
#include "support/expect_error.hpp"

namespace {
using namespace atelier;
using namespace atelier::io;

/// Element i is i / 255: the pixels count from 0.
Tensor counting(const Shape& shape) {
  auto x = Tensor::empty(shape);
  for (Index i = 0; i < x.size(); ++i) x.mutable_data()[i] = static_cast<float>(i) / 255.0f;
  return x;
}

using Pixels = std::vector<std::uint8_t>;

TEST(ImageGrid, PlacesRowByRow) {
  const auto image = image_grid(counting({3, 1, 2}), {.columns = 2, .padding = 1, .background = 99});
  EXPECT_EQ(image.width, 7);
  EXPECT_EQ(image.height, 5);
  EXPECT_EQ(image.channels, 1);
  EXPECT_EQ(image.pixels, (Pixels{99, 99, 99, 99, 99, 99, 99,  //
                                  99, 0,  1,  99, 2,  3,  99,  //
                                  99, 99, 99, 99, 99, 99, 99,  //
                                  99, 4,  5,  99, 99, 99, 99,  //
                                  99, 99, 99, 99, 99, 99, 99}));
}

TEST(ImageGrid, ChannelsInterleave) {
  const auto image = image_grid(counting({1, 3, 2, 1}), {.padding = 0});
  EXPECT_EQ(image.channels, 3);
  EXPECT_EQ(image.pixels, (Pixels{0, 2, 4, 1, 3, 5}));
  const auto padded = image_grid(counting({1, 3, 1, 1}), {.padding = 1, .background = 7});
  EXPECT_EQ(padded.pixels.size(), 27u);
  EXPECT_EQ(Pixels(padded.pixels.begin() + 9, padded.pixels.begin() + 18), (Pixels{7, 7, 7, 0, 1, 2, 7, 7, 7}));
}

TEST(ImageGrid, OneChannelIsGrey) {
  const auto a = image_grid(counting({4, 1, 3, 2})), b = image_grid(counting({4, 3, 2}));
  EXPECT_EQ(a.channels, 1);
  EXPECT_EQ(a.pixels, b.pixels);
}

TEST(ImageGrid, ZoomRepeatsPixelsButNotPadding) {
  const auto image = image_grid(counting({1, 1, 2}), {.padding = 1, .zoom = 2, .background = 9});
  EXPECT_EQ(image.width, 6);
  EXPECT_EQ(image.pixels, (Pixels{9, 9, 9, 9, 9, 9,  //
                                  9, 0, 0, 1, 1, 9,  //
                                  9, 0, 0, 1, 1, 9,  //
                                  9, 9, 9, 9, 9, 9}));
}

TEST(ImageGrid, RoundsClampsAndShowsNan) {
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor x({1, 1, 9}, {0.5f / 255 - 1e-6f, 0.5f / 255 + 1e-6f, 254.5f / 255 + 1e-5f, -0.5f, 1.5f, inf, -inf,
                             std::numeric_limits<float>::quiet_NaN(), 0.5f});
  EXPECT_EQ(image_grid(x, {.padding = 0}).pixels, (Pixels{0, 1, 255, 0, 255, 255, 0, 128, 128}));
}

TEST(ImageGrid, ColumnsByDefaultAndAtMostTheBatch) {
  const auto size = [](Index n, Index columns) {
    const auto image = image_grid(counting({n, 1, 1}), {.columns = columns, .padding = 0});
    return std::pair{image.width, image.height};
  };
  EXPECT_EQ(size(16, 0), (std::pair<Index, Index>{4, 4}));
  EXPECT_EQ(size(17, 0), (std::pair<Index, Index>{5, 4}));
  EXPECT_EQ(size(3, 10), (std::pair<Index, Index>{3, 1}));
  EXPECT_EQ(size(3, 1), (std::pair<Index, Index>{1, 3}));
}

TEST(ImageGrid, Refuses) {
  for (const Shape& shape :
       {Shape{}, Shape{784}, Shape{3, 784}, Shape{0, 2, 2}, Shape{2, 0, 2}, Shape{1, 2, 2, 2}, Shape{1, 1, 3, 2, 2}})
    expect_error<Error>([&] { image_grid(Tensor(shape, 0.5f)); }, {"image_grid: ", "[N, H, W]", shape.str()});
  const auto x = counting({2, 2, 2});
  expect_error<Error>([&] { image_grid(x, {.columns = -1}); }, {"columns: expected 0 to", "found -1"});
  expect_error<Error>([&] { image_grid(x, {.padding = 257}); }, {"padding: expected 0 to 256, found 257"});
  expect_error<Error>([&] { image_grid(x, {.zoom = 0}); }, {"zoom: expected 1 to 64, found 0"});
  expect_error<Error>([&] { image_grid(counting({1, 500, 500}), {.zoom = 64}); }, {"at most 536870912", "32004 x"});
}

}  // namespace
