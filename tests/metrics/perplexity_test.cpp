// Likelihoods of texts by window and by carried memory, and the continuous cache, beside plain loops.
#include "atelier/metrics/perplexity.hpp"

#include <gtest/gtest.h>

#include "atelier/data/text/windows.hpp"
#include "atelier/metrics/continuous_cache.hpp"
#include "support/expect_error.hpp"
#include "support/formula.hpp"

using namespace atelier;
using namespace atelier::metrics;

namespace {

std::vector<std::int32_t> text_of(Index n, std::uint64_t words) {
  std::vector<std::int32_t> text;
  for (Index i = 0; i < n; ++i)
    text.push_back(static_cast<std::int32_t>(formula::splitmix(3, static_cast<std::uint64_t>(i)) % words));
  return text;
}

/// A "model" whose -log p tells which tokens it has seen: it depends on the target and on how many came before it in
/// the window.
Tensor seen_nats(const IndexTensor& inputs, const IndexTensor& targets) {
  auto nats = Tensor::empty(inputs.shape());
  for (Index i = 0; i < nats.size(); ++i)
    nats.mutable_data()[i] = static_cast<float>(targets.data()[i]) + 0.01f * static_cast<float>(i % inputs.size(1));
  return nats;
}

}  // namespace

TEST(Perplexity, WindowsCountEveryTargetOnceWithItsContext) {
  const auto text = text_of(103, 7);
  for (const auto& [length, stride] : {std::pair<Index, Index>{10, 10}, {10, 3}, {200, 200}}) {
    double expected = 0;
    Index context = 0, left = 102;  // of the first window all targets count, of others the last `stride`
    for (std::size_t i = 1; i < text.size(); ++i, --left) {
      expected += static_cast<double>(text[i]) + 0.01 * static_cast<double>(context);
      if (++context == std::min<Index>(length, 102)) context -= std::min(stride, left - 1);
    }
    for (const Index batch : {1, 4, 1000}) {
      const data::SlidingWindows windows(text, length, stride);
      EXPECT_NEAR(windowed_nats(windows, batch, seen_nats).value(), expected, 1e-4) << length << " " << stride;
    }
  }
}

TEST(Perplexity, CarriedMemoryReadsEveryRowThrough) {
  const auto text = text_of(1000, 7);
  for (const auto& [sequences, warm_up] : {std::pair<Index, Index>{1, 50}, {4, 50}, {4, 0}}) {
    const Index rows = sequences;  // clang 14 captures no structured bindings
    const auto windows = data::carried_windows(text, rows, warm_up);
    ASSERT_EQ(windows.size(), rows);
    std::vector<std::vector<std::int32_t>> read(static_cast<std::size_t>(rows));
    std::vector<int> counted(8, 0);
    Index targets = 0;
    EXPECT_TRUE(carry_through(windows, 64, [&](const TimesOfWindows& part) {
      ASSERT_LE(part.inputs.size(0), 64);
      ASSERT_EQ(part.inputs.size(1), rows);
      for (Index i = 0; i < part.inputs.size(); ++i) {
        auto& row = read[static_cast<std::size_t>(i % rows)];
        if (!row.empty()) {
          EXPECT_EQ(row.back(), part.inputs.data()[i]);
        }
        row.push_back(part.targets.data()[i]);
        if (part.weights.data()[i] == 0) continue;
        ++targets, ++counted[static_cast<std::size_t>(part.targets.data()[i])];
      }
    }));
    EXPECT_EQ(targets, 999);
    for (std::int32_t w = 0; w < 7; ++w)
      EXPECT_EQ(counted[static_cast<std::size_t>(w)], std::count(text.begin() + 1, text.end(), w));
  }
}

TEST(Perplexity, StopsWhenToldTo) {
  const auto text = text_of(500, 7);
  const auto half = [](double done) { return done < 0.5; };
  EXPECT_FALSE(windowed_nats(data::SlidingWindows(text, 10, 10), 1, seen_nats, half));
  int parts = 0;
  EXPECT_FALSE(carry_through(
      data::carried_windows(text, 1, 0), 10, [&](const auto&) { ++parts; }, half));
  EXPECT_EQ(parts, 25);
  const auto wrong = [](const IndexTensor&, const IndexTensor&) { return Tensor({3}, 0); };
  expect_error<Error>([&] { windowed_nats(data::SlidingWindows(text, 10, 10), 1, wrong); }, {"[1, 10]", "found [3]"});
}

TEST(ContinuousCache, IsThatOfPlainLoops) {
  constexpr Index n = 60, width = 9, window = 17;
  const auto words = text_of(n, 5);
  const auto hidden = formula::uniform(1, {n, width}, -2, 2);
  const std::vector<double> thetas = {0, 0.3, 2};
  for (const Index part : {1, 7, 60}) {
    ContinuousCache cache(window, thetas);
    for (Index begin = 0; begin < n; begin += part) {
      const Index end = std::min(n, begin + part);
      const auto& shares =
          cache(hidden.view({end - begin, width}, begin * width),
                IndexTensor({end - begin}, std::span(words).subspan(static_cast<std::size_t>(begin),
                                                                    static_cast<std::size_t>(end - begin))));
      for (std::size_t k = 0; k < thetas.size(); ++k)
        for (Index t = begin; t < end; ++t) {
          double all = 0, same = 0;
          for (Index i = std::max<Index>(0, t - window); i < t; ++i) {
            double product = 0;
            for (Index j = 0; j < width; ++j)
              product += static_cast<double>(hidden.data()[t * width + j]) * hidden.data()[i * width + j];
            all += std::exp(thetas[k] * product);
            if (words[static_cast<std::size_t>(i)] == words[static_cast<std::size_t>(t)])
              same += std::exp(thetas[k] * product);
          }
          EXPECT_NEAR(shares[k][static_cast<std::size_t>(t - begin)], t == 0 ? -1 : same / all, 1e-5)
              << t << " by " << part;
        }
    }
  }
}

TEST(ContinuousCache, IsMixedIntoTheModel) {
  EXPECT_NEAR(mixed_nats(2, 0.25, 0.1), -std::log(0.9 * std::exp(-2) + 0.025), 1e-12);
  EXPECT_EQ(mixed_nats(2, -1, 0.1), 2);
  EXPECT_NEAR(mixed_nats(2, 0, 0.1), 2 - std::log(0.9), 1e-12);
}

TEST(ContinuousCache, LargeStatesDoNotOverflow) {
  const std::vector<double> thetas = {3};
  ContinuousCache cache(2, thetas);
  const auto& shares = cache(Tensor({3, 1}, {10, -10, 10}), IndexTensor({3}, {1, 2, 1}));
  EXPECT_DOUBLE_EQ(shares[0][2], 1);
  EXPECT_DOUBLE_EQ(shares[0][1], 0);
}

TEST(ContinuousCache, WhatIsRefused) {
  expect_error<ConfigError>([] { ContinuousCache(0, std::vector<double>{1}); }, {"window of at least 1", "found 0"});
  expect_error<ConfigError>([] { ContinuousCache(1, std::vector<double>{-1}); }, {"theta of 0 or more"});
  expect_error<ConfigError>([] { ContinuousCache(1, std::vector<double>{}); }, {"at least one theta"});
  expect_error<ConfigError>([] { CacheOptions{.lambda = 1}.check(); }, {"lambda from 0 to below 1"});
  ContinuousCache cache(3, std::vector<double>{1});
  cache(Tensor({1, 2}, 1), IndexTensor({1}, 0));
  expect_error<Error>([&] { cache(Tensor({1, 3}, 1), IndexTensor({1}, 0)); }, {"[T, 2]", "found [1, 3]"});
  expect_error<Error>([&] { cache(Tensor({1, 2}, 1), IndexTensor({2}, 0)); }, {"found [1, 2] and [2]"});
}
