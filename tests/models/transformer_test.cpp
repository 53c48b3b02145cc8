// Gpt and Seq2Seq: options, padding, loss, presets, errors, threads.
#include <gtest/gtest.h>

#include "atelier/parallel/team.hpp"
#include "models/transformer_support.hpp"
#include "support/expect_error.hpp"

using namespace atelier;
using namespace transformer_support;

namespace {

std::vector<float> logits(const transformer::Config& c, Rng* rng = nullptr) {
  return filled<transformer::Gpt>(c)(tokens(1, 2, length, vocabulary), rng).to_vector();
}
/// The configuration with one thing changed.
transformer::Config with(const std::function<void(transformer::Config&)>& change) {
  auto c = config();
  change(c);
  return c;
}
transformer::Seq2SeqConfig pairs(const transformer::Config& decoder = config()) {
  return {.source_vocabulary = source_vocabulary, .encoder_layers = 2, .decoder = decoder};
}
std::vector<float> weights(const auto& model) {
  std::vector<float> all;
  nn::visit_all(
      model, [&](const std::string&, const auto& p) { all.insert(all.end(), p.values().begin(), p.values().end()); });
  return all;
}
/// Learns for some steps with every dropout; the weights afterwards.
std::vector<float> train(Index steps) {
  auto c = config();
  c.width = 64;
  c.dropout = {0.1, 0.1, 0.1, 0.1};
  transformer::Gpt gpt(c);
  nn::init(gpt, Rng(1));
  auto adam = transformer::make_optimizer(gpt);
  for (Index i = 0; i < steps; ++i) {
    Rng rng = Rng(3).fork("step", static_cast<std::uint64_t>(i));
    const auto ids = tokens(static_cast<std::uint64_t>(i), 16, length, vocabulary);
    Tape tape;
    adam.step(transformer::loss(gpt, ids, ids, {}, &rng));
  }
  return weights(gpt);
}
}  // namespace

TEST(Gpt, HasGpt2sNames) {
  std::string names;
  const auto gpt = filled<transformer::Gpt>(with([](auto& c) { c.layers = 1; }));
  nn::visit_params(gpt, [&](const std::string& name, const auto& p) { names += name + p.shape().str() + "\n"; });
  EXPECT_EQ(names,
            "transformer.wte.weight[97, 32]\ntransformer.wpe.weight[12, 32]\n"
            "transformer.h.0.ln_1.weight[32]\ntransformer.h.0.ln_1.bias[32]\n"
            "transformer.h.0.attn.c_attn.weight[96, 32]\ntransformer.h.0.attn.c_attn.bias[96]\n"
            "transformer.h.0.attn.c_proj.weight[32, 32]\ntransformer.h.0.attn.c_proj.bias[32]\n"
            "transformer.h.0.ln_2.weight[32]\ntransformer.h.0.ln_2.bias[32]\n"
            "transformer.h.0.mlp.c_fc.weight[128, 32]\ntransformer.h.0.mlp.c_fc.bias[128]\n"
            "transformer.h.0.mlp.c_proj.weight[32, 128]\ntransformer.h.0.mlp.c_proj.bias[32]\n"
            "transformer.ln_f.weight[32]\ntransformer.ln_f.bias[32]\n");
}
TEST(Gpt, EveryOptionChangesTheLogits) {
  using namespace transformer;
  const auto plain = logits(config());
  const std::function<void(Config&)> changes[] = {[](Config& c) { c.positions = Positions::sinusoidal; },
                                                  [](Config& c) { c.positions = Positions::rotary; },
                                                  [](Config& c) { c.norm = Normalisation::rms; },
                                                  [](Config& c) { c.pre_norm = false; },
                                                  [](Config& c) { c.unit = Unit::gelu; },
                                                  [](Config& c) { c.unit = Unit::swiglu; },
                                                  [](Config& c) { c.tied = false; },
                                                  [](Config& c) { c.bias = false; },
                                                  [](Config& c) { c.heads = 2; },
                                                  [](Config& c) { c.inner = 48; },
                                                  [](Config& c) { c.norm_eps = 0.5; },
                                                  [](Config& c) { c.layers = 1; }};
  for (const auto& change : changes) EXPECT_NE(logits(with(change)), plain) << &change - changes;
}
TEST(Gpt, EveryDropoutActsInTrainingOnly) {
  const auto plain = logits(config());
  double transformer::Dropouts::*const each[] = {&transformer::Dropouts::embedding, &transformer::Dropouts::attention,
                                                 &transformer::Dropouts::residual, &transformer::Dropouts::words};
  for (const auto member : each) {
    const auto c = with([&](auto& changed) { changed.dropout.*member = 0.3; });
    Rng rng(5), same(5);
    EXPECT_EQ(logits(c), plain);
    const auto dropped = logits(c, &rng);
    EXPECT_NE(dropped, plain);
    EXPECT_EQ(dropped, logits(c, &same));
  }
  EXPECT_EQ(transformer::Dropouts::all(0.1).residual, 0.1);
}
TEST(Gpt, SeesNoLaterToken) {
  for (const auto& c : {config(), modern(), classic()}) {
    const auto gpt = filled<transformer::Gpt>(c);
    auto ids = tokens(1, 1, length, vocabulary);
    const auto before = gpt(ids);
    ids = copy(ids);
    ids.mutable_data()[7] = (ids.data()[7] + 1) % vocabulary;
    const auto after = gpt(ids);
    EXPECT_EQ(slice(before, 1, 0, 7).to_vector(), slice(after, 1, 0, 7).to_vector());
    EXPECT_NE(slice(before, 1, 7, 8).to_vector(), slice(after, 1, 7, 8).to_vector());
  }
}
TEST(Gpt, InitialValuesAreGpt2s) {
  transformer::Gpt gpt(with([](auto& c) { c.width = 128, c.layers = 8, c.deviation = 0.05; }));
  nn::init(gpt, Rng(1));
  const auto deviation = [](const nn::Param& p) { return std::sqrt(variance<float>(p, {0, 1}).item()); };
  EXPECT_NEAR(deviation(gpt.transformer.wte.w), 0.05, 0.002);
  EXPECT_NEAR(deviation(gpt.transformer.h[3].mlp.c_fc.w), 0.05, 0.002);
  EXPECT_NEAR(deviation(gpt.transformer.h[3].mlp.c_proj.w), 0.0125, 0.0005);
  EXPECT_NEAR(deviation(gpt.transformer.h[3].attn.c_proj.w), 0.0125, 0.0005);
  EXPECT_EQ(gpt.transformer.h[3].ln_1.w.data()[5], 1);
  EXPECT_EQ(gpt.transformer.h[3].ln_1.b.data()[5], 0);
  EXPECT_EQ(gpt.transformer.h[3].mlp.c_fc.b.data()[5], 0);
}
TEST(Gpt, Errors) {
  const auto gpt = filled<transformer::Gpt>(config());
  const auto ids = tokens(1, 1, length, vocabulary);
  expect_error<Error>([&] { gpt(IndexTensor({1, 2}, {3, 97})); }, {"97", "[0, 97)"});
  expect_error<Error>([&] { gpt(IndexTensor({1, 2}, {3, -1})); }, {"-1", "[0, 97)"});
  expect_error<Error>([&] { gpt(tokens(1, 1, length + 1, vocabulary)); }, {"at most 12 (the context)", "[1, 13]"});
  expect_error<Error>([&] { gpt(IndexTensor({3}, 1)); }, {"[B, T]", "[3]"});
  expect_error<Error>([&] { transformer::loss(gpt, ids, IndexTensor({1, 3}, 1)); }, {"as many targets", "[1, 3]"});
}
TEST(Gpt, ConfigErrors) {
  const auto refused = [](const std::function<void(transformer::Config&)>& change, std::vector<std::string> parts) {
    expect_error<ConfigError>([&] { transformer::Gpt{with(change)}; }, parts);
  };
  refused([](auto& c) { c.heads = 5; }, {"multiple of the heads", "32 and 5"});
  refused([](auto& c) { c.layers = 0; }, {"layers", "found 0"});
  refused([](auto& c) { c.vocabulary = 0; }, {"vocabulary", "found 0"});
  refused([](auto& c) { c.context = -3; }, {"context", "found -3"});
  refused([](auto& c) { c.dropout.residual = 1; }, {"residual dropout in [0, 1)", "found 1"});
  refused([](auto& c) { c.heads = 32, c.positions = transformer::Positions::rotary; }, {"even size", "found 1"});
  refused([](auto& c) { c.norm_eps = 0; }, {"norm_eps", "found 0"});
  expect_error<ConfigError>([] { transformer::positions_from("alibi"); }, {"learned, sinusoidal or rotary", "'alibi'"});
  expect_error<ConfigError>([] { transformer::normalisation_from("batch"); }, {"layer or rms", "'batch'"});
  expect_error<ConfigError>([] { transformer::unit_from("relu"); }, {"gelu, gelu_tanh or swiglu", "'relu'"});
}

TEST(TransformerLoss, LeavesIgnoredTargetsOut) {
  const auto gpt = filled<transformer::Gpt>(config());
  const auto ids = tokens(1, 1, length, vocabulary), part = ids.view({1, 5});
  auto targets = copy(tokens(2, 1, length, vocabulary));
  std::fill_n(targets.mutable_data() + 5, length - 5, 9);
  targets.mutable_data()[2] = 10;
  const auto all = transformer::loss(gpt, ids, targets, {.ignore = 9});
  EXPECT_NEAR(all.item(), transformer::loss(gpt, part, targets.view({1, 5})).item(), 1e-5);
  EXPECT_GT(std::abs(all.item() - transformer::loss(gpt, ids, targets).item()), 1e-4);
}
TEST(TransformerLoss, PerplexityAndBitsPerByte) {
  EXPECT_DOUBLE_EQ(transformer::perplexity(std::log(7.0)), 7);
  EXPECT_DOUBLE_EQ(transformer::bits_per_byte(std::log(2.0), 10, 40), 0.25);
  expect_error<Error>([] { transformer::bits_per_byte(1, 0, 3); }, {"bits_per_byte", "0 tokens"});
}

TEST(Seq2Seq, PaddingChangesNothing) {
  for (const auto& c : {config(), modern(), classic()}) {
    const auto model = filled<transformer::Seq2Seq>(pairs(c));
    const auto target = tokens(2, 1, 6, vocabulary), source = tokens(1, 1, 5, source_vocabulary);
    auto padded = IndexTensor({1, 9}, 60);
    std::copy_n(source.data(), 5, padded.mutable_data());
    const auto alone = model(source, {}, target), with_padding = model(padded, IndexTensor({1}, 5), target);
    EXPECT_LE(max(abs(alone - with_padding)).item(), 1e-5f);
    EXPECT_GE(max(abs(alone - model(padded, {}, target))).item(), 1e-3f);
  }
}
TEST(Seq2Seq, TheDecoderSeesNoLaterTokenAndTheEncoderSeesAll) {
  const auto model = filled<transformer::Seq2Seq>(pairs());
  const auto source = tokens(1, 1, source_length, source_vocabulary), target = tokens(2, 1, length, vocabulary);
  const auto before = model(source, {}, target);
  auto later = copy(target), other = copy(source);
  later.mutable_data()[8] = (target.data()[8] + 1) % vocabulary;
  other.mutable_data()[8] = (source.data()[8] + 1) % source_vocabulary;
  EXPECT_EQ(slice(model(source, {}, later), 1, 0, 8).to_vector(), slice(before, 1, 0, 8).to_vector());
  EXPECT_NE(slice(model(other, {}, target), 1, 0, 1).to_vector(), slice(before, 1, 0, 1).to_vector());
}
TEST(Seq2Seq, SharesOneTableIfAskedTo) {
  auto c = pairs();
  c.source_vocabulary = vocabulary;
  const auto apart = nn::count_params(transformer::Seq2Seq(c));
  c.shared_embedding = true;
  const auto model = filled<transformer::Seq2Seq>(c);
  EXPECT_EQ(nn::count_params(model), apart - vocabulary * 32);
  const auto ids = tokens(1, 1, 4, vocabulary);
  Tape tape;
  EXPECT_EQ(grad(transformer::loss(model, ids, {}, ids, ids), model.decoder.wte.w).shape(), (Shape{vocabulary, 32}));
}
TEST(Seq2Seq, Errors) {
  const auto model = filled<transformer::Seq2Seq>(pairs());
  const auto ids = tokens(1, 2, 4, source_vocabulary);
  expect_error<Error>([&] { model.encode(tokens(1, 1, 13, 61)); }, {"at most 12 (the context)"});
  expect_error<Error>([&] { model.encode(ids, IndexTensor({2}, {4, 5})); }, {"attention", "[0, 4]", "5"});
  expect_error<Error>([&] { model(tokens(1, 1, 4, 61), {}, ids); }, {"cross_attention"});
  auto c = pairs();
  c.shared_embedding = true;
  expect_error<ConfigError>([&] { transformer::Seq2Seq{c}; }, {"one vocabulary", "61 and 97"});
  c = pairs();
  c.encoder_layers = 0;
  expect_error<ConfigError>([&] { transformer::Seq2Seq{c}; }, {"encoder layers", "found 0"});
}

TEST(Transformer, LearnsTheSameBitsWithAnyNumberOfThreads) {
  const auto many = [] {
    const ThreadScope scope(2);
    return train(4);
  }();
  const ThreadScope scope(1);
  EXPECT_EQ(train(4), many);
}
TEST(Transformer, OnlyMatricesDecay) {
  transformer::Gpt gpt(config());
  nn::init(gpt, Rng(1));
  auto adam = transformer::make_optimizer(gpt, {.lr = 0.1, .weight_decay = 0.5});
  const auto ids = tokens(1, 1, length, vocabulary);
  const float matrix = gpt.transformer.wte.w.data()[0], scale = gpt.transformer.ln_f->w.data()[0];
  Tape tape;
  adam.step(affine(transformer::loss(gpt, ids, ids), 1e-30f, 0));  // gradients that Adam's epsilon hides
  EXPECT_NEAR(gpt.transformer.wte.w.data()[0], matrix * 0.95f, 1e-6);
  EXPECT_EQ(gpt.transformer.ln_f->w.data()[0], scale);
}
TEST(Transformer, ScheduleWarmsUpAndComesDown) {
  const auto s = transformer::schedule(100, {.warmup = 0.1, .floor = 0.2});
  EXPECT_DOUBLE_EQ(s(0), 0.1);
  EXPECT_DOUBLE_EQ(s(9), 1);
  EXPECT_NEAR(s(55), 0.6, 1e-12);
  EXPECT_NEAR(s(100), 0.2, 1e-12);
  const auto options = transformer::adam_options({.clip_norm = 3});
  EXPECT_EQ(options.clip_norm, 3);
}
TEST(Transformer, PresetsByName) {
  EXPECT_EQ(transformer::preset("lm_seed", 300).model.layers, 6);
  EXPECT_EQ(transformer::preset("lm_seed", 300).model.vocabulary, 300);
  EXPECT_EQ(transformer::preset("char", 65).model.width, 128);
  EXPECT_GT(transformer::preset("wikitext2", 33278).model.dropout.words, 0);
  EXPECT_EQ(transformer::seq2seq_seed(300, 400).model.check().decoder.vocabulary, 400);
  expect_error<ConfigError>([] { transformer::preset("gpt5", 3); }, {"lm_seed, wikitext2 or char", "'gpt5'"});
}
