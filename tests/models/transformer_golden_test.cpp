// Training is that of PyTorch: same weights and batches, 20 steps of small models (scripts/golden/transformer.py).
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "atelier/core/precision.hpp"
#include "models/transformer_support.hpp"

using namespace atelier;
using namespace transformer_support;

namespace {

const nlohmann::json& golden() {
  static const auto json = [] {
    std::ifstream file(ATELIER_TEST_DIR "/golden/transformer.json");
    return nlohmann::json::parse(file);
  }();
  return json;
}

IndexTensor targets(std::uint64_t step, bool ignore) {
  auto ids = tokens(2000 + step, batch, length, vocabulary);
  for (Index i = 3; ignore && i < ids.size(); i += 7) ids.mutable_data()[i] = -100;
  return ids;
}
auto gpt_loss(const transformer::LossOptions& o = {}, bool ignore = false) {
  return [=](const transformer::Gpt& gpt, std::uint64_t step) {
    return transformer::loss(gpt, tokens(1000 + step, batch, length, vocabulary), targets(step, ignore), o);
  };
}
auto pair_loss(bool ignore) {
  return [=](const transformer::Seq2Seq& model, std::uint64_t step) {
    return transformer::loss(model, tokens(3000 + step, batch, source_length, source_vocabulary),
                             IndexTensor({4}, {9, 5, 1, 7}), tokens(1000 + step, batch, length, vocabulary),
                             targets(step, ignore));
  };
}
transformer::Seq2SeqConfig pairs(transformer::Config decoder) {
  return {.source_vocabulary = source_vocabulary, .encoder_layers = 2, .decoder = decoder};
}

/// Losses of the golden steps, relative.
template <class M, class Loss>
void expect_losses(const char* name, M model, const Loss& loss, Precision precision, double tolerance) {
  const PrecisionScope scope(precision);
  const auto& expected = golden()[name]["losses"];
  auto adam = transformer::make_optimizer(model);
  double worst = 0;
  for (std::size_t step = 0; step < expected.size(); ++step) {
    Tape tape;
    const auto value = loss(model, step);
    adam.step(value);
    const double want = expected[step];
    worst = std::max(worst, std::abs(static_cast<double>(value.item()) - want) / want);
  }
  EXPECT_LE(worst, tolerance) << name;
}

/// Gradients of the first step, tensor by tensor, within 1e-5 of their norms.
template <class M, class Loss> void expect_gradients(const char* name, M model, const Loss& loss) {
  const auto& expected = golden()[name]["gradients"];
  std::vector<Tensor> params;
  std::vector<std::string> names;
  nn::visit_params(model, [&](const std::string& path, auto& p) {
    params.push_back(p);
    names.push_back(path);
  });
  ASSERT_EQ(names.size(), expected.size()) << name;
  Tape tape;
  const auto gradients = grad(loss(model, 0), params);
  for (std::size_t k = 0; k < names.size(); ++k) {
    ASSERT_TRUE(expected.contains(names[k])) << name << " " << names[k];
    const auto& want = expected.at(names[k]);
    const double norm = want["norm"];
    const auto found = formula::fingerprint(gradients[k], k, 8);
    double square = 0;  // of the difference's norm, estimated: see formula.py
    for (std::size_t i = 0; i < found.products.size(); ++i)
      square += std::pow(found.products[i] - want["products"][i].get<double>(), 2);
    EXPECT_LE(std::sqrt(square / static_cast<double>(found.products.size())), 1e-5 * norm) << name << " " << names[k];
    EXPECT_NEAR(found.norm, norm, 1e-5 * norm) << name << " " << names[k];
  }
}

template <class M, class Loss> void expect_training(const char* name, const M& model, const Loss& loss) {
  expect_gradients(name, model, loss);
  expect_losses(name, model, loss, Precision::highest, 5e-6);
  expect_losses(name, model, loss, Precision::high, 1e-4);
}

}  // namespace

TEST(TransformerGolden, Gpt2) { expect_training("gpt2", filled<transformer::Gpt>(config()), gpt_loss()); }
TEST(TransformerGolden, RotaryRmsNormSwigluUntiedWithoutBias) {
  expect_training("modern", filled<transformer::Gpt>(modern()), gpt_loss());
}
TEST(TransformerGolden, SinusoidalPostNormExactGelu) {
  expect_training("classic", filled<transformer::Gpt>(classic()), gpt_loss());
}
TEST(TransformerGolden, SmoothedLabelsAndIgnoredTargets) {
  expect_training("smoothed", filled<transformer::Gpt>(config()), gpt_loss({.label_smoothing = 0.1}, true));
}
TEST(TransformerGolden, Seq2Seq) {
  auto c = config();
  c.tied = false;
  expect_training("seq2seq", filled<transformer::Seq2Seq>(pairs(c)), pair_loss(true));
}
TEST(TransformerGolden, Seq2SeqSinusoidalPostNorm) {
  expect_training("seq2seq_classic", filled<transformer::Seq2Seq>(pairs(classic())), pair_loss(false));
}
