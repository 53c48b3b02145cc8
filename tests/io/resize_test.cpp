/// Other sizes against Pillow's bytes, and parts of pictures.
#include "atelier/io/resize.hpp"

#include <gtest/gtest.h>

#include "io/golden_images.hpp"
#include "support/expect_error.hpp"

namespace {
using namespace atelier;

io::Box box_of(const nlohmann::json& json) { return {json[0], json[1], json[2], json[3]}; }

TEST(Resize, IsPillowsBilinear) {
  for (const auto& golden : golden_images()["resize"]) {
    const auto from = golden_picture(golden["from"]), to = golden_picture(golden["to"]);
    const auto found = golden["box"].is_null() ? io::resize(from, to.width, to.height)
                                               : io::resize(from, to.width, to.height, box_of(golden["box"]));
    EXPECT_LE(largest_difference(found, to), 1) << from.width << " to " << to.width << " x " << to.height;
  }
}

TEST(Resize, BoxesOfHalfPixels) {
  const auto& golden = golden_images()["fraction"];
  const auto expected = golden_picture(golden["to"]);
  const auto found = io::resize(golden_picture(golden["from"]), 12, 12, box_of(golden["box"]));
  EXPECT_LE(largest_difference(io::crop(found, 1, 1, 10, 10), io::crop(expected, 1, 1, 10, 10)), 1);
}

TEST(Resize, ABoxIsACropThatIsResized) {
  const auto from = golden_picture(golden_images()["resize"][0]["from"]);  // 17 x 23
  const auto part = io::resize(io::crop(from, 2, 3, 10, 8), 5, 5), box = io::resize(from, 5, 5, {2, 3, 12, 11});
  EXPECT_EQ(part.pixels, box.pixels);
  EXPECT_EQ(io::resize(from, 10, 8, {2, 3, 12, 11}).pixels, io::crop(from, 2, 3, 10, 8).pixels);
}

TEST(Resize, AveragesFinePatternsInsteadOfSampling) {
  io::Image board{.width = 64, .height = 64};
  for (int i = 0; i < 64 * 64; ++i) board.pixels.push_back((i + i / 64) % 2 ? 255 : 0);
  for (auto level : io::resize(board, 9, 9).pixels) EXPECT_NEAR(level, 127.5, 3);
}

TEST(Resize, KeepsALevel) {
  const io::Image flat{.width = 301, .height = 7, .channels = 3, .pixels = std::vector<std::uint8_t>(301 * 21, 255)};
  for (const auto& [width, height] : {std::pair{13, 5}, {1, 1}, {700, 30}})
    for (auto level : io::resize(flat, width, height).pixels) ASSERT_EQ(level, 255);
}

TEST(Resize, RefusesWhatMakesNoPicture) {
  const io::Image image{.width = 4, .height = 3, .channels = 1, .pixels = std::vector<std::uint8_t>(12)};
  expect_error<Error>([&] { io::resize(image, 0, 3); }, {"resize", "0 x 3"});
  expect_error<Error>([&] { io::resize(image, 3, 16'385); }, {"16385"});
  expect_error<Error>([&] { io::resize(image, 2, 2, {0, 0, 4.5, 3}); }, {"inside 4 x 3", "4.5"});
  expect_error<Error>([&] { io::resize(image, 2, 2, {2, 0, 2, 3}); }, {"columns 2 to 2"});
  expect_error<Error>([&] { io::resize(image, 2, 2, {0, 0, 0.0 / 0.0, 3}); }, {"box"});
  expect_error<Error>([&] { io::crop(image, 1, 0, 4, 3); }, {"crop", "4 x 3 at column 1"});
  const io::Image hollow{.width = 4, .height = 3};
  expect_error<Error>([&] { io::resize(hollow, 2, 2); }, {"0 bytes do not fill"});
}

}  // namespace
