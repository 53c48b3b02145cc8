// Attention: gradients at order 1 and 2, the fused passes against the definition, masks, dropout, threads, errors.
#include "atelier/ops/attention.hpp"

#include "expect_grad.hpp"
#include "support/expect_error.hpp"

using namespace atelier;

namespace {
/// Sizes of a comparison: fewer and more keys than a vector, a row panel, a block; heads of all widths.
struct Sizes {
  Index b, tq, tk, h, d;
};
const std::vector<Sizes> sizes = {{1, 1, 1, 1, 1},    {2, 3, 5, 2, 3},     {1, 17, 17, 3, 8},
                                  {3, 20, 33, 2, 20}, {1, 130, 70, 1, 33}, {2, 131, 200, 1, 64}};

/// Value and gradients of f at x, seeded by the last of x.
template <class T, class F> std::vector<BasicTensor<T>> passes(const F& f, std::vector<BasicTensor<T>> x) {
  const auto seed = x.back();
  x.pop_back();
  Tape tape;
  const auto y = f(x[0], x[1], x[2]);
  auto all = vjp(y, seed, x);
  all.push_back(y);
  return all;
}

template <class T> void expect_definition(const Sizes& s, const AttentionOptions& o, double tolerance) {
  std::vector<BasicTensor<T>> x;
  for (const auto& t :
       draw({{s.b, s.tq, s.h, s.d}, {s.b, s.tk, s.h, s.d}, {s.b, s.tk, s.h, s.d}, {s.b, s.tq, s.h, s.d}}, {-2, 2}, 5))
    x.push_back(cast<T>(t));
  Rng a(3), b(3);
  AttentionOptions fused = o, composed = o;
  if (o.dropout > 0) fused.rng = &a, composed.rng = &b;
  const auto found = passes<T>([&](const auto&... in) { return attention(in..., fused); }, x);
  const auto want = passes<T>(
      [&](const auto&... in) {
        detail::AttentionPlan plan(s.b, s.h, s.tq, s.tk, s.d, composed);
        plan.draw<T>(composed.rng);
        return detail::attention_definition(plan, in...);
      },
      x);
  for (std::size_t k = 0; k < found.size(); ++k) {
    const auto size = max(abs(want[k])).item();
    EXPECT_LE(max(abs(found[k] - want[k])).item(), tolerance * (1 + size))
        << "part " << k << " of b" << s.b << " tq" << s.tq << " tk" << s.tk << " h" << s.h << " d" << s.d
        << (o.causal ? " causal" : "");
  }
}
IndexTensor some_lengths(const Sizes& s) {  // all, none, and in between
  auto n = IndexTensor::empty({s.b});
  for (Index b = 0; b < s.b; ++b)
    n.mutable_data()[b] = static_cast<std::int32_t>(b == 0 ? s.tk / 2 : b == 1 ? 0 : s.tk);
  return n;
}
template <class T> void expect_definitions(double tolerance) {
  for (const Sizes& s : sizes)
    for (const bool causal : {false, true}) {
      expect_definition<T>(s, {.causal = causal}, tolerance);
      expect_definition<T>(s, {.causal = causal, .scale = 0.3, .dropout = 0.3}, tolerance);
      expect_definition<T>(s, {.causal = causal, .lengths = some_lengths(s)}, tolerance);
      expect_definition<T>(s, {.causal = causal, .lengths = some_lengths(s), .dropout = 0.6}, tolerance);
    }
}
}  // namespace

TEST(Ops, Attention) {
  for (const bool causal : {false, true})
    for (const Sizes& s : {Sizes{1, 1, 1, 1, 1}, Sizes{2, 3, 5, 2, 3}, Sizes{2, 4, 4, 1, 5}, Sizes{2, 6, 3, 2, 2}}) {
      const AttentionOptions plain{.causal = causal}, padded{.causal = causal, .lengths = some_lengths(s)};
      for (const auto& o : {plain, padded})
        expect_grad([&](const auto& x) { return attention(x[0], x[1], x[2], o); },
                    {{s.b, s.tq, s.h, s.d}, {s.b, s.tk, s.h, s.d}, {s.b, s.tk, s.h, s.d}}, {}, 1e-9);
      expect_grad(
          [&](const auto& x) {
            Rng rng(5);
            return attention(x[0], x[1], x[2], {.causal = causal, .dropout = 0.4, .rng = &rng});
          },
          {{s.b, s.tq, s.h, s.d}, {s.b, s.tk, s.h, s.d}, {s.b, s.tk, s.h, s.d}}, {}, 1e-9);
    }
}
TEST(Ops, AttentionOfNothing) {
  for (const Sizes& s : {Sizes{0, 2, 2, 1, 3}, Sizes{2, 0, 3, 1, 3}, Sizes{2, 3, 0, 1, 3}, Sizes{1, 2, 2, 1, 0}}) {
    const Tensor q({s.b, s.tq, s.h, s.d}, 1.0f), k({s.b, s.tk, s.h, s.d}, 1.0f);
    Tape tape;
    const auto y = attention(q, k, k);
    EXPECT_EQ(y.to_vector(), std::vector<float>(static_cast<std::size_t>(y.size()), 0.0f));
    const auto d = vjp(y, y, {q, k});
    EXPECT_EQ(d[1].to_vector(), std::vector<float>(static_cast<std::size_t>(k.size()), 0.0f));
  }
}
TEST(Ops, SelfAttention) {
  for (const bool causal : {false, true})
    expect_grad([&](const auto& x) { return self_attention(x[0], 2, {.causal = causal}); }, {{2, 5, 18}}, {}, 1e-9);
}
TEST(Ops, CrossAttention) {
  expect_grad([](const auto& x) { return cross_attention(x[0], x[1], 2); }, {{2, 3, 6}, {2, 5, 12}}, {}, 1e-9);
}

TEST(Attention, FusedEqualsItsDefinitionInDouble) { expect_definitions<double>(1e-12); }
TEST(Attention, FusedEqualsItsDefinitionInFloat) { expect_definitions<float>(2e-5); }
TEST(Attention, FusedEqualsItsDefinitionAtMedium) {
  const PrecisionScope medium(Precision::medium);
  expect_definitions<float>(3e-2);
}
TEST(Attention, PartsOfAProjectionAreReadInPlace) {
  Rng rng(1);
  const auto qkv = normal({2, 19, 3 * 3 * 7}, rng), kv = normal({2, 23, 2 * 3 * 7}, rng);
  const auto part = [](const Tensor& x, Index parts, Index i) {
    return select_index(reshape(x, Shape{x.size(0), x.size(1), parts, 3, 7}), 2, i);
  };
  const auto self = attention(part(qkv, 3, 0), part(qkv, 3, 1), part(qkv, 3, 2), {.causal = true});
  EXPECT_EQ(self.to_vector(), self_attention(qkv, 3, {.causal = true}).to_vector());
  const auto q = slice(qkv, 2, 0, 21);
  const auto cross = attention(part(q, 1, 0), part(kv, 2, 0), part(kv, 2, 1));
  EXPECT_EQ(cross.to_vector(), cross_attention(q, kv, 3).to_vector());
}
TEST(Attention, CausalRowsDoNotSeeWhatFollows) {
  Rng rng(1);
  const auto x = normal({1, 70, 3 * 16}, rng);
  auto other = copy(x);
  std::fill_n(other.mutable_data() + 41 * 48, 29 * 48, 1e3f);
  const auto a = self_attention(x, 1, {.causal = true}), b = self_attention(other, 1, {.causal = true});
  EXPECT_EQ(slice(a, 1, 0, 41).to_vector(), slice(b, 1, 0, 41).to_vector());
  // the last queries alone, after a cache of keys
  const auto last = attention(reshape(slice(slice(x, 1, 65, 70), 2, 0, 16), Shape{1, 5, 1, 16}),
                              reshape(slice(x, 2, 16, 32), Shape{1, 70, 1, 16}),
                              reshape(slice(x, 2, 32, 48), Shape{1, 70, 1, 16}), {.causal = true});
  EXPECT_EQ(last.to_vector(), slice(a, 1, 65, 70).to_vector());
}
TEST(Attention, PaddingDoesNotCount) {
  Rng rng(1);
  const auto q = normal({2, 40, 16}, rng), kv = normal({2, 40, 2 * 16}, rng);
  auto other = copy(kv);
  std::fill_n(other.mutable_data() + 70 * 32, 10 * 32, std::numeric_limits<float>::quiet_NaN());
  const AttentionOptions o{.lengths = IndexTensor({2}, {40, 30})};
  EXPECT_EQ(cross_attention(q, kv, 2, o).to_vector(), cross_attention(q, other, 2, o).to_vector());
}
TEST(Attention, LargeScoresDoNotOverflow) {
  const Tensor q({1, 1, 1, 1}, 1e4f), k({1, 3, 1, 1}, {1, 1e4f, -1e4f}), v({1, 3, 1, 1}, {1, 2, 3});
  EXPECT_EQ(attention(q, k, v).item(), 2);
}
TEST(Attention, DropoutKeepsTheMeanAndDrawsAnew) {
  Rng rng(1);
  const Tensor q({4, 64, 1, 8}, 0.0f), v({4, 64, 1, 8}, 1.0f);  // equal weights: a row's sum is the share that stayed
  const auto a = attention(q, q, v, {.dropout = 0.25, .rng = &rng}),
             b = attention(q, q, v, {.dropout = 0.25, .rng = &rng});
  EXPECT_NEAR(mean(a).item(), 1, 0.02);
  EXPECT_NEAR(variance(a).item(), 0.25 / 0.75 / 64, 1.5e-3);
  EXPECT_NE(a.to_vector(), b.to_vector());
  EXPECT_EQ(attention(q, q, v, {.dropout = 0.25}).to_vector(), v.to_vector());
}
TEST(Attention, SameBitsForAnyNumberOfThreads) {
  Rng rng(1);
  const auto x = normal({2, 150, 3 * 60}, rng), g = normal({2, 150, 60}, rng);
  const auto run = [&](int n) {
    const ThreadScope scope(n);
    Rng own(2);
    Tape tape;
    const auto y = self_attention(x, 3, {.causal = true, .dropout = 0.1, .rng = &own});
    auto bits = y.to_vector();
    const auto d = vjp(y, g, {x})[0].to_vector();
    bits.insert(bits.end(), d.begin(), d.end());
    return bits;
  };
  const auto one = run(1);
  for (const int n : {2, 3}) EXPECT_EQ(one, run(n)) << n << " threads";
}
TEST(Attention, BackwardUsesThePrecisionOfForward) {
  Rng rng(1);
  const auto x = normal({1, 20, 3 * 16}, rng);
  const auto gradient = [&](Precision p) {
    Tape tape;
    Tensor y;
    {
      const PrecisionScope scope(p);
      y = self_attention(x, 2);
    }
    return grad(sum(square(y)), x);
  };
  const auto exact = gradient(Precision::highest), rough = gradient(Precision::medium);
  EXPECT_EQ(max(abs(exact - rough)).item() > 1e-4, isa() == Isa::avx512bf16);
  EXPECT_LT(max(abs(exact - rough)).item(), 0.1);
}
TEST(Attention, Errors) {
  const Tensor q({2, 3, 2, 4}, 0.0f), k({2, 5, 2, 4}, 0.0f), x({2, 3, 24}, 0.0f);
  expect_error<Error>([&] { attention(q, k, q); }, {"attention: expected [B, Tq, H, D]", "[2, 5, 2, 4]"});
  expect_error<Error>([&] { self_attention(x, 5); }, {"self_attention: expected [B, T, 3 C]", "5 heads", "[2, 3, 24]"});
  expect_error<Error>([&] { cross_attention(x, x, 2); }, {"cross_attention: expected [B, Tq, C] and [B, Tk, 2 C]"});
  expect_error<Error>([&] { attention(q, k, k, {.lengths = IndexTensor({2}, {5, 6})}); }, {"[0, 5]", "found 6"});
  expect_error<Error>([&] { attention(q, k, k, {.lengths = IndexTensor({3}, {5, 5, 5})}); }, {"lengths [2]", "[3]"});
  expect_error<Error>([&] { attention(q, k, k, {.dropout = 1}); }, {"dropout in [0, 1)", "found 1"});
  expect_error<Error>([&] { attention(q, k, k, {.scale = -1}); }, {"positive scale"});
}
