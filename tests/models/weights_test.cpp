// Weights by name: PyTorch's state dicts of single layers (scripts/golden/state_dicts.py), and what does not fit.
#include "atelier/models/weights.hpp"

#include <gtest/gtest.h>

#include "atelier/nn/nn.hpp"
#include "atelier/ops/image_layout.hpp"
#include "models/state_dict.hpp"
#include "support/expect_error.hpp"

using namespace atelier;

namespace {
const char* const golden = ATELIER_TEST_DIR "/golden/state_dicts.safetensors";

struct StateDict : StateDictFile {
  StateDict() : StateDictFile(golden) {}
};

/// Two layers with names of their own.
struct Pair {
  nn::Linear first{2, 3}, second{3, 1};
  static void visit(auto& m, auto&& f) { f("first", m.first), f("second", m.second); }
};
struct First {
  nn::Linear first{2, 3};
  static void visit(auto& m, auto&& f) { f("first", m.first); }
};
Pair numbered() {
  Pair pair;
  float next = 0;
  nn::visit_all(pair, [&](const std::string&, auto& p) {
    for (Index i = 0; i < p.size(); ++i) p.write()[i] = next++;
  });
  return pair;
}
std::vector<float> numbers(const Pair& pair) {
  std::vector<float> all;
  nn::visit_all(pair, [&](const std::string&, const auto& p) { all.insert(all.end(), p.data(), p.data() + p.size()); });
  return all;
}
}  // namespace

TEST_F(StateDict, LinearInAnyRealType) {
  const auto linear = loaded(nn::Linear{5, 4}, "linear");
  expect_output("linear", linear(input("linear")));
  nn::Linear half{5, 4};
  load_weights(half, golden, {.prefix = "half."});
  for (Index i = 0; i < half.w.size(); ++i) EXPECT_NEAR(half.w.data()[i], linear.w.data()[i], 1e-2);
  EXPECT_NE(half.w.data()[0], linear.w.data()[0]);
}
TEST_F(StateDict, Convolutions) {
  const auto conv = loaded(nn::Conv2d{.in = 2, .out = 3, .kernel = 3, .stride = 2, .padding = 1}, "conv");
  expect_output("conv", channels_first(conv(channels_last(input("conv")))));
  const auto transposed =
      loaded(nn::ConvTranspose2d{.in = 3, .out = 2, .kernel = 4, .stride = 2, .padding = 1}, "transposed");
  expect_output("transposed", channels_first(transposed(channels_last(input("transposed")))));
}
TEST_F(StateDict, Normalisations) {
  auto batch = loaded(nn::BatchNorm2d{.channels = 3}, "batch_norm");
  EXPECT_EQ(batch.batches.item(), 1);  // PyTorch counts in whole numbers
  expect_output("batch_norm", channels_first(batch(channels_last(input("batch_norm")), nn::Mode::eval)));
  expect_output("layer_norm", loaded(nn::LayerNorm{6}, "layer_norm")(input("layer_norm")));
}
TEST_F(StateDict, Embedding) {
  expect_output("embedding", loaded(nn::Embedding{7, 3}, "embedding")(indices("embedding")));
}
TEST_F(StateDict, Lstm) {
  const auto lstm = loaded(nn::Lstm{.input = 3, .hidden = 4, .layers = 2}, "lstm");
  expect_output("lstm", transpose(lstm(transpose(input("lstm"), 0, 1)).y, 0, 1));
}
TEST_F(StateDict, MultiheadAttention) {
  const auto attend = loaded(nn::MultiheadAttention{6, 2}, "attention");
  const auto x = input("attention");
  expect_output("attention", attend(x));
  expect_output("causal", attend(x, {.causal = true}));
  expect_output("cross", attend(x, input("other"), {.lengths = IndexTensor({2}, {5, 3})}));
}

TEST(Weights, ComeBackAsTheyWereSaved) {
  TempFolder folder;
  const Pair pair = numbered();
  save_weights(pair, folder / "pair", {{"made", "here"}});
  Pair other;
  load_weights(other, folder / "pair");
  EXPECT_EQ(numbers(other), numbers(pair));
  EXPECT_EQ(io::SafetensorsFile::open(folder / "pair").metadata().at("made"), "here");
}
TEST(Weights, AllThatDoesNotFitIsListedAndNothingIsChanged) {
  TempFolder folder;
  const nn::Linear first{2, 4}, misspelt{3, 1};
  io::write_safetensors(folder / "other",
                        std::vector{io::named("first.weight", first.w), io::named("first.bias", first.b),
                                    io::named("secnod.weight", misspelt.w), io::named("second.bias", misspelt.b)});
  Pair pair = numbered();
  const auto before = numbers(pair);
  expect_error<InputError>([&] { load_weights(pair, folder / "other"); },
                           {"other: expected the 4 tensors of the model, found",
                            "1 missing ('second.weight', nearest 'secnod.weight')", "1 unexpected ('secnod.weight')",
                            "2 of another shape ('first.weight' [4, 2] instead of [3, 2], 'first.bias' [4] instead"});
  EXPECT_EQ(numbers(pair), before);
}
TEST(Weights, MoreThanTheModelHasIsAnErrorUnlessAllowed) {
  TempFolder folder;
  save_weights(numbered(), folder / "pair");
  First part;
  expect_error<InputError>([&] { load_weights(part, folder / "pair"); }, {"2 unexpected ('second.weight', "});
  load_weights(part, folder / "pair", {.unexpected_ok = true});
  EXPECT_EQ(part.first.b.data()[2], numbered().first.b.data()[2]);
}
TEST(Weights, DamageLeavesTheModelAsItWas) {
  TempFolder folder;
  save_weights(numbered(), folder / "pair");
  std::string bytes = folder.read("pair");
  bytes.back() ^= 1;
  folder.write("pair", bytes);
  Pair pair;
  const auto before = numbers(pair);
  expect_error<InputError>([&] { load_weights(pair, folder / "pair"); }, {"checksum"});
  EXPECT_EQ(numbers(pair), before);
}
TEST(Weights, WholeNumbersAreNoWeights) {
  TempFolder folder;
  const nn::Linear linear{2, 1};
  const IndexTensor whole({1, 2}, 3);
  io::write_safetensors(folder / "whole", std::vector{io::named("weight", whole), io::named("bias", linear.b)});
  nn::Linear into{2, 1};
  expect_error<InputError>([&] { load_weights(into, folder / "whole"); }, {"'weight'", "real numbers", "I32"});
}
