// Samples of classes: who is in them, what they weigh, that the estimate of the sum is right on average.
#include "atelier/nn/class_sample.hpp"

#include <gtest/gtest.h>

#include <set>

#include "support/expect_error.hpp"

using namespace atelier;
using nn::ClassSample;

namespace {
const IndexTensor named({2, 2}, {3, 70, 70, 41});
}

TEST(ClassSample, HoldsTheFrequentTheNamedAndOthersOnce) {
  ClassSample sample(100, {.always = 10, .size = 32});
  Rng rng(1);
  sample.draw(named, rng);
  const auto members = sample.members().to_vector();
  const std::set<std::int32_t> different(members.begin(), members.end());
  EXPECT_EQ(members.size(), 32u);
  EXPECT_EQ(different.size(), 32u);
  for (std::int32_t c = 0; c < 10; ++c) EXPECT_TRUE(different.contains(c));
  for (const std::int32_t c : {41, 70}) EXPECT_TRUE(different.contains(c));
  const auto places = sample.places(named);
  EXPECT_EQ(places.shape(), named.shape());
  for (Index i = 0; i < 4; ++i) EXPECT_EQ(members[static_cast<std::size_t>(places.data()[i])], named.data()[i]);
  const auto offsets = sample.offsets<double>().to_vector();
  for (std::size_t k = 0; k < 32; ++k) EXPECT_DOUBLE_EQ(offsets[k], k < 12 ? 0 : std::log(88.0 / 20));
}

TEST(ClassSample, EstimatesTheSumWithoutBias) {
  ClassSample sample(100, {.always = 10, .size = 32});
  Rng rng(1);
  double whole = 0, estimate = 0;
  const auto weight = [](std::int32_t c) { return 1 + (c * 37 % 100) / 25.0; };
  for (std::int32_t c = 0; c < 100; ++c) whole += weight(c);
  constexpr int draws = 2000;
  for (int i = 0; i < draws; ++i) {
    sample.draw(named, rng);
    const auto members = sample.members().to_vector();
    const auto offsets = sample.offsets<double>().to_vector();
    for (std::size_t k = 0; k < members.size(); ++k) estimate += weight(members[k]) * std::exp(offsets[k]) / draws;
  }
  EXPECT_NEAR(estimate, whole, 0.01 * whole);
}

TEST(ClassSample, GrowsWhereAStepNamesMore) {
  ClassSample sample(1000, {.always = 4, .size = 16});
  auto many = IndexTensor::empty({40});
  for (Index i = 0; i < 40; ++i) many.mutable_data()[i] = static_cast<std::int32_t>(20 * i);
  Rng rng(1);
  sample.draw(many, rng);
  EXPECT_GT(sample.members().size(), 43);
  EXPECT_EQ(sample.members().size() % 8, 0);
  sample.draw(named, rng);
  EXPECT_EQ(sample.members().size(), 16);
}

TEST(ClassSample, MayBeAllOfThem) {
  ClassSample sample(80, {.always = 10, .size = 300});
  Rng rng(1);
  sample.draw(named, rng);
  EXPECT_EQ(sample.members().size(), 80);
  for (const float x : sample.offsets<float>().values()) EXPECT_EQ(x, 0);
}

TEST(ClassSample, WhatIsRefused) {
  expect_error<ConfigError>([] { ClassSample(0, {}); }, {"expected classes", "found 0"});
  expect_error<ConfigError>([] { ClassSample(9, {.size = 1}); }, {"at least 2", "and 1"});
  ClassSample sample(60, {.always = 2, .size = 8});
  Rng rng(1);
  expect_error<Error>([&] { sample.draw(named, rng); }, {"0 to 59", "found 70"});
  sample.draw(IndexTensor({1}, 5), rng);
  expect_error<Error>([&] { sample.places(IndexTensor({1}, 60)); }, {"class sample", "found 60"});
}
