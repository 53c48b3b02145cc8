// Positions, embeddings, masks of dropout, and the LSTM: gradients, definitions, options, errors.
#include "expect_grad.hpp"
#include "support/expect_error.hpp"

using namespace atelier;

TEST(Ops, Swiglu) {
  expect_grad_binary([](const auto& g, const auto& x) { return swiglu(g, x); });
}
TEST(Ops, Rotary) {
  for (const Index size : {2, 6, 40})
    for (const RotaryOptions& o : {RotaryOptions{}, RotaryOptions{.first = 3, .heads = 2}})
      expect_grad(
          [&](const auto& x) {
            using T = typename std::remove_cvref_t<decltype(x[0])>::scalar;
            return rotary(x[0], rotary_table<T>(9, size), o);
          },
          {{2, 5, 3, size + 1}});
}
TEST(Ops, Embedding) {
  const IndexTensor ids({2, 3}, {4, 0, 4, 1, 4, 2});
  expect_grad([&](const auto& x) { return embedding(x[0], ids); }, {{5, 3}});
}
TEST(Ops, EmbeddingDropout) {
  const IndexTensor ids({2, 3}, {4, 0, 4, 1, 4, 2});
  expect_grad(
      [&](const auto& x) {
        Rng rng(3);
        return embedding_dropout(x[0], ids, 0.5, rng);
      },
      {{5, 3}});
}
TEST(Ops, DropoutShared) {
  expect_grad(
      [](const auto& x) {
        Rng rng(3);
        return dropout_shared(x[0], 0.5, 1, rng);
      },
      {{2, 4, 7}});
}
TEST(Ops, Lstm) {
  for (const auto& [t, b, n] : {std::array<Index, 3>{1, 1, 1}, {3, 2, 5}, {2, 3, 19}, {0, 2, 3}})
    expect_grad([](const auto& x) { return lstm(x[0], x[1], x[2], x[3]); }, {{t, b, 4 * n}, {4 * n, n}, {b, n}, {b, n}},
                {}, 1e-9);
}

TEST(Rotary, ProductsDependOnTheDistance) {
  const auto x = draw({{1, 1, 1, 8}, {1, 1, 1, 8}}, {-1, 1}, 3);
  const auto table = rotary_table<double>(100, 8);
  const auto product = [&](Index p, Index q) {
    return sum(rotary(x[0], table, {.first = p}) * rotary(x[1], table, {.first = q})).item();
  };
  EXPECT_NEAR(product(3, 10), product(60, 67), 1e-12);
  EXPECT_GT(std::abs(product(3, 10) - product(3, 11)), 1e-3);
}
TEST(Rotary, LeavesOtherHeadsAndNumbersAlone) {
  Rng rng(1);
  const auto x = normal({1, 4, 3, 10}, rng);
  const auto y = rotary(x, rotary_table(4, 6), {.heads = 2});
  EXPECT_EQ(slice(y, 2, 2, 3).to_vector(), slice(x, 2, 2, 3).to_vector());
  EXPECT_EQ(slice(y, 3, 6, 10).to_vector(), slice(x, 3, 6, 10).to_vector());
  EXPECT_EQ(slice(y, 1, 0, 1).to_vector(), slice(x, 1, 0, 1).to_vector());  // position 0
  EXPECT_NE(y.to_vector(), x.to_vector());
  EXPECT_NE(rotary_table(4, 6, 10).cosine.to_vector(), rotary_table(4, 6).cosine.to_vector());
}
TEST(Rotary, Errors) {
  const Tensor x({1, 4, 3, 10}, 0.0f);
  expect_error<Error>([] { rotary_table(4, 5); }, {"even size", "5"});
  expect_error<Error>([&] { rotary(x, rotary_table(4, 12)); }, {"rotary: expected [B, T, H, D]", "12 numbers"});
  expect_error<Error>([&] { rotary(x, rotary_table(4, 6), {.heads = 4}); }, {"at least 4 heads"});
  expect_error<Error>([&] { rotary(x, rotary_table(4, 6), {.first = 1}); }, {"positions in [0, 4)", "[1, 5)"});
}
TEST(Sinusoidal, ContinuesFromAnyPosition) {
  const auto all = sinusoidal_positions<double>(12, 7);
  EXPECT_EQ(slice(all, 0, 5, 12).to_vector(), sinusoidal_positions<double>(7, 7, 5).to_vector());
  EXPECT_NEAR(all.at({3, 2}), std::sin(3 / std::pow(10000, 2.0 / 7)), 1e-15);
  EXPECT_NEAR(sinusoidal_positions<double>(4, 4, 0, 100).at({3, 3}), std::cos(0.3), 1e-15);
}
TEST(Embedding, DropoutLeavesOutWholeWords) {
  Rng rng(1);
  const Tensor w({50, 4}, 1.0f);
  auto ids = IndexTensor::empty({200});
  for (Index i = 0; i < 200; ++i) ids.mutable_data()[i] = static_cast<std::int32_t>(i % 50);
  const auto y = embedding_dropout(w, ids, 0.4, rng);
  Index dropped = 0;
  for (Index i = 0; i < 50; ++i) {
    const float first = y.at({i, 0});
    EXPECT_TRUE(first == 0 || first == 1 / 0.6f);
    dropped += first == 0;
    for (Index again = i; again < 200; again += 50)
      for (Index c = 0; c < 4; ++c) EXPECT_EQ(y.at({again, c}), first);
  }
  EXPECT_GT(dropped, 8);
  EXPECT_LT(dropped, 32);
}
TEST(Embedding, Errors) {
  const Tensor w({5, 3}, 0.0f);
  expect_error<Error>([&] { embedding(w, IndexTensor({1}, {5})); }, {"index 5", "[0, 5)"});
  expect_error<Error>([&] { embedding(select_index(w, 0, 0), IndexTensor({1}, {0})); },
                      {"embedding: expected a table"});
}
TEST(DropoutShared, TimesHaveOneMask) {
  Rng rng(1);
  const auto y = dropout_shared(Tensor({3, 5, 40}, 1.0f), 0.5, 1, rng);
  for (Index t = 1; t < 5; ++t) EXPECT_EQ(select_index(y, 1, t).to_vector(), select_index(y, 1, 0).to_vector());
  EXPECT_NE(select_index(y, 0, 0).to_vector(), select_index(y, 0, 1).to_vector());
}

namespace {
template <class T, class F> std::vector<BasicTensor<T>> lstm_passes(const F& f, const std::vector<BasicTensor<T>>& x) {
  Tape tape;
  const auto y = f(x[0], x[1], x[2], x[3]);
  auto all = vjp(y, x[4], {x[0], x[1], x[2], x[3]});
  all.push_back(y);
  return all;
}
template <class T> void expect_lstm(Index t, Index b, Index n, double tolerance) {
  std::vector<BasicTensor<T>> x;
  for (const auto& a : draw({{t, b, 4 * n}, {4 * n, n}, {b, n}, {b, n}, {t + 1, b, n}}, {-1, 1}, 4))
    x.push_back(cast<T>(a));
  const auto precision = PrecisionScope::current();
  const auto found = lstm_passes<T>([](const auto&... in) { return lstm(in...); }, x);
  const auto want = lstm_passes<T>([&](const auto&... in) { return detail::lstm_definition(in..., precision); }, x);
  for (std::size_t k = 0; k < found.size(); ++k)
    EXPECT_LE(max(abs(found[k] - want[k])).item(), tolerance * (1 + max(abs(want[k])).item())) << "part " << k;
}
}  // namespace
TEST(Lstm, FusedEqualsItsDefinition) {
  for (const auto& [t, b, n] : {std::array<Index, 3>{1, 1, 1}, {7, 3, 33}, {5, 20, 64}}) {
    expect_lstm<double>(t, b, n, 1e-12);
    expect_lstm<float>(t, b, n, 1e-5);
    const PrecisionScope medium(Precision::medium);
    expect_lstm<float>(t, b, n, 3e-2);
  }
}
TEST(Lstm, Errors) {
  const Tensor x({3, 2, 12}, 0.0f), w({12, 3}, 0.0f), h({2, 3}, 0.0f);
  expect_error<Error>([&] { lstm(x, w, h, w); }, {"lstm: expected [T, B, 4 N], [4 N, N]", "[12, 3]"});
  expect_error<Error>([&] { lstm(x, h, h, h); }, {"lstm: expected"});
}

TEST(Lstm, OneAndTwoThreadsGiveTheSameBits) {
  Rng rng(1);
  const auto x = normal({7, 33, 4 * 80}, rng), w = normal({4 * 80, 80}, rng), h = normal({33, 80}, rng),
             c = normal({33, 80}, rng);
  for (const auto precision : {Precision::highest, Precision::medium}) {
    const PrecisionScope scope(precision);
    const auto run = [&](int threads) {
      const ThreadScope team(threads);
      Tape tape;
      const auto y = lstm(x, w, h, c);
      auto all = y.to_vector();
      for (const auto& g : grad(sum(square(y)), std::vector<Tensor>{x, w, h, c}))
        all.insert(all.end(), g.values().begin(), g.values().end());
      return all;
    };
    const auto one = run(1);
    for (const int n : {2, 3}) EXPECT_TRUE(one == run(n)) << n << " threads";
  }
}
