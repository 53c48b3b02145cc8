// RmsNorm, Embedding, LearnedPositions, LockedDropout, MultiheadAttention, Lstm, AdaptiveSoftmax: options, names,
// initial values, errors.
#include <gtest/gtest.h>

#include "atelier/atelier.hpp"
#include "support/expect_error.hpp"

using namespace atelier;

namespace {
template <class M> std::string names(const M& m) {
  std::string text;
  nn::visit_all(m, [&](const std::string& name, const auto& p) { text += name + p.shape().str() + " "; });
  return text;
}
std::vector<float> values(const Tensor& x) { return x.to_vector(); }
}  // namespace

TEST(RmsNorm, HasUnitMeanSquareAndUsesItsOptions) {
  Rng rng(1);
  nn::RmsNorm norm{12};
  nn::init(norm, rng);
  const auto x = normal({5, 12}, rng);
  EXPECT_NEAR(mean(square(norm(x))).item(), 1, 1e-5);
  EXPECT_EQ(names(norm), "weight[12] ");
  nn::RmsNorm loose{.size = 12, .eps = 3};
  nn::init(loose, rng);
  EXPECT_LT(mean(square(loose(x))).item(), 0.5);
  const auto both = norm(x, x);
  EXPECT_EQ(values(both.sum), values(x + x));
  EXPECT_EQ(values(both.normed), values(norm(x + x)));
}
TEST(LayerNormLayer, TakesAResidual) {
  Rng rng(1);
  nn::LayerNorm norm{12};
  nn::init(norm, rng);
  const auto x = normal({5, 12}, rng), r = normal({5, 12}, rng);
  EXPECT_EQ(values(norm(x, r).normed), values(norm(x + r)));
}
TEST(EmbeddingLayer, TakesAnyShapeAndDropsWordsInTraining) {
  Rng rng(1);
  nn::Embedding words{.count = 40, .width = 3, .dropout = 0.5};
  nn::init(words, rng);
  const IndexTensor ids({2, 2}, {0, 1, 39, 0});
  EXPECT_EQ(words(ids).shape(), (Shape{2, 2, 3}));
  EXPECT_EQ(values(words(ids)), values(take<float>(words.w, IndexTensor({4}, {0, 1, 39, 0}))));
  auto all = IndexTensor::empty({40});
  for (std::int32_t i = 0; i < 40; ++i) all.mutable_data()[i] = i;
  EXPECT_NE(values(words(all, &rng)), values(words(all)));
}
TEST(EmbeddingLayer, TiedOutputSharesTheTable) {
  Rng rng(1);
  nn::Embedding words{6, 4};
  nn::init(words, rng);
  const auto x = normal({3, 4}, rng);
  const IndexTensor ids({3}, {5, 0, 2});
  EXPECT_EQ(words.logits(x).shape(), (Shape{3, 6}));
  const auto loss = [&] { return linear_cross_entropy(words(ids), BasicTensor<float>(words.w), Tensor{}, ids); };
  Tape tape;
  EXPECT_NEAR(loss().item(), mean(cross_entropy(words.logits(words(ids)), ids)).item(), 1e-5);
  EXPECT_EQ(grad(loss(), words.w).shape(), words.w.shape());
}
TEST(LearnedPositions, AddTheirRows) {
  Rng rng(1);
  nn::LearnedPositions places{.length = 7, .width = 3};
  nn::init(places, rng);
  const Tensor x({2, 4, 3}, 0.0f);
  const auto y = places(x, 2);
  EXPECT_EQ(values(select_index(y, 0, 1)), values(slice<float>(places.w, 0, 2, 6)));
  expect_error<Error>([&] { places(x, 4); }, {"LearnedPositions", "7 positions", "from 4"});
}
TEST(LockedDropout, HasOneMaskForAllTimes) {
  Rng rng(1);
  const Tensor x({4, 2, 50}, 1.0f);
  const auto y = nn::LockedDropout{0.5}(x, &rng);
  EXPECT_EQ(values(select_index(y, 0, 3)), values(select_index(y, 0, 0)));
  const auto z = nn::LockedDropout{.p = 0.5, .dim = 1}(x, &rng);
  EXPECT_EQ(values(select_index(z, 1, 1)), values(select_index(z, 1, 0)));
  EXPECT_EQ(values(nn::LockedDropout{}(x, nullptr)), values(x));
}

TEST(LstmLayer, HasPyTorchsNamesAndInitialValues) {
  nn::Lstm net{.input = 3, .hidden = 4, .layers = 2};
  EXPECT_EQ(names(net),
            "weight_ih_l0[16, 3] weight_hh_l0[16, 4] bias_ih_l0[16] bias_hh_l0[16] "
            "weight_ih_l1[16, 4] weight_hh_l1[16, 4] bias_ih_l1[16] bias_hh_l1[16] ");
  nn::init(net, Rng(1));
  nn::visit_params(net, [](const std::string&, const auto& p) {
    EXPECT_LE(max(abs<float>(p)).item(), 0.5f);
    EXPECT_GT(max(abs<float>(p)).item(), 0.3f);
  });
}
TEST(LstmLayer, ContinuesFromAState) {
  Rng rng(1);
  nn::Lstm net{.input = 3, .hidden = 4, .layers = 2};
  nn::init(net, rng);
  const auto x = normal({6, 2, 3}, rng);
  const auto whole = net(x), first = net(slice(x, 0, 0, 2)), second = net(slice(x, 0, 2, 6), first.state);
  EXPECT_EQ(values(slice(whole.y, 0, 2, 6)), values(second.y));
  EXPECT_EQ(values(whole.state.c), values(second.state.c));
  EXPECT_EQ(values(select_index(whole.state.h, 0, 1)), values(select_index(whole.y, 0, 5)));
}
TEST(LstmLayer, EveryDropoutActsInTrainingOnly) {
  Rng rng(1);
  const auto x = normal({6, 2, 3}, rng);
  const auto differs = [&](nn::Lstm net) {
    nn::init(net, Rng(7));
    Rng own(3);
    const auto plain = values(net(x).y);
    nn::Lstm bare{.input = 3, .hidden = 4, .layers = 2};
    nn::init(bare, Rng(7));
    EXPECT_EQ(plain, values(bare(x).y));
    return values(net(x, {}, &own).y) != plain;
  };
  EXPECT_TRUE(differs({.input = 3, .hidden = 4, .layers = 2, .dropout = 0.5}));
  EXPECT_TRUE(differs({.input = 3, .hidden = 4, .layers = 2, .weight_drop = 0.5}));
  EXPECT_FALSE(differs({.input = 3, .hidden = 4, .layers = 2}));
  const auto draw = [&](bool locked) {
    nn::Lstm net{.input = 3, .hidden = 4, .layers = 2, .dropout = 0.5, .locked = locked};
    nn::init(net, Rng(7));
    Rng own(3);
    return values(net(x, {}, &own).y);
  };
  EXPECT_NE(draw(true), draw(false));
}
TEST(LstmLayer, Errors) {
  nn::Lstm net{.input = 3, .hidden = 4, .layers = 2};
  const Tensor x({2, 5, 3}, 0.0f), state({1, 5, 4}, 0.0f);
  expect_error<Error>([&] { net(state); }, {"Lstm: expected [T, B, 3]", "[1, 5, 4]"});
  expect_error<Error>([&] { net(x, {state, state}); }, {"twice [2, 5, 4]", "[1, 5, 4]"});
  expect_error<Error>([&] { net(x, {Tensor({2, 5, 4}, 0.0f), {}}); }, {"twice [2, 5, 4]", "nothing"});
}

TEST(AdaptiveSoftmax, HasPyTorchsNames) {
  const nn::AdaptiveSoftmax net{.in = 16, .classes = 20, .cutoffs = {4, 10}, .div_value = 2, .head_bias = true};
  EXPECT_EQ(names(net),
            "head.weight[6, 16] head.bias[6] tail.0.0.weight[8, 16] tail.0.1.weight[6, 8] tail.1.0.weight[4, 16] "
            "tail.1.1.weight[10, 4] ");
}
TEST(AdaptiveSoftmax, LossIsTheMeanOfTheLogProbabilities) {
  Rng rng(1);
  nn::AdaptiveSoftmax net{.in = 16, .classes = 20, .cutoffs = {4, 10}};
  nn::init(net, rng);
  const auto x = normal({5, 16}, rng);
  const IndexTensor ids({5}, {0, 4, 19, 9, 3});
  const auto all = net.log_prob(x);
  EXPECT_NEAR(max(abs(sum(exp(all), {1}) - 1)).item(), 0, 1e-5);
  EXPECT_NEAR(net.loss(x, ids).item(), -mean(pick(all, ids)).item(), 1e-5);
  const IndexTensor last({1}, {19});  // the id 4 numbers a cluster in the head, but does not count here
  EXPECT_NEAR(net.loss(x, IndexTensor({5}, {4, 4, 19, 4, 4}), 4).item(), net.loss(slice(x, 0, 2, 3), last).item(),
              1e-5);
}
TEST(AdaptiveSoftmax, Errors) {
  const auto make = [](std::vector<Index> cutoffs) {
    nn::AdaptiveSoftmax{.in = 8, .classes = 20, .cutoffs = std::move(cutoffs)};
  };
  expect_error<ConfigError>([&] { make({5, 5}); }, {"rise between 0 and 20", "found 5 after 5"});
  expect_error<ConfigError>([&] { make({20}); }, {"rise between 0 and 20"});
  expect_error<ConfigError>([&] { make({}); }, {"at least one cutoff"});
  const nn::AdaptiveSoftmax net{.in = 8, .classes = 20, .cutoffs = {4}};
  expect_error<Error>([&] { net.loss(Tensor({1, 8}, 0.0f), IndexTensor({1}, {20})); }, {"index 20", "[0, 20)"});
}
TEST(MultiheadAttention, BeginsAsPyTorchs) {
  nn::MultiheadAttention attend{32, 4}, plain{.width = 32, .heads = 4, .bias = false};
  nn::init(attend, Rng(1));
  const float bound = std::sqrt(6.0f / (4 * 32)), out_bound = 1 / std::sqrt(32.0f);
  const auto largest = [](const Tensor& x) { return max(abs(x)).item(); };
  EXPECT_LE(largest(attend.in_w), bound);
  EXPECT_GT(largest(attend.in_w), 0.99f * bound);
  EXPECT_LE(largest(attend.out.w), out_bound);
  EXPECT_GT(largest(attend.out.w), 0.97f * out_bound);
  EXPECT_EQ(largest(attend.in_b), 0);
  EXPECT_EQ(largest(attend.out.b), 0);
  EXPECT_EQ(names(plain), "in_proj_weight[96, 32] out_proj.weight[32, 32] ");
}
TEST(MultiheadAttention, ToItselfIsToAnotherThatIsTheSame) {
  for (const bool bias : {true, false}) {
    nn::MultiheadAttention attend{.width = 6, .heads = 3, .bias = bias};
    nn::init(attend, Rng(2));
    Rng rng(3);
    const auto x = normal<float>({2, 5, 6}, rng);
    const auto one = attend(x), two = attend(x, x);
    for (Index i = 0; i < one.size(); ++i) EXPECT_NEAR(one.data()[i], two.data()[i], 1e-6);
  }
  expect_error<Error>([] { nn::MultiheadAttention{6, 4}(Tensor({1, 2, 6}, 1.0f)); }, {"self_attention", "4 heads"});
}
