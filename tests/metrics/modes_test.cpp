// Mode coverage and class histograms.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "atelier/data/toy.hpp"
#include "atelier/metrics/class_histogram.hpp"
#include "atelier/metrics/modes.hpp"
#include "metrics/golden.hpp"
#include "support/expect_error.hpp"
#include "support/formula.hpp"

using namespace atelier;
using metrics::class_histogram;
using metrics::mode_coverage;

TEST(Modes, AreThoseOfNumpy) {
  const auto expected = golden("metrics")["modes"];
  const auto x = formula::uniform(40, {3000, 2}, -1.3, 1.3);
  const auto coverage = mode_coverage(x, data::ring_mixture().centres, 0.1, {.at_least = 120});
  EXPECT_EQ(coverage.samples, expected["samples"].get<std::vector<Index>>());
  EXPECT_DOUBLE_EQ(coverage.high_quality, expected["high_quality"]);
  EXPECT_EQ(coverage.modes, expected["modes_from_120"]);
}

TEST(Modes, OfTheMixtureItselfAllAreFound) {
  for (const auto& mixture : {data::ring_mixture(), data::grid_mixture()}) {
    Rng rng(5);
    const auto coverage = mode_coverage(data::sample(mixture, 10'000, rng), mixture.centres, mixture.sigma);
    EXPECT_EQ(coverage.modes, mixture.centres.size(0));
    const double share = 1 - std::exp(-4.5);
    EXPECT_NEAR(coverage.high_quality, share, 5 * std::sqrt(share * (1 - share) / 10'000));
  }
}

TEST(Modes, CountFromSoManySamplesWithinSoManyDeviations) {
  const Tensor centres({2, 1}, {0, 10});
  auto x = Tensor(Shape{39, 1}, 0.f);
  for (Index i = 20; i < 39; ++i) x.mutable_data()[i] = 10.25f;  // 2.5 deviations off
  const auto plain = mode_coverage(x, centres, 0.1);
  EXPECT_EQ(plain.modes, 1) << "19 samples are one too few";
  EXPECT_EQ(plain.samples, (std::vector<Index>{20, 19}));
  EXPECT_EQ(plain.high_quality, 1);
  EXPECT_EQ(mode_coverage(x, centres, 0.1, {.at_least = 19}).modes, 2);
  EXPECT_EQ(mode_coverage(x, centres, 0.1, {.within = 2}).samples, (std::vector<Index>{20, 0}));
  EXPECT_NE(plain.protocol.find("39 samples, 2 modes of deviation 0.1"), std::string::npos) << plain.protocol;
}

TEST(Modes, SamplesThatAreNotFiniteAreOfNone) {
  const Tensor x({3, 1}, {0, std::nanf(""), std::numeric_limits<float>::infinity()});
  const auto coverage = mode_coverage(x, Tensor({1, 1}, {0}), 1, {.at_least = 1});
  EXPECT_EQ(coverage.samples, std::vector<Index>{1});
  EXPECT_DOUBLE_EQ(coverage.high_quality, 1.0 / 3);
}

TEST(Modes, BadArgumentsAreRefused) {
  const auto x = Tensor::zeros({3, 2});
  expect_error<Error>([&] { mode_coverage(x, Tensor::zeros({4, 3}), 1); }, {"mode_coverage", "[3, 2]", "[4, 3]"});
  expect_error<Error>([&] { mode_coverage(Tensor(), x, 1); }, {"mode_coverage", "no tensor"});
  expect_error<Error>([&] { mode_coverage(Tensor::zeros({0, 2}), x, 1); }, {"mode_coverage", "[0, 2]"});
  expect_error<Error>([&] { mode_coverage(x, x, 0); }, {"mode_coverage", "positive deviation", "found 0"});
  expect_error<Error>([&] { mode_coverage(x, x, 1, {.at_least = 0}); }, {"mode_coverage", "at least 1 sample"});
}

TEST(ClassHistogram, IsThatOfScipy) {
  const auto expected = golden("metrics")["class_histogram"];
  const auto u = formula::uniform(50, {400, 7});
  auto p = Tensor::empty({400, 7});
  for (Index i = 0; i < 400; ++i) {
    double row[7], sum = 0;
    for (Index c = 0; c < 7; ++c) sum += row[c] = c == 5 ? 0 : std::pow(static_cast<double>(u.at({i, c})), 6);
    for (Index c = 0; c < 7; ++c) p.mutable_data()[i * 7 + c] = static_cast<float>(row[c] / sum);
  }
  const auto h = class_histogram(p);
  EXPECT_NEAR(h.kl, expected["kl"], 1e-12);
  EXPECT_EQ(h.present, expected["present"]);
  EXPECT_NEAR(h.mean_confidence, expected["mean_confidence"], 1e-7);
  EXPECT_DOUBLE_EQ(h.confident, expected["confident"]);
  EXPECT_EQ(std::accumulate(h.counts.begin(), h.counts.end(), Index{0}), 400);
  EXPECT_EQ(h.counts[5], 0);
}

TEST(ClassHistogram, Extremes) {
  const Tensor even({2, 2}, {0.9f, 0.1f, 0.2f, 0.8f}), one({2, 2}, {1, 0, 0.5f, 0.5f});
  EXPECT_NEAR(class_histogram(even).kl, 0, 1e-15);
  EXPECT_NEAR(class_histogram(one).kl, std::log(2), 1e-15) << "ties go to the first class";
  EXPECT_EQ(class_histogram(even).confident, 0.5) << "0.9 reaches 0.9";
  EXPECT_EQ(class_histogram(even, 0.8).confident, 1);
  EXPECT_EQ(class_histogram(one).present, 1);
}

TEST(ClassHistogram, RowsThatAreNoProbabilitiesAreRefused) {
  expect_error<Error>(
      [] {
        class_histogram(Tensor({2, 2}, {0.5f, 0.5f, -3, 4}));
      },
      {"row 1", "outside [0, 1]", "softmax"});
  expect_error<Error>([] { class_histogram(Tensor({1, 2}, {0.5f, 0.4f})); }, {"row 0", "a sum of 0.9"});
  expect_error<Error>([] { class_histogram(Tensor({1, 2}, {std::nanf(""), 1})); }, {"row 0"});
  expect_error<Error>([] { class_histogram(Tensor::zeros({0, 2})); }, {"[N, classes]", "[0, 2]"});
  expect_error<Error>([] { class_histogram(Tensor({1, 1}, {1}), 1.5); }, {"threshold", "1.5"});
}
