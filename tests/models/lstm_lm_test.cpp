// The recurrent language model: training as in PyTorch, what each option does, samples of classes, texts, errors.
#include "atelier/models/lstm_lm/lstm_lm.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "atelier/parallel/team.hpp"
#include "support/expect_error.hpp"
#include "support/formula.hpp"

using namespace atelier;
using lstm_lm::Config;
using lstm_lm::LstmLm;
using lstm_lm::Output;

namespace {

constexpr Index vocabulary = 29, batch = 3, length = 5, width = 16;

IndexTensor ids_of(std::uint64_t step) {
  auto ids = IndexTensor::empty({length + 1, batch});
  for (Index i = 0; i < ids.size(); ++i)
    ids.mutable_data()[i] =
        static_cast<std::int32_t>(formula::splitmix(5000 + step, static_cast<std::uint64_t>(i)) % vocabulary);
  return ids;
}
IndexTensor inputs(const IndexTensor& ids) { return ids.view({length, batch}); }
IndexTensor targets(const IndexTensor& ids) { return ids.view({length, batch}, batch); }

void expect_golden(const char* name, Index embedding) {
  std::ifstream file(ATELIER_TEST_DIR "/golden/lstm_lm.json");
  const auto expected = nlohmann::json::parse(file)[name];
  lstm_lm::BasicLstmLm<double> model({.vocabulary = vocabulary, .embedding = embedding, .hidden = 12, .layers = 2});
  formula::fill(model);
  auto adam = lstm_lm::make_optimizer(model, 1e-2, 0.25);
  nn::LstmState<double> state;
  ASSERT_EQ(expected.size(), 6u);
  for (std::size_t step = 0; step < expected.size(); ++step) {
    const auto ids = ids_of(step);
    Tape tape;
    const auto l = lstm_lm::loss(model, inputs(ids), targets(ids), state, nullptr, {2, 1});
    state = l.state;
    EXPECT_NEAR(l.loss.item(), expected[step][0].get<double>(), 1e-10) << "step " << step;
    EXPECT_NEAR(l.nats.item(), expected[step][1].get<double>(), 1e-10) << "step " << step;
    adam.step(l.loss);
  }
}

LstmLm initialised(Config c = {}) {
  c.vocabulary = vocabulary;
  if (c.hidden == 400) c.embedding = c.hidden = width;
  LstmLm model(c);
  nn::init(model, Rng(1));
  return model;
}
double nats(const LstmLm& model, Rng* rng = nullptr, const nn::ClassSample* sample = nullptr) {
  const auto ids = ids_of(1);
  return static_cast<double>(lstm_lm::loss(model, inputs(ids), targets(ids), {}, rng, {}, sample).nats.item());
}

}  // namespace

TEST(LstmLmGolden, TrainingIsThatOfPyTorch) { expect_golden("same_width", 12); }
TEST(LstmLmGolden, AProjectionLeadsBackToTheEmbedding) { expect_golden("projected", 8); }

TEST(LstmLm, EveryOutputLayerIsAProbability) {
  for (const auto output : {Output::tied, Output::linear, Output::adaptive}) {
    const auto model = initialised({.output = output, .cutoffs = {5, 12}});
    const auto p = exp(model.log_prob(model(inputs(ids_of(1))).features.view({length * batch, width})));
    ASSERT_EQ(p.shape(), (Shape{length * batch, vocabulary}));
    for (const float s : sum(p, {-1}).values()) EXPECT_NEAR(s, 1, 1e-5) << name(output);
  }
}

TEST(LstmLm, ScoresAreThoseOfTheLoss) {
  for (const auto output : {Output::tied, Output::linear, Output::adaptive}) {
    const auto model = initialised({.output = output, .cutoffs = {5, 12}});
    const auto ids = ids_of(1);
    const auto scores = lstm_lm::score(model, inputs(ids), targets(ids));
    EXPECT_EQ(scores.nats.shape(), (Shape{length, batch}));
    EXPECT_NEAR(mean(scores.nats).item(), nats(model), 1e-5) << name(output);
  }
}

TEST(LstmLm, TheStateCarriesOnWhereAWindowEnds) {
  const auto model = initialised();
  const auto ids = ids_of(1);
  const auto whole = model(inputs(ids));
  const auto first = model(ids.view({2, batch}));
  const auto rest = model(ids.view({3, batch}, 2 * batch), first.state);
  const auto expected = slice(whole.hidden, 0, 2, 5).to_vector(), found = rest.hidden.to_vector();
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-6);
  EXPECT_NE(model(ids.view({3, batch}, 2 * batch)).hidden.to_vector(), rest.hidden.to_vector());
}

TEST(LstmLm, EveryDropoutActsInTrainingOnly) {
  const double plain = nats(initialised());
  using D = lstm_lm::Dropouts;
  for (const D& d : {D{.words = 0.5}, D{.input = 0.5}, D{.between = 0.5}, D{.output = 0.5}, D{.weights = 0.5}}) {
    const auto model = initialised({.dropout = d});
    Rng rng(3);
    EXPECT_NE(nats(model, &rng), plain);
    EXPECT_EQ(nats(model), plain);
  }
}

TEST(LstmLm, BeginsWithFrequencies) {
  auto model = initialised();
  std::vector<Index> counts(vocabulary, 0);
  counts[3] = 971;  // and 1 for every token
  model.begin_with(counts);
  nn::fill_constant(model.encoder.w, 0);
  EXPECT_NEAR(model.log_prob(Tensor({1, width}, 0)).data()[3], std::log(0.972), 1e-5);
  expect_error<Error>([&] { model.begin_with(std::vector<Index>(3)); }, {"29 counts", "found 3"});
}

TEST(LstmLm, ASampleOfAllClassesIsTheWholeSoftmax) {
  for (const auto output : {Output::tied, Output::linear}) {
    const auto model = initialised({.output = output});
    nn::ClassSample all(vocabulary, {.always = 4, .size = 64});
    Rng rng(1);
    all.draw(ids_of(1), rng);
    EXPECT_NEAR(nats(model, nullptr, &all), nats(model), 1e-5);
  }
}

TEST(LstmLm, TrainsFromSamplesOfClasses) {
  auto model = initialised();
  auto adam = lstm_lm::make_optimizer(model, 1e-2, 0);
  nn::ClassSample sample(vocabulary, {.always = 2, .size = 24});
  const double before = nats(model);
  for (std::uint64_t step = 0; step < 120; ++step) {
    Rng rng = Rng(2).fork("step", step);
    const auto ids = ids_of(1);
    sample.draw(ids, rng);
    Tape tape;
    adam.step(lstm_lm::loss(model, inputs(ids), targets(ids), {}, &rng, {}, &sample).loss);
  }
  EXPECT_LT(nats(model), 0.5 * before);
}

TEST(LstmLm, OneAndTwoThreadsGiveTheSameBits) {
  const auto run = [](int threads) {
    const ThreadScope scope(threads);
    LstmLm model({.vocabulary = 2000, .embedding = 64, .hidden = 96, .layers = 2});
    nn::init(model, Rng(1));
    auto adam = lstm_lm::make_optimizer(model);
    nn::ClassSample sample(2000, {.always = 100, .size = 512});
    nn::LstmState<float> state;
    for (std::uint64_t step = 0; step < 3; ++step) {
      Rng rng = Rng(2).fork("step", step);
      auto ids = IndexTensor::empty({33, 16});
      for (Index i = 0; i < ids.size(); ++i) ids.mutable_data()[i] = static_cast<std::int32_t>(rng.index(2000));
      sample.draw(ids, rng);
      Tape tape;
      const auto l = lstm_lm::loss(model, ids.view({32, 16}), ids.view({32, 16}, 16), state, &rng, {}, &sample);
      adam.step(l.loss);
      state = l.state;
    }
    std::vector<float> all;
    nn::visit_params(
        model, [&](const std::string&, const auto& p) { all.insert(all.end(), p.values().begin(), p.values().end()); });
    return all;
  };
  const auto one = run(1);
  for (const int n : {2, 3}) EXPECT_TRUE(one == run(n)) << n << " threads";
}

TEST(LstmLm, SamplesFollowTheirOptions) {
  auto model = initialised();
  formula::fill(model);
  const std::vector<std::int32_t> prompt = {1, 2};
  const auto text = [&](const transformer::Sampling& o, std::uint64_t seed = 1) {
    Rng rng(seed);
    return lstm_lm::generate(model, {&prompt, 1}, {.tokens = 40, .sampling = o}, rng)[0];
  };
  EXPECT_EQ(text({}).size(), 40u);
  EXPECT_EQ(text({}), text({}));
  EXPECT_NE(text({}), text({}, 2));
  EXPECT_EQ(text({.temperature = 0}), text({.top_k = 1}, 2));
  const auto few = text({.top_k = 3}), flat = text({.temperature = 100});
  EXPECT_LT((std::set<std::int32_t>(few.begin(), few.end()).size()),
            (std::set<std::int32_t>(flat.begin(), flat.end()).size()));
  const auto often = text({.temperature = 0})[0];
  for (const auto id : text({.temperature = 0, .never = {often}})) EXPECT_NE(id, often);
  const transformer::Tokens nothing, unknown = {29}, all = text({});
  Rng rng(1);
  transformer::Tokens told;
  const auto hear = [&](Index number, std::int32_t token) {
    EXPECT_EQ(number, 0);
    told.push_back(token);
    return told.size() < 3;
  };
  EXPECT_EQ(lstm_lm::generate(model, {&prompt, 1}, {.tokens = 40, .on_token = hear}, rng)[0].size(), 3u);
  EXPECT_EQ(told, transformer::Tokens(all.begin(), all.begin() + 3));
  const auto at = std::find(all.begin(), all.end(), all[7]);
  EXPECT_EQ(lstm_lm::generate(model, {&prompt, 1}, {.tokens = 40, .stop = {all[7]}}, rng)[0],
            transformer::Tokens(all.begin(), at));
  expect_error<Error>([&] { lstm_lm::generate(model, {&nothing, 1}); }, {"generate", "prompt"});
  expect_error<Error>([&] { lstm_lm::generate(model, {&unknown, 1}); }, {"index 29", "[0, 29)"});
  expect_error<ConfigError>([&] { lstm_lm::generate(model, {&prompt, 1}, {.tokens = -1}); }, {"tokens", "-1"});
}

TEST(LstmLm, WhatMakesNoModelIsRefused) {
  expect_error<ConfigError>([] { LstmLm({.vocabulary = 0}); }, {"vocabulary 0"});
  expect_error<ConfigError>([] { LstmLm({.vocabulary = 9, .layers = 0}); }, {"layers 0"});
  expect_error<ConfigError>([] { LstmLm({.vocabulary = 9, .dropout = {.output = 1}}); }, {"dropout", "found 1"});
  expect_error<ConfigError>([] { LstmLm({.vocabulary = 9, .output = Output::adaptive}); }, {"cutoffs", "none"});
  expect_error<ConfigError>([] { lstm_lm::output_from("deep"); }, {"tied, linear or adaptive", "'deep'"});
  const auto model = initialised();
  const auto ids = ids_of(1);
  expect_error<Error>([&] { lstm_lm::loss(model, IndexTensor({1, 1}, 29), IndexTensor({1, 1}, 0)); }, {"index 29"});
  expect_error<Error>([&] { lstm_lm::loss(model, IndexTensor({1, 1}, 0), IndexTensor({1, 1}, -1)); }, {"index -1"});
  expect_error<Error>([&] { lstm_lm::score(model, inputs(ids), ids); }, {"as many targets", "[6, 3]"});
}
