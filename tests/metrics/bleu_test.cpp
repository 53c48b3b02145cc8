// BLEU is sacreBLEU's, and its tokens are (scripts/golden/bleu.py).
#include "atelier/metrics/bleu.hpp"

#include <gtest/gtest.h>

#include "atelier/core/error.hpp"
#include "metrics/golden.hpp"
#include "support/expect_error.hpp"

using namespace atelier;
using References = std::vector<std::vector<std::string>>;
using Lines = std::vector<std::string>;

TEST(Bleu, TokensAreThoseOfSacrebleu) {
  const auto lines = golden("bleu")["tokenized"];
  ASSERT_GT(lines.size(), 80u);
  for (const auto& line : lines) EXPECT_EQ(metrics::tokenize_13a(line[0].get<std::string>()), line[1]) << line[0];
}

TEST(Bleu, ScoresAreThoseOfSacrebleu) {
  const auto corpora = golden("bleu")["corpora"];
  ASSERT_GT(corpora.size(), 15u);
  for (const auto& [name, expected] : corpora.items()) {
    const auto bleu =
        metrics::corpus_bleu(expected["hypotheses"].get<Lines>(), expected["references"].get<References>());
    EXPECT_NEAR(bleu.score, expected["score"], 1e-11) << name;
    EXPECT_EQ(bleu.correct, (expected["correct"].get<std::array<Index, 4>>())) << name;
    EXPECT_EQ(bleu.total, (expected["total"].get<std::array<Index, 4>>())) << name;
    EXPECT_EQ(bleu.hypothesis_words, expected["hypothesis_words"]) << name;
    EXPECT_EQ(bleu.reference_words, expected["reference_words"]) << name;
    EXPECT_NEAR(bleu.brevity_penalty, expected["brevity_penalty"], 1e-15) << name;
    for (std::size_t n = 0; n < 4; ++n) EXPECT_NEAR(bleu.precisions[n], expected["precisions"][n], 1e-11) << name;
  }
}

TEST(Bleu, ProtocolCountsReferences) {
  const Lines two = {"a b c d", "a b c d"};
  EXPECT_EQ(metrics::corpus_bleu(two, References{{"a"}, {"b"}}).protocol,
            "2 segments; nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp");
  EXPECT_EQ(metrics::corpus_bleu(two, References{{"a"}, {"b", "c"}}).protocol,
            "2 segments; nrefs:var|case:mixed|eff:no|tok:13a|smooth:exp");
}

TEST(Bleu, BytesThatAreNoUtf8DoNoHarm) { EXPECT_EQ(metrics::tokenize_13a("a\xff.b \xe2\x80"), "a\xff . b \xe2\x80"); }

TEST(Bleu, BadCorporaAreRefused) {
  expect_error<Error>([] { metrics::corpus_bleu(Lines{"a"}, References{}); },
                      {"corpus_bleu", "1 hypotheses", "found 0"});
  expect_error<Error>(
      [] {
        metrics::corpus_bleu(Lines{"a", "b"}, References{{"a"}, {}});
      },
      {"segment 1", "found none"});
  EXPECT_EQ(metrics::corpus_bleu(Lines{}, References{}).score, 0);
}
