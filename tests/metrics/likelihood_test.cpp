// Perplexities and bits per byte from summed nats.
#include "atelier/metrics/likelihood.hpp"

#include <gtest/gtest.h>

#include "support/expect_error.hpp"

using namespace atelier;
using metrics::TextLikelihood;

TEST(Likelihood, AUniformModelHasThePerplexityOfItsVocabulary) {
  const TextLikelihood t{.nats = 100 * std::log(256), .tokens = 100, .words = 25, .characters = 80, .bytes = 100};
  EXPECT_NEAR(t.token_perplexity(), 256, 1e-10);
  EXPECT_NEAR(t.bits_per_byte(), 8, 1e-13);
  EXPECT_NEAR(t.word_perplexity(), std::pow(256.0, 4), 1e-3);
  EXPECT_NEAR(t.nats_per_token(), std::log(256), 1e-14);
  EXPECT_NEAR(t.nats_per_character(), 1.25 * std::log(256), 1e-13);
}

TEST(Likelihood, PartsAddUp) {
  TextLikelihood t{.nats = 3, .tokens = 2, .words = 1, .characters = 5, .bytes = 6};
  t += {.nats = 5, .tokens = 3, .words = 2, .characters = 7, .bytes = 10};
  EXPECT_DOUBLE_EQ(t.nats_per_token(), 8.0 / 5);
  EXPECT_DOUBLE_EQ(t.word_perplexity(), std::exp(8.0 / 3));
  EXPECT_DOUBLE_EQ(t.nats_per_character(), 8.0 / 12);
  EXPECT_DOUBLE_EQ(t.bits_per_byte(), 0.5 / std::log(2));
  EXPECT_EQ(t.protocol(), "summed nats over 5 tokens, 3 words, 12 characters, 16 bytes (0: not counted)");
}

TEST(Likelihood, WhatWasNotCountedIsRefused) {
  const TextLikelihood t{.nats = 3, .tokens = 2};
  EXPECT_NO_THROW(t.token_perplexity());
  expect_error<Error>([&] { t.word_perplexity(); }, {"likelihood", "words", "found 0"});
  expect_error<Error>([&] { t.bits_per_byte(); }, {"likelihood", "bytes", "found 0"});
  expect_error<Error>([] { TextLikelihood{.nats = std::nan(""), .tokens = 1}.token_perplexity(); }, {"NaN"});
}

TEST(Likelihood, ALineHoldsWhatIsKnown) {
  const TextLikelihood t{.nats = 400, .tokens = 100, .words = 80, .characters = 400, .bytes = 410};
  EXPECT_EQ(t.line(), "word perplexity 148.41, token perplexity 54.6, 1.0000 nats per character, 1.4075 bits per byte");
  EXPECT_EQ((TextLikelihood{.nats = 200, .tokens = 100}.line()), "token perplexity 7.389");
}
