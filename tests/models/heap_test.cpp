// Training steps after the first allocate nothing.
#include <gtest/gtest.h>

#include "atelier/atelier.hpp"
#include "models/transformer_support.hpp"
#include "support/counted_heap.hpp"
#include "support/formula.hpp"

using namespace atelier;

namespace {
/// Runs `step(number)` until nothing new is met, then counts.
template <class F> void expect_no_allocation(const F& step, Index warm_up = 1) {
  for (Index i = 0; i < warm_up; ++i) step(i);
  const long heap = heap_allocations, pool = memory::pool().stats().allocations;
  EXPECT_GT(heap, 0);
  for (Index i = 0; i < 3; ++i) step(warm_up + i);
  EXPECT_EQ(heap_allocations - heap, 0);
  EXPECT_EQ(memory::pool().stats().allocations, pool);
}
}  // namespace

TEST(Vae, StepsAfterTheFirstAllocateNothing) {
  auto model = vae::Vae{{.pixels = 784, .hidden = {400}, .latent = 20}};
  nn::init(model, Rng(1));
  auto adam = vae::make_optimizer(model);
  const auto x = formula::uniform(1, {128, 784});
  Rng rng(3);
  expect_no_allocation([&](Index) {
    Tape tape;
    adam.step(vae::negative_elbo(model, x, rng).loss);
  });
}

TEST(GanStep, StepsAfterTheFirstAllocateNothing) {
  for (const auto penalty : {gan::Penalty::none, gan::Penalty::r1, gan::Penalty::wgan_gp}) {
    const gan::Config c{.latent = 4, .hidden = {32, 32}, .pack = 2, .stddev_group = 4};
    gan::MlpGenerator gen(c);
    gan::MlpDiscriminator disc(c);
    nn::init(gen, Rng(1));
    nn::init(disc, Rng(2));
    optim::Adam gen_adam(gen), disc_adam(disc);
    optim::Ema average(gen);
    const gan::Options o{.penalty = penalty, .n_critic = 2};
    expect_no_allocation([&](Index number) {
      const Rng own = Rng(3).fork("step", static_cast<std::uint64_t>(number));
      gan::step(gan::players(gen, disc, gen_adam, disc_adam), o, number, own, [&](Index k, Index) {
        Rng rng = own.fork("batch", static_cast<std::uint64_t>(k));
        return gan::Batch<float>{normal({64, 2}, rng), normal({64, 4}, rng)};
      });
      average.update(gen);
    });
  }
}

TEST(Dcgan, StepsAfterTheFirstAllocateNothing) {
  const gan::ImageConfig c{.size = 16, .latent = 4, .width = 4, .dropout = 0.3, .classes = 3};
  gan::DcganGenerator gen(c);
  gan::DcganDiscriminator disc(c);
  nn::init(gen, Rng(1));
  nn::init(disc, Rng(2));
  optim::Adam gen_adam(gen), disc_adam(disc);
  optim::Ema average(gen);
  const IndexTensor labels({8}, 1);
  expect_no_allocation(
      [&](Index number) {
        const Rng own = Rng(3).fork("step", static_cast<std::uint64_t>(number));
        gan::step(gan::players(gen, disc, gen_adam, disc_adam), {}, number, own, [&](Index, Index) {
          Rng rng = own.fork("batch");
          return gan::Batch<float, IndexTensor>{uniform({8, 16, 16, 3}, rng), normal({8, 4}, rng), {labels}};
        });
        average.update(gen);
      },
      2);
}

TEST(ConvVae, StepsAfterTheFirstAllocateNothing) {
  vae::ConvVae model({.size = 16, .width = 4, .latent = 3});
  nn::init(model, Rng(1));
  optim::Adam adam(model);
  const auto x = formula::uniform(1, {4, 768});
  Rng rng(3);
  expect_no_allocation([&](Index) {
    Tape tape;
    adam.step(vae::negative_elbo(model, x, rng).loss);
  });
}

TEST(LstmLm, StepsAfterTheFirstAllocateNothing) {
  lstm_lm::LstmLm model({.vocabulary = 500,
                         .embedding = 16,
                         .hidden = 24,
                         .layers = 2,
                         .dropout = {.words = 0.1, .input = 0.1, .between = 0.1, .output = 0.1, .weights = 0.1}});
  nn::init(model, Rng(1));
  auto adam = lstm_lm::make_optimizer(model);
  nn::ClassSample sample(500, {.always = 20, .size = 256});
  nn::LstmState<float> state;
  expect_no_allocation(
      [&](Index number) {
        Rng rng = Rng(3).fork("step", static_cast<std::uint64_t>(number));
        auto ids = IndexTensor::empty({9, 4});
        for (Index i = 0; i < ids.size(); ++i) ids.mutable_data()[i] = static_cast<std::int32_t>(rng.index(500));
        sample.draw(ids, rng);
        Tape tape;
        const auto l = lstm_lm::loss(model, ids.view({8, 4}), ids.view({8, 4}, 4), state, &rng, {2, 1}, &sample);
        state = l.state;
        adam.step(l.loss);
      },
      3);
}

TEST(Transformer, StepsAfterTheFirstAllocateNothing) {
  using namespace transformer_support;
  for (auto c : {config(), modern(), classic()}) {
    c.dropout = {0.1, 0.1, 0.1, 0.1};
    auto gpt = filled<transformer::Gpt>(c);
    auto model = filled<transformer::Seq2Seq>(
        transformer::Seq2SeqConfig{.source_vocabulary = source_vocabulary, .encoder_layers = 2, .decoder = c});
    auto gpt_adam = transformer::make_optimizer(gpt), adam = transformer::make_optimizer(model);
    const auto ids = tokens(1, batch, length, vocabulary), source = tokens(2, batch, 9, source_vocabulary);
    const IndexTensor lengths({batch}, {9, 5, 1, 7});
    Rng rng(3);
    expect_no_allocation([&](Index) {
      Tape tape;
      gpt_adam.step(transformer::loss(gpt, ids, ids, {}, &rng));
    });
    expect_no_allocation([&](Index) {
      Tape tape;
      adam.step(transformer::loss(model, source, lengths, ids, ids, {}, &rng));
    });
  }
}

TEST(Decoder, TokensAfterTheFirstAllocateNothing) {
  using namespace transformer_support;
  for (auto c : {config(), modern(), classic()}) {
    c.context = 64;
    const auto gpt = filled<transformer::Gpt>(c);
    transformer::Decoder decoder(gpt, 2);
    transformer::Sampler sampler(vocabulary, {.repetition_penalty = 1.1, .top_p = 0.9});
    const std::vector<char> seen(vocabulary, 0);
    const Index rows[] = {0, 1};
    const std::vector<transformer::Tokens> prompts = {{1, 2, 3}, {4}};
    decoder.read(rows, prompts);
    std::int32_t next[] = {5, 6};
    expect_no_allocation(
        [&](Index) {
          const auto& logits = decoder.step(rows, next);
          for (const Index row : rows)
            next[row] = sampler({logits.data() + row * vocabulary, static_cast<std::size_t>(vocabulary)}, seen, 0.5);
        },
        2);  // the second step still holds the first one's logits
    long before = 0;
    int count = 0;
    const transformer::GenerateOptions o{.tokens = 20, .sampling = {.top_k = 5}, .on_token = [&](Index, std::int32_t) {
                                           EXPECT_TRUE(count < 4 || heap_allocations == before) << count;
                                           before = heap_allocations, ++count;
                                           return true;
                                         }};
    transformer::generate(decoder, prompts, o);
    EXPECT_EQ(count, 40);
  }
}
