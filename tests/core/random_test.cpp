/// Philox against its published answers; the generator's draws, streams and state; counts against their expectation.
/// The distributions of uniform() and normal() are tested beside the kernels', in
/// tests/kernels/random_distribution_test.cpp.
#include "atelier/core/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <set>

#include "support/expect_error.hpp"

namespace {
using namespace atelier;

/// Counts of equally likely outcomes: chi-square within five deviations of its mean.
void expect_even(const std::vector<std::int64_t>& counts, double freedom) {
  double total = 0, chi_square = 0;
  for (auto c : counts) total += static_cast<double>(c);
  const double expected = total / static_cast<double>(counts.size());
  for (auto c : counts) chi_square += std::pow(static_cast<double>(c) - expected, 2) / expected;
  EXPECT_NEAR(chi_square, freedom, 5 * std::sqrt(2 * freedom));
}
void expect_even(const std::vector<std::int64_t>& counts) {
  expect_even(counts, static_cast<double>(counts.size()) - 1);
}

/// Correlation of the numbers that two generators give, in deviations of its expectation 0.
double correlation(Rng a, Rng b, int n = 100000) {
  double sum = 0;
  for (int i = 0; i < n; ++i) sum += (a.uniform() - 0.5) * (b.uniform() - 0.5) * 12;
  return sum / std::sqrt(n);
}

// Random123, file kat_vectors, philox4x32 10
TEST(Philox, GivesThePublishedAnswers) {
  using B = Philox::Block;
  EXPECT_EQ(Philox::encrypt(B{0, 0, 0, 0}, {0, 0}), (B{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint32_t f = 0xffffffff;
  EXPECT_EQ(Philox::encrypt(B{f, f, f, f}, {f, f}), (B{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox::encrypt(B{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (B{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
  EXPECT_EQ(Philox::encrypt(0x85a308d3243f6a88, 0x0370734413198a2e, 0x299f31d0a4093822),
            (B{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Rng, CountsBlocksUnderItsSeedAndStream) {
  Rng rng(Rng::State{0x123456789abcdef0, 0x0fedcba987654321, 0xfffffffffffffffe});
  for (std::uint64_t counter : {0xfffffffffffffffe, 0xffffffffffffffff, std::uint64_t{0}, std::uint64_t{1}}) {
    EXPECT_EQ(rng.state().counter, counter);
    const auto x = Philox::encrypt(counter, 0x0fedcba987654321, 0x123456789abcdef0);
    EXPECT_EQ(rng.bits(), x[0] | std::uint64_t{x[1]} << 32);
  }
}

TEST(Rng, KeepsItsNumbersFromReleaseToRelease) {  // from an implementation in Python
  Rng rng(42);
  EXPECT_EQ(rng.bits(), 0x77f5493b9ceaf053u);
  EXPECT_EQ(rng.bits(), 0x53ba6cfdfcdb2127u);
  EXPECT_EQ(rng.fork("noise", 3).bits(), 0x6e8c82dc991ac827u);
  EXPECT_EQ(Rng(42).split().bits(), 0xa24ebc71164fc0c7u);
}

TEST(Rng, UniformAndNormalFollowFromTheBits) {
  Rng rng(3), twin(3);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(rng.uniform(), std::ldexp(static_cast<double>(twin.bits() >> 11), -53));
  for (int i = 0; i < 100; ++i) {
    const auto x = Philox::encrypt(rng.state().counter, 0, 3);
    const double u = std::ldexp(static_cast<double>((x[0] | std::uint64_t{x[1]} << 32) >> 11), -53);
    const double turn = std::ldexp(static_cast<double>((x[2] | std::uint64_t{x[3]} << 32) >> 11), -53);
    EXPECT_NEAR(rng.normal(), std::sqrt(-2 * std::log1p(-u)) * std::cos(2 * std::numbers::pi * turn), 1e-14);
  }
}

TEST(Rng, EveryBitIsEven) {
  const int n = 100000;
  std::vector<int> ones(64);
  Rng rng(5);
  for (int i = 0; i < n; ++i) {
    const std::uint64_t x = rng.bits();
    for (int b = 0; b < 64; ++b) ones[static_cast<std::size_t>(b)] += static_cast<int>(x >> b & 1);
  }
  for (int count : ones) EXPECT_NEAR(count, n / 2, 5 * std::sqrt(n / 4.0));
}

TEST(Rng, StateSavesAndContinues) {
  Rng rng(9);
  rng.normal();
  const Rng::State saved = rng.state();
  EXPECT_EQ(saved, (Rng::State{9, 0, 1}));
  Rng resumed(saved), copy = rng;
  EXPECT_EQ(resumed, rng);
  const double next = rng.uniform();
  EXPECT_EQ(resumed.uniform(), next);
  EXPECT_EQ(copy.uniform(), next);
  EXPECT_NE(rng, Rng(saved));
}

TEST(Rng, ReserveHandsOutBlocksOnce) {
  Rng rng(9), twin(9);
  EXPECT_EQ(rng.reserve(3), (Rng::State{9, 0, 0}));
  EXPECT_EQ(rng.reserve(2), (Rng::State{9, 0, 3}));
  for (int i = 0; i < 5; ++i) twin.bits();
  EXPECT_EQ(rng, twin);
}

TEST(Rng, IndexIsEvenOverItsRange) {
  Rng rng(11);
  for (std::int64_t n : {1, 2, 7, 10, 1000}) {
    std::vector<std::int64_t> counts(static_cast<std::size_t>(n));
    for (std::int64_t i = 0; i < 100 * n; ++i) ++counts.at(static_cast<std::size_t>(rng.index(n)));
    if (n > 1) expect_even(counts);
  }
}

TEST(Rng, IndexRejectsTheExcess) {  // without it, two thirds of this range would come with probability 3/4
  const std::int64_t n = std::int64_t{3} << 61;
  std::vector<std::int64_t> thirds(3);
  Rng rng(12);
  for (int i = 0; i < 30000; ++i) ++thirds.at(static_cast<std::size_t>(rng.index(n) >> 61));
  expect_even(thirds);
  EXPECT_GT(rng.state().counter, 30000u);
}

TEST(Rng, PermutationsAreEven) {
  Rng rng(13);
  std::map<std::vector<std::int32_t>, std::int64_t> orders;
  for (int i = 0; i < 48000; ++i) ++orders[rng.permutation(4)];
  std::vector<std::int64_t> counts;
  for (const auto& [order, count] : orders) counts.push_back(count);
  ASSERT_EQ(counts.size(), 24u);
  expect_even(counts);

  const std::size_t n = 16;
  std::vector<std::int64_t> positions(n * n);
  for (int i = 0; i < 20000; ++i) {
    const auto order = rng.permutation(static_cast<std::int64_t>(n));
    for (std::size_t k = 0; k < n; ++k) ++positions[k * n + static_cast<std::size_t>(order[k])];
  }
  expect_even(positions, static_cast<double>((n - 1) * (n - 1)));
}

TEST(Rng, PermutationsHoldEveryIndex) {
  Rng rng(14);
  for (std::int64_t n : {0, 1, 2, 1000}) {
    auto order = rng.permutation(n);
    std::sort(order.begin(), order.end());
    ASSERT_EQ(order.size(), static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < order.size(); ++i) EXPECT_EQ(order[i], static_cast<std::int32_t>(i));
  }
}

TEST(Rng, RefusesImpossibleRanges) {
  Rng rng(15);
  for (int n : {0, -1}) expect_error<Error>([&] { rng.index(n); }, {"index", "at least 1", std::to_string(n)});
  expect_error<Error>([&] { rng.permutation(-1); }, {"permutation", "-1"});
  expect_error<Error>([&] { rng.permutation(std::int64_t{1} << 31); }, {"permutation", "2147483648"});
  EXPECT_EQ(rng, Rng(15));
}

TEST(Rng, ForksDependOnSeedStreamPurposeAndNumberOnly) {
  Rng rng(21);
  const Rng before = rng.fork("layer", 2);
  for (int i = 0; i < 10; ++i) rng.bits();
  EXPECT_EQ(rng.fork("layer", 2), before);
  EXPECT_EQ(rng.state().counter, 10u);
  EXPECT_EQ(before.state().seed, 21u);
  EXPECT_EQ(rng.fork("layer"), rng.fork("layer", 0));

  std::set<std::uint64_t> streams;
  const Rng child = rng.fork("child");
  for (const Rng& parent : {rng, child})
    for (const char* purpose : {"", "a", "b", "ab", "ba", "layer"})
      for (std::uint64_t number : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{1} << 40})
        streams.insert(parent.fork(purpose, number).state().stream);
  EXPECT_EQ(streams.size(), 48u);
  EXPECT_NE(Rng(22).fork("layer", 2).state().stream, before.state().stream);
}

TEST(Rng, SplitsDiffer) {
  Rng rng(23);
  std::set<std::uint64_t> streams{rng.state().stream};
  for (int i = 0; i < 1000; ++i) streams.insert(rng.split().state().stream);
  EXPECT_EQ(streams.size(), 1001u);
  EXPECT_EQ(rng.state().counter, 1000u);
}

TEST(Rng, StreamsAreIndependent) {
  Rng rng(24), twin = rng;
  EXPECT_GT(correlation(rng, twin), 100);  // the measure sees what it should
  const Rng a = rng.fork("a"), first = rng.split(), second = rng.split();
  for (const Rng& other : {Rng(25), a, first, second}) EXPECT_LT(std::abs(correlation(rng, other)), 5);
  EXPECT_LT(std::abs(correlation(a, rng.fork("b"))), 5);
  EXPECT_LT(std::abs(correlation(a, rng.fork("a", 1))), 5);
  EXPECT_LT(std::abs(correlation(a, a.fork("a"))), 5);
  EXPECT_LT(std::abs(correlation(first, second)), 5);
}

TEST(Rng, FirstNumbersOfSuccessiveForksAreRandom) {
  const Rng rng(26);
  const int n = 100000;
  std::vector<std::int64_t> cells(100);
  double neighbours = 0, last = 0.5;
  for (int i = 0; i < n; ++i) {
    const double u = rng.fork("step", static_cast<std::uint64_t>(i)).uniform();
    ++cells[static_cast<std::size_t>(100 * u)];
    neighbours += (u - 0.5) * (last - 0.5) * 12;
    last = u;
  }
  expect_even(cells);
  EXPECT_LT(std::abs(neighbours), 5 * std::sqrt(n));
}

}  // namespace
