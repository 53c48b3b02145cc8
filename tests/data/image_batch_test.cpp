/// Crops, splits, and batches as convolutions take them.
#include "atelier/data/image_batch.hpp"

#include <gtest/gtest.h>

#include <set>

#include "atelier/data/batches.hpp"
#include "atelier/data/crop.hpp"
#include "atelier/data/split.hpp"
#include "atelier/parallel/team.hpp"
#include "support/expect_error.hpp"

namespace {
using namespace atelier;
using namespace atelier::data;

/// 40 images of 3 channels, 2 x 5; byte b of image i is 6 i + b.
ImageSet small_set() {
  ImageSet set{.count = 40, .height = 2, .width = 5, .channels = 3};
  for (int i = 0; i < 40; ++i)
    for (int b = 0; b < 30; ++b) set.pixels.push_back(static_cast<std::uint8_t>(6 * i + b));
  return set;
}

TEST(ImageBatch, KeepsDimensionsAndScales) {
  const auto set = small_set();
  const std::vector<std::int32_t> numbers{7, 2};
  const auto x = image_batch(set, numbers), y = image_batch(set, numbers, Range::minus_one_one);
  EXPECT_EQ(x.shape(), (Shape{2, 3, 2, 5}));
  EXPECT_EQ(x.at({0, 2, 1, 3}), (6 * 7 + 28) / 255.0f);
  EXPECT_EQ(x.to_vector(), gather_images(set, numbers).to_vector());
  for (Index i = 0; i < x.size(); ++i) EXPECT_EQ(y.data()[i], (x.data()[i] - 0.5f) / 0.5f);
  const std::vector<std::int32_t> far{40}, negative{-1};
  expect_error<Error>([&] { image_batch(set, far); }, {"below 40", "found 40"});
  expect_error<Error>([&] { image_batch(set, negative); }, {"found -1"});
  expect_error<Error>([&] { gather_labels(set, numbers); }, {"labels"});
  EXPECT_EQ(part(set, 3, 5).pixels.size(), 60u);
}

TEST(ImageBatch, EndsOfTheRanges) {
  const ImageSet set{.pixels = {0, 255}, .count = 1, .height = 1, .width = 2};
  const std::vector<std::int32_t> numbers{0};
  EXPECT_EQ(image_batch(set, numbers).to_vector(), (std::vector<float>{0, 1}));
  EXPECT_EQ(image_batch(set, numbers, Range::minus_one_one).to_vector(), (std::vector<float>{-1, 1}));
}

TEST(ImageBatch, FlipsAreDrawnForEachImage) {
  const auto set = small_set();
  std::vector<std::int32_t> numbers;
  for (int i = 0; i < 40; ++i) numbers.push_back(i);
  Rng rng(5), same(5);
  const auto x = image_batch(set, numbers), y = image_batch(set, numbers, Range::zero_one, rng);
  EXPECT_EQ(y.to_vector(), image_batch(set, numbers, Range::zero_one, same).to_vector());
  EXPECT_EQ(rng, same);
  EXPECT_NE(y.to_vector(), image_batch(set, numbers, Range::zero_one, rng).to_vector());
  int flipped = 0;
  for (Index n = 0; n < 40; ++n) {
    const bool flip = y.at({n, 0, 0, 0}) != x.at({n, 0, 0, 0});
    flipped += flip;
    for (Index c = 0; c < 3; ++c)
      for (Index h = 0; h < 2; ++h)
        for (Index w = 0; w < 5; ++w) ASSERT_EQ(y.at({n, c, h, w}), x.at({n, c, h, flip ? 4 - w : w}));
  }
  EXPECT_NEAR(flipped, 20, 12);
}

TEST(ImageBatch, AnyNumberOfThreadsGivesTheSame) {
  ImageSet set{.count = 20, .height = 100, .width = 101, .channels = 3};
  for (Index i = 0; i < 20 * set.image_size(); ++i) set.pixels.push_back(static_cast<std::uint8_t>(i * 7 % 251));
  const std::vector<std::int32_t> numbers{3, 19, 0, 3, 7, 11, 12, 13};
  const auto run = [&](int n) {
    ThreadScope scope(n);
    Rng rng(1);
    return image_batch(set, numbers, Range::minus_one_one, rng).to_vector();
  };
  EXPECT_EQ(run(1), run(3));
}

TEST(Crop, OfTheFullFrame) {
  EXPECT_EQ(crop_box(Crop::c108, 178, 218), (io::Box{35, 55, 143, 163}));
  EXPECT_EQ(crop_box(Crop::c128y121, 178, 218), (io::Box{25, 57, 153, 185}));
  EXPECT_EQ(crop_box(Crop::c140, 178, 218), (io::Box{19, 39, 159, 179}));
  EXPECT_EQ(crop_box(Crop::c148, 178, 218), (io::Box{15, 35, 163, 183}));
  EXPECT_EQ(crop_box(Crop::c160, 178, 218), (io::Box{9, 29, 169, 189}));
  EXPECT_EQ(crop_box(Crop::c178, 178, 218), (io::Box{0, 20, 178, 198}));
  EXPECT_EQ(crop_box(Crop::whole, 7, 9), (io::Box{0, 0, 7, 9}));
  EXPECT_EQ(crop_box(Crop::square, 7, 10), (io::Box{0, 1.5, 7, 8.5}));
  EXPECT_EQ(crop_box(Crop::square, 10, 7), (io::Box{1.5, 0, 8.5, 7}));
}

TEST(Crop, IsScaledWithTheFrame) {
  for (const auto& [width, height] : {std::pair{89, 109}, {64, 78}, {712, 872}, {45, 55}})
    for (const char* name : {"c108", "c128y121", "c140", "c148", "c160", "c178"}) {
      const auto box = crop_box(crop_from(name), width, height);
      EXPECT_NEAR(box.width(), box.height(), 0.02 * box.width());
      EXPECT_GE(box.left, 0);
      EXPECT_LE(box.bottom, height);
    }
  EXPECT_EQ(crop_box(Crop::c148, 89, 109), (io::Box{7.5, 17.5, 81.5, 91.5}));
  for (const auto& size : {std::pair{100, 100}, {218, 178}, {89, 111}})
    expect_error<InputError>([&] { crop_box(Crop::c148, size.first, size.second); },
                             {"178 x 218", "c148", std::to_string(size.first) + " x " + std::to_string(size.second)});
}

TEST(Crop, NamesAndWords) {
  for (auto crop : {Crop::whole, Crop::square, Crop::c108, Crop::c178}) EXPECT_EQ(crop_from(name(crop)), crop);
  expect_error<ConfigError>([] { crop_from("c100"); }, {"whole, square, c108, c128y121, c140", "'c100'"});
  EXPECT_EQ(describe_crop(Crop::c128y121, 178, 218, 64),
            "images of 178 x 218, crop c128y121 (128 x 128 at column 25, row 57 of 178 x 218), 128 x 128 resized to 64 "
            "x 64, bilinear with anti-aliasing");
}

TEST(Split, ByCountAndByIdentity) {
  const auto split = split_by_count(10, 4, Rng(1));
  std::set<std::int32_t> all(split.train.begin(), split.train.end());
  all.insert(split.test.begin(), split.test.end());
  EXPECT_EQ(all.size(), 10u);
  EXPECT_EQ(split.test.size(), 4u);
  EXPECT_TRUE(std::is_sorted(split.test.begin(), split.test.end()));
  EXPECT_EQ(split_by_count(10, 4, Rng(1)).test, split.test);
  EXPECT_TRUE(split_by_count(10, 0, Rng(1)).test.empty());
  expect_error<ConfigError>([] { split_by_count(10, 10, Rng(1)); }, {"0 to 9", "found 10"});
  const std::vector<std::int32_t> persons{5, 5, 5, 8, 8, 9};
  const auto people = split_by_identity(persons, 1, Rng(2));
  for (auto i : people.test)
    for (auto j : people.train) EXPECT_NE(persons[static_cast<std::size_t>(i)], persons[static_cast<std::size_t>(j)]);
  const std::vector<std::int32_t> positions{3, 0}, far{4};
  EXPECT_EQ(pick(split.test, positions), (std::vector<std::int32_t>{split.test[3], split.test[0]}));
  expect_error<Error>([&] { pick(split.test, far); }, {"below 4", "found 4"});
}

}  // namespace
