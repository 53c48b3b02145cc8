#include "atelier/data/batches.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "support/expect_error.hpp"

using namespace atelier;

namespace {
/// 10 images of 2 x 3 pixels; image i has pixels 25 i, 25 i + 1, ... and label i.
data::ImageSet small_set() {
  data::ImageSet set{.count = 10, .height = 2, .width = 3};
  for (int i = 0; i < 10; ++i) {
    for (int k = 0; k < 6; ++k) set.pixels.push_back(static_cast<std::uint8_t>(25 * i + k));
    set.labels.push_back(static_cast<std::uint8_t>(i));
  }
  return set;
}
}  // namespace

TEST(Shuffle, EveryEpochSeesEveryExampleOnce) {
  data::Shuffle shuffle(12, 4, Rng(3));
  EXPECT_EQ(shuffle.steps_per_epoch(), 3);
  std::vector<std::vector<std::int32_t>> epochs(2);
  for (Index step = 0; step < 6; ++step)
    for (auto i : shuffle(step)) epochs[static_cast<std::size_t>(step / 3)].push_back(i);
  for (const auto& e : epochs) EXPECT_EQ(std::set(e.begin(), e.end()).size(), 12u);
  EXPECT_NE(epochs[0], epochs[1]);
}
TEST(Shuffle, IsAFunctionOfTheStep) {
  data::Shuffle all(10, 3, Rng(3)), one(10, 3, Rng(3)), other(10, 3, Rng(4));
  EXPECT_EQ(all.steps_per_epoch(), 3);
  for (Index step = 0; step < 8; ++step) all(step);
  const auto a = all(7), b = one(7), c = other(7);
  EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end()));
  EXPECT_FALSE(std::equal(a.begin(), a.end(), c.begin(), c.end()));
}
TEST(Shuffle, RefusesBatchesThatDoNotFit) {
  expect_error<Error>([] { data::Shuffle(10, 11, Rng(1)); }, {"shuffle", "10", "11"});
  expect_error<Error>([] { data::Shuffle(10, 5, Rng(1))(-1); }, {"shuffle", "-1"});
}
TEST(Batches, ImagesAndLabelsByNumber) {
  const auto set = small_set();
  const std::vector<std::int32_t> numbers{7, 2};
  const auto x = data::gather_images(set, numbers);
  EXPECT_EQ(x.shape(), (Shape{2, 6}));
  EXPECT_EQ(x.at({0, 3}), 178 / 255.0f);
  EXPECT_EQ(x.at({1, 5}), 55 / 255.0f);
  EXPECT_EQ(data::gather_labels(set, numbers).to_vector(), numbers);
  EXPECT_EQ(data::slice_images(set, 7, 8).to_vector(), slice_images(data::part(set, 6, 9), 1, 2).to_vector());
  EXPECT_EQ(data::slice_labels(set, 3, 5).to_vector(), (std::vector<std::int32_t>{3, 4}));
  expect_error<Error>([&] { data::part(set, 3, 11); }, {"11", "10 images"});
  const std::vector<std::int32_t> outside{3, 10}, negative{-1};
  expect_error<Error>([&] { data::gather_images(set, outside); }, {"gather_images", "below 10", "found 10"});
  expect_error<Error>([&] { data::gather_labels(set, negative); }, {"gather_labels", "below 10", "found -1"});
  expect_error<Error>([&] { data::slice_images(set, 8, 11); }, {"slice_images", "[8, 11)", "10 images"});
  expect_error<Error>([&] { data::slice_labels(set, -2, 1); }, {"slice_labels", "[-2, 1)", "10 images"});
}
TEST(Batches, BinarizeDrawsEachPixelByItsGrey) {
  data::ImageSet set{.count = 1, .height = 300, .width = 300};
  set.pixels.assign(90000, 51);  // 0.2
  set.pixels[0] = 0, set.pixels[1] = 255;
  set.labels = {0};
  const auto drawn = data::binarize(set, Rng(42)), again = data::binarize(set, Rng(42));
  EXPECT_EQ(drawn.pixels, again.pixels);
  EXPECT_NE(drawn.pixels, data::binarize(set, Rng(43)).pixels);
  EXPECT_EQ(drawn.pixels[0], 0);
  EXPECT_EQ(drawn.pixels[1], 255);
  const auto ones = std::count(drawn.pixels.begin(), drawn.pixels.end(), 255);
  EXPECT_EQ(ones + std::count(drawn.pixels.begin(), drawn.pixels.end(), 0), 90000);
  EXPECT_NEAR(static_cast<double>(ones), 18000, 5 * std::sqrt(90000 * 0.2 * 0.8));
  const data::ImageSet* sets[] = {&drawn};
  EXPECT_EQ(data::binary_sha256(sets).size(), 64u);
}
TEST(Batches, EveryByteBecomesItsShareOf255) {
  data::ImageSet set{.count = 1, .height = 1, .width = 259};  // whole vectors, and a rest
  for (int i = 0; i < 259; ++i) set.pixels.push_back(static_cast<std::uint8_t>(i));
  const auto x = data::slice_images(set, 0, 1);
  for (int i = 0; i < 259; ++i) EXPECT_EQ(x.data()[i], static_cast<float>(i % 256) / 255.0f);
}
