// Attention weights for pictures are those that the model itself uses.
#include "atelier/models/transformer/attention_maps.hpp"

#include <gtest/gtest.h>

#include "models/transformer_support.hpp"
#include "support/expect_error.hpp"

using namespace atelier;
using namespace transformer_support;

namespace {
/// Rows sum to 1; if causal, nothing looks ahead.
void expect_weights(const Tensor& maps, const Shape& shape, bool causal) {
  ASSERT_EQ(maps.shape(), shape);
  for (Index r = 0; r < shape[0] * shape[1]; ++r) {
    double sum = 0;
    for (Index s = 0; s < shape[2]; ++s) {
      sum += static_cast<double>(maps.data()[r * shape[2] + s]);
      if (causal && s > r % shape[1]) {
        EXPECT_EQ(maps.data()[r * shape[2] + s], 0);
      }
    }
    EXPECT_NEAR(sum, 1, 1e-5);
  }
}
}  // namespace

TEST(AttentionMaps, AreThoseThatTheModelUses) {
  for (const auto& c : {config(), modern(), classic()}) {
    const auto gpt = filled<transformer::Gpt>(c);
    const auto ids = tokens(1, 1, 6, vocabulary);
    const auto maps = transformer::attention_maps(gpt, ids);
    ASSERT_EQ(static_cast<Index>(maps.size()), c.layers);
    for (const auto& m : maps) expect_weights(m, {c.heads, 6, 6}, true);
    transformer::detail::Watcher<float> watcher(gpt.transformer, {});
    const auto watched = gpt.transformer(ids, {.attender = &watcher}).to_vector(), own = gpt.hidden(ids).to_vector();
    for (std::size_t i = 0; i < own.size(); ++i) EXPECT_NEAR(watched[i], own[i], 2e-5);
  }
  expect_error<Error>([] { transformer::attention_maps(filled<transformer::Gpt>(config()), tokens(1, 2, 6, 9)); },
                      {"one text [1, T]", "found [2, 6]"});
}

TEST(AttentionMaps, OfTranslationsLookAtTheSource) {
  const auto c = config();
  const auto model = filled<transformer::Seq2Seq>(
      transformer::Seq2SeqConfig{.source_vocabulary = source_vocabulary, .encoder_layers = 2, .decoder = c});
  const auto source = tokens(2, 1, 5, source_vocabulary), target = tokens(1, 1, 4, vocabulary);
  const auto maps = transformer::attention_maps(model, source, target);
  ASSERT_EQ(static_cast<Index>(maps.size()), c.layers);
  for (const auto& m : maps) expect_weights(m, {c.heads, 4, 5}, false);
}
