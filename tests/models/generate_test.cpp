// Decoder, sampling, generation, beam search.
#include <gtest/gtest.h>

#include <map>

#include "atelier/parallel/team.hpp"
#include "models/transformer_support.hpp"
#include "support/expect_error.hpp"

using namespace atelier;
using namespace transformer_support;
using transformer::Tokens;

namespace {
/// Weights large enough that texts do not settle on one token.
template <class M> M lively(const auto& c) {
  auto model = filled<M>(c);
  nn::visit_params(model, [](const std::string& name, auto& p) {
    const float factor = name.find("wte") != name.npos ? 4.0f : 2.0f;
    for (Index i = 0; p.rank() == 2 && i < p.size(); ++i) p.write()[i] *= factor;
  });
  return model;
}
transformer::Gpt gpt_of(const transformer::Config& c) { return lively<transformer::Gpt>(c); }
transformer::Seq2Seq pair_model(const transformer::Config& c) {
  return lively<transformer::Seq2Seq>(
      transformer::Seq2SeqConfig{.source_vocabulary = source_vocabulary, .encoder_layers = 2, .decoder = c});
}
IndexTensor row_of(const Tokens& tokens) {
  return IndexTensor({1, static_cast<Index>(tokens.size())}, std::span<const std::int32_t>(tokens));
}
std::int32_t likeliest(const Tensor& logits) {  // after the last token
  const Index v = logits.size(-1);
  const float* row = logits.data() + logits.size() - v;
  return static_cast<std::int32_t>(std::max_element(row, row + v) - row);
}
/// Without any cache: the whole text for every token.
Tokens greedy_by_hand(const transformer::Gpt& gpt, Tokens text, Index count) {
  const auto begin = text.size();
  for (Index i = 0; i < count; ++i) text.push_back(likeliest(gpt(row_of(text))));
  return {text.begin() + static_cast<std::ptrdiff_t>(begin), text.end()};
}
const std::vector<Tokens> prompts = {{3, 1, 4}, {1}, {5, 9, 2, 6, 5}};
constexpr transformer::Sampling greedy{.temperature = 0};

std::vector<std::int32_t> draws(const transformer::Sampling& o, const std::vector<float>& logits, int n,
                                const std::vector<char>& seen = {}) {
  transformer::Sampler sampler(static_cast<Index>(logits.size()), o);
  std::vector<std::int32_t> all;
  for (int i = 0; i < n; ++i) all.push_back(sampler(logits, seen, (i + 0.5) / n));
  return all;
}
/// How often each token is drawn, of 1000 evenly spread numbers.
std::map<std::int32_t, int> counts(const transformer::Sampling& o, const std::vector<float>& logits,
                                   const std::vector<char>& seen = {}) {
  std::map<std::int32_t, int> all;
  for (const auto id : draws(o, logits, 1000, seen)) ++all[id];
  return all;
}
/// Probabilities 0.4, 0.3, 0.2, 0.1.
std::vector<float> four() { return {std::log(0.1f), std::log(0.4f), std::log(0.2f), std::log(0.3f)}; }
using Counts = std::map<std::int32_t, int>;
}  // namespace

TEST(Decoder, LogitsAreThoseOfTheWholeText) {
  for (const auto& c : {config(), modern(), classic()}) {
    const auto gpt = gpt_of(c);
    const auto ids = tokens(4, 1, length, vocabulary);
    const auto whole = gpt(ids);
    transformer::Decoder decoder(gpt, 2);
    const Index rows[] = {1};
    const Tokens first(ids.data(), ids.data() + 5);
    auto logits = decoder.read(rows, std::span(&first, 1));
    for (Index t = 5;; ++t) {
      EXPECT_LE(max(abs(logits - select_index(whole, 1, t - 1))).item(), 2e-4f) << t;
      if (t == length) break;
      logits = decoder.step(rows, std::span(ids.data() + t, 1));
    }
    EXPECT_EQ(decoder.length(1), length);
    EXPECT_EQ(decoder.length(0), 0);
  }
}
TEST(Decoder, TranslationsSeeTheirSentence) {
  for (const auto& c : {config(), modern(), classic()}) {
    const auto model = pair_model(c);
    const auto source = tokens(1, 2, source_length, source_vocabulary), target = tokens(2, 2, 6, vocabulary);
    const IndexTensor lengths({2}, {9, 4});
    const auto whole = model(source, lengths, target);
    transformer::Decoder decoder(model, model.encode(source, lengths), 3);
    EXPECT_EQ(decoder.rows(), 6);
    const Index rows[] = {2, 4};  // one of each sentence
    const std::vector<Tokens> begins = {{target.data(), target.data() + 2}, {target.data() + 6, target.data() + 8}};
    auto logits = decoder.read(rows, begins);
    for (Index t = 2; t < 6; ++t) {
      EXPECT_LE(max(abs(logits - select_index(whole, 1, t - 1))).item(), 2e-4f) << t;
      const std::int32_t next[] = {target.at({0, t}), target.at({1, t})};
      logits = decoder.step(rows, next);
    }
  }
}
TEST(Decoder, RowsGoOnAsOthersWere) {
  const auto gpt = gpt_of(modern());
  transformer::Decoder decoder(gpt, 3);
  const Index rows[] = {0, 1, 2};
  decoder.read(rows, prompts);
  const std::int32_t next[] = {7, 7, 7};
  const auto before = decoder.step(rows, next);
  decoder.read(rows, prompts);
  const Index from[] = {2, 0, 0};
  decoder.reorder(from);
  const auto after = decoder.step(rows, next);
  EXPECT_EQ(slice(after, 0, 0, 1).to_vector(), slice(before, 0, 2, 3).to_vector());
  EXPECT_EQ(slice(after, 0, 1, 2).to_vector(), slice(before, 0, 0, 1).to_vector());
  EXPECT_EQ(slice(after, 0, 2, 3).to_vector(), slice(before, 0, 0, 1).to_vector());
}
TEST(Decoder, Errors) {
  const auto gpt = gpt_of(config());
  transformer::Decoder decoder(gpt, 2, 4);
  const Index one[] = {0}, none[] = {2};
  const Tokens text = {1, 2, 3, 4}, longer = {1, 2, 3, 4, 5}, empty, foreign = {97};
  const std::int32_t next[] = {1}, wrong[] = {-1};
  expect_error<Error>([&] { decoder.read(one, std::span(&longer, 1)); }, {"1 to 4 tokens", "5"});
  expect_error<Error>([&] { decoder.read(one, std::span(&empty, 1)); }, {"1 to 4 tokens", "0"});
  expect_error<Error>([&] { decoder.read(one, std::span(&foreign, 1)); }, {"97", "[0, 97)"});
  expect_error<Error>([&] { decoder.read(none, std::span(&text, 1)); }, {"row 2", "[0, 2)"});
  expect_error<Error>([&] { decoder.step(one, {}); }, {"each of 1 rows", "0"});
  expect_error<Error>([&] { decoder.step(one, wrong); }, {"-1", "[0, 97)"});
  decoder.read(one, std::span(&text, 1));
  expect_error<Error>([&] { decoder.step(one, next); }, {"fewer than 4 tokens in row 0"});
  expect_error<Error>([&] { transformer::Decoder(gpt, 0); }, {"at least one row"});
  expect_error<Error>([&] { transformer::Decoder(gpt, 1, 13); }, {"at most 12 (the context)", "13"});
}

TEST(Generate, GreedyWithKeptKeysEqualsWithout) {
  for (const auto& c : {config(), modern(), classic()}) {
    const auto gpt = gpt_of(c);
    const auto texts = transformer::generate(gpt, prompts, {.tokens = 7, .sampling = greedy});
    for (std::size_t i = 0; i < prompts.size(); ++i) EXPECT_EQ(texts[i], greedy_by_hand(gpt, prompts[i], 7)) << i;
  }
}
TEST(Generate, SameSeedSameTextWhateverStandsBeside) {
  const auto gpt = gpt_of(modern());
  const transformer::GenerateOptions o{.tokens = 9, .sampling = {.temperature = 1.5}};
  const auto texts = transformer::generate(gpt, prompts, o, Rng(7));
  EXPECT_EQ(transformer::generate(gpt, prompts, o, Rng(7)), texts);
  EXPECT_NE(transformer::generate(gpt, prompts, o, Rng(8)), texts);
  EXPECT_EQ(transformer::generate(gpt, std::span(prompts).first(1), o, Rng(7))[0], texts[0]);
  const ThreadScope one(1);
  EXPECT_EQ(transformer::generate(gpt, prompts, o, Rng(7)), texts);
}
TEST(Generate, StopsWhereItIsTold) {
  const auto gpt = gpt_of(config());
  const auto text = transformer::generate(gpt, prompts, {.tokens = 8, .sampling = greedy})[0];
  const auto stop = text[4];
  const auto first = std::find(text.begin(), text.end(), stop);
  const auto cut = transformer::generate(gpt, prompts, {.tokens = 8, .sampling = greedy, .stop = {96, stop}})[0];
  EXPECT_EQ(cut, Tokens(text.begin(), first));
  EXPECT_TRUE(transformer::generate(gpt, prompts, {.tokens = 0})[1].empty());
}
TEST(Generate, TellsEveryToken) {
  const auto gpt = gpt_of(config());
  std::vector<Tokens> told(3);
  transformer::GenerateOptions o{.tokens = 6, .on_token = [&](Index text, std::int32_t token) {
                                   told[static_cast<std::size_t>(text)].push_back(token);
                                   return true;
                                 }};
  EXPECT_EQ(transformer::generate(gpt, prompts, o, Rng(1)), told);
  int calls = 0;
  o.on_token = [&](Index, std::int32_t) { return ++calls < 5; };
  transformer::generate(gpt, prompts, o, Rng(1));
  EXPECT_EQ(calls, 5);
}
TEST(Generate, GoesOnBeyondTheContext) {
  const auto gpt = gpt_of(modern());
  const Tokens prompt = {3, 1, 4};
  const auto text = transformer::generate(gpt, std::span(&prompt, 1), {.tokens = 30, .sampling = greedy})[0];
  ASSERT_EQ(text.size(), 30u);
  // by hand: 9 tokens fill the context of 12; the next ones see the last 6 and what follows them
  Tokens seen = prompt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    ASSERT_EQ(text[i], likeliest(gpt(row_of(seen)))) << i;
    if (seen.size() == 12) seen.assign(seen.end() - 6, seen.end());
    seen.push_back(text[i]);
  }
  const Tokens longer(40, 7);  // its end is read
  EXPECT_EQ(transformer::generate(gpt, std::span(&longer, 1), {.tokens = 5}, Rng(1))[0].size(), 5u);
}
TEST(Generate, RepetitionPenaltyReachesBackToThePrompt) {
  const auto gpt = gpt_of(config());
  const auto text =
      transformer::generate(gpt, prompts, {.tokens = 9, .sampling = {.repetition_penalty = 1e5, .temperature = 0}})[2];
  Tokens all = prompts[2];
  all.insert(all.end(), text.begin(), text.end());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::unique(all.begin(), all.end()) - all.begin(), 4 + 9);  // the prompt has one token twice
}
TEST(Generate, Errors) {
  const auto gpt = gpt_of(config());
  const std::vector<Tokens> empty(1), foreign = {{500}};
  expect_error<Error>([&] { transformer::generate(gpt, empty); }, {"1 to", "0"});
  expect_error<Error>([&] { transformer::generate(gpt, foreign); }, {"500", "[0, 97)"});
  expect_error<ConfigError>([&] { transformer::generate(gpt, prompts, {.tokens = -1}); }, {"tokens", "-1"});
  expect_error<ConfigError>([&] { transformer::generate(gpt, prompts, {.sampling = {.top_p = 0}}); }, {"top_p", "0"});
  transformer::Decoder small(gpt, 2);
  expect_error<Error>([&] { transformer::generate(small, prompts); }, {"at most 2 prompts", "3"});
}

TEST(Sampler, DrawsFromTheModelsDistribution) {
  EXPECT_EQ(counts({}, four()), (Counts{{0, 100}, {1, 400}, {2, 200}, {3, 300}}));
}
TEST(Sampler, Temperature) {
  EXPECT_EQ(draws({.temperature = 0}, four(), 3), (Tokens{1, 1, 1}));
  // squares of the probabilities: 0.16, 0.09, 0.04, 0.01 of 0.3
  EXPECT_EQ(counts({.temperature = 0.5}, four()), (Counts{{0, 33}, {1, 534}, {2, 133}, {3, 300}}));
}
TEST(Sampler, TopK) {
  EXPECT_EQ(counts({.top_k = 2}, four()), (Counts{{1, 571}, {3, 429}}));
  EXPECT_EQ(counts({.top_k = 1}, four()), (Counts{{1, 1000}}));
  EXPECT_EQ(counts({.top_k = 9}, four()), (Counts{{0, 100}, {1, 400}, {2, 200}, {3, 300}}));
}
TEST(Sampler, TopP) {
  EXPECT_EQ(counts({.top_p = 0.65}, four()), (Counts{{1, 571}, {3, 429}}));
  EXPECT_EQ(counts({.top_p = 0.75}, four()).size(), 3u);
  EXPECT_EQ(counts({.top_p = 0.01}, four()), (Counts{{1, 1000}}));
  EXPECT_EQ(counts({.top_k = 2, .top_p = 0.55}, four()), (Counts{{1, 1000}}));  // 4/7 of what top_k leaves
}
TEST(Sampler, MinP) {
  EXPECT_EQ(counts({.min_p = 0.6}, four()), (Counts{{1, 571}, {3, 429}}));
  EXPECT_EQ(counts({.min_p = 0.3}, four()).size(), 3u);
}
TEST(Sampler, RepetitionPenalty) {
  const std::vector<float> logits = {2, -1, 1.5};
  EXPECT_EQ(draws({.repetition_penalty = 2, .temperature = 0}, logits, 1, {1, 0, 0}), (Tokens{2}));
  EXPECT_EQ(draws({.repetition_penalty = 1.2, .temperature = 0}, logits, 1, {1, 0, 0}), (Tokens{0}));
  const auto share = [&](char seen) { return counts({.repetition_penalty = 3}, logits, {0, seen, 0})[1]; };
  EXPECT_LT(share(1), share(0));  // a negative logit falls further
}
TEST(Sampler, WhatIsLeftOutIsNeverDrawn) {
  EXPECT_EQ(counts({.never = {1, 3}}, four()), (Counts{{0, 333}, {2, 667}}));
  EXPECT_EQ(counts({.top_k = 1, .never = {1}}, four()), (Counts{{3, 1000}}));
  EXPECT_EQ(draws({.temperature = 0, .never = {1}}, four(), 2), (Tokens{3, 3}));
  expect_error<Error>([] { transformer::Sampler(4, {.never = {4}}); }, {"sampler", "below 4", "found 4"});
}
TEST(Sampler, EqualLogitsInOrderOfTheirTokens) {
  const std::vector<float> same(6, 1.0f);
  EXPECT_EQ(draws({.temperature = 0}, same, 1), (Tokens{0}));
  EXPECT_EQ(counts({.top_k = 2}, same), (Counts{{0, 500}, {1, 500}}));
}
TEST(Sampler, Errors) {
  expect_error<ConfigError>([] { transformer::Sampling{.temperature = -1}.check(); }, {"temperature", "-1"});
  expect_error<ConfigError>([] { transformer::Sampling{.top_k = -1}.check(); }, {"top_k", "-1"});
  expect_error<ConfigError>([] { transformer::Sampling{.top_p = 1.5}.check(); }, {"top_p", "1.5"});
  expect_error<ConfigError>([] { transformer::Sampling{.min_p = 2}.check(); }, {"min_p", "2"});
  expect_error<ConfigError>([] { transformer::Sampling{.repetition_penalty = 0}.check(); }, {"repetition_penalty"});
  const std::vector<float> logits(3);
  expect_error<Error>([&] { transformer::Sampler(4, {})(logits, {}, 0.5); }, {"4 logits", "3"});
}

namespace {
/// A tiny model, so that all texts can be tried.
transformer::Gpt tiny() {
  auto c = config();
  c.vocabulary = 5;
  return gpt_of(c);
}
double log_probability(const transformer::Gpt& gpt, Tokens text, const Tokens& next) {
  double sum = 0;
  for (const auto token : next) {
    const auto logits = gpt(row_of(text));
    const auto last =
        slice(reshape(logits, Shape{logits.size(1), logits.size(2)}), 0, logits.size(1) - 1, logits.size(1));
    sum += static_cast<double>(last.data()[token]) - static_cast<double>(logsumexp(last).item());
    text.push_back(token);
  }
  return sum;
}
/// The best text of at most `left` more tokens, all tried; token 0 ends it.
void try_all(const transformer::Gpt& gpt, const Tokens& prompt, Tokens text, std::size_t most, double penalty,
             transformer::Hypothesis& best) {
  const auto offer = [&](const Tokens& scored) {
    const double s = log_probability(gpt, prompt, scored) / std::pow(static_cast<double>(scored.size()), penalty);
    if (best.tokens.empty() || s > best.score) best = {text, s};
  };
  if (text.size() == most) return offer(text);
  Tokens ended = text;
  ended.push_back(0);
  if (!text.empty()) offer(ended);
  for (std::int32_t v = 1; v < 5; ++v) {
    Tokens longer = text;
    longer.push_back(v);
    try_all(gpt, prompt, longer, most, penalty, best);
  }
}
}  // namespace

TEST(BeamSearch, WithEnoughBeamsFindsTheBestOfAllTexts) {
  const auto gpt = tiny();
  for (const double penalty : {0.0, 1.0, 2.0}) {
    transformer::Hypothesis best;
    try_all(gpt, {2}, {}, 4, penalty, best);
    const std::vector<Tokens> prompt = {{2}};
    const auto found =
        transformer::beam_search(gpt, prompt, {.beams = 400, .tokens = 4, .length_penalty = penalty, .end = 0})[0];
    EXPECT_EQ(found.tokens, best.tokens) << penalty;
    EXPECT_NEAR(found.score, best.score, 1e-4);
  }
}
TEST(BeamSearch, OneBeamIsGreedy) {
  const auto gpt = gpt_of(config());
  const auto texts = transformer::generate(gpt, prompts, {.tokens = 7, .sampling = greedy, .stop = {4}});
  const auto found = transformer::beam_search(gpt, prompts, {.beams = 1, .tokens = 7, .end = 4});
  for (std::size_t i = 0; i < prompts.size(); ++i) EXPECT_EQ(found[i].tokens, texts[i]) << i;
}
TEST(BeamSearch, MoreBeamsFindLikelierTexts) {
  const auto gpt = gpt_of(modern());
  double few = 0, many = 0;
  for (std::int32_t t = 0; t < 10; ++t) {
    const std::vector<Tokens> prompt = {{t}};
    few += transformer::beam_search(gpt, prompt, {.beams = 1, .tokens = 6})[0].score;
    many += transformer::beam_search(gpt, prompt, {.beams = 8, .tokens = 6})[0].score;
  }
  EXPECT_GT(many, few);
}
TEST(BeamSearch, TranslationsOfABatchAreThoseOfEachSentence) {
  const auto model = pair_model(config());
  const auto source = tokens(1, 3, source_length, source_vocabulary);
  const IndexTensor lengths({3}, {9, 4, 7});
  const auto all = transformer::translate(model, source, lengths, 1, {.beams = 3, .tokens = 8, .end = 2});
  for (Index b = 0; b < 3; ++b) {
    const auto one = transformer::translate(model, source.view({1, source_length}, b * source_length),
                                            lengths.view({1}, b), 1, {.beams = 3, .tokens = 8, .end = 2});
    EXPECT_EQ(one[0].tokens, all[static_cast<std::size_t>(b)].tokens);
    EXPECT_LE(one[0].tokens.size(), 8u);
  }
}
TEST(BeamSearch, Errors) {
  const auto gpt = gpt_of(config());
  expect_error<ConfigError>([&] { transformer::beam_search(gpt, prompts, {.beams = 0}); }, {"beams", "0"});
  expect_error<ConfigError>([&] { transformer::beam_search(gpt, prompts, {.tokens = 0}); }, {"tokens", "0"});
  transformer::Decoder decoder(gpt, 8);
  expect_error<Error>([&] { transformer::beam_search(decoder, prompts, {.beams = 3}); }, {"3 times 3 rows", "8"});
}
