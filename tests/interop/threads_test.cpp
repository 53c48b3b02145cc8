// The library inside somebody else's threads: each of them gets the bits that it would get alone.
#include <gtest/gtest.h>
#include <immintrin.h>

#include <cfenv>
#include <thread>

#include "atelier/atelier.hpp"
#include "atelier/parallel/team.hpp"
#include "support/expect_error.hpp"
#include "support/formula.hpp"

using namespace atelier;

namespace {
using Numbers = std::vector<float>;
Numbers numbers_of(const Tensor& x) { return {x.data(), x.data() + x.size()}; }

/// f(t) for t in [0, n), one after the other and then each `rounds` times in a thread of its own, all at once.
template <class F> void expect_serial_results(int n, int rounds, const F& f) {
  std::vector<Numbers> alone;
  for (int t = 0; t < n; ++t) alone.push_back(f(t));
  std::vector<std::vector<Numbers>> together(static_cast<std::size_t>(n));
  std::vector<std::thread> threads;
  for (int t = 0; t < n; ++t)
    threads.emplace_back([&, t] {
      for (int r = 0; r < rounds; ++r) together[static_cast<std::size_t>(t)].push_back(f(t));
    });
  for (auto& thread : threads) thread.join();
  for (int t = 0; t < n; ++t)
    for (const auto& result : together[static_cast<std::size_t>(t)])
      EXPECT_EQ(result, alone[static_cast<std::size_t>(t)]) << "thread " << t;
  for (int t = 1; t < n; ++t) EXPECT_NE(alone[static_cast<std::size_t>(t)], alone[0]);
}

/// `use(model, t)` from 4 threads on one model, and then on two.
template <class M, class Use> void expect_shared(M one, M two, const Use& use) {
  nn::init(one, Rng(1));
  nn::init(two, Rng(2));
  const M* const models[] = {&one, &two};
  expect_serial_results(4, 3, [&](int t) { return use(one, t); });
  expect_serial_results(4, 3, [&](int t) { return use(*models[t % 2], t); });
}

Rng rng_of(int thread) { return Rng(static_cast<std::uint64_t>(100 + thread)); }

Numbers trained_vae(std::uint64_t seed, int steps) {
  vae::Vae model({.pixels = 64, .hidden = {96}, .latent = 4});
  nn::init(model, Rng(seed));
  auto adam = vae::make_optimizer(model);
  Rng rng(seed + 1);
  const Tensor x = formula::uniform(seed, {64, 64});
  for (int i = 0; i < steps; ++i) {
    Tape tape;
    adam.step(vae::negative_elbo(model, x, rng).loss);
  }
  Numbers all;
  nn::visit_all(model,
                [&](const std::string&, const auto& p) { all.insert(all.end(), p.data(), p.data() + p.size()); });
  return all;
}
Numbers trained_gpt(std::uint64_t seed, int steps) {
  transformer::Gpt model({.vocabulary = 50, .context = 16, .width = 32, .layers = 2, .heads = 4});
  nn::init(model, Rng(seed));
  optim::Adam adam(model, {.lr = 1e-3});
  Rng rng(seed + 1);
  auto ids = IndexTensor::empty({8, 16});
  for (Index i = 0; i < ids.size(); ++i) ids.mutable_data()[i] = static_cast<std::int32_t>(rng.uniform() * 50);
  Numbers losses;
  for (int i = 0; i < steps; ++i) {
    Tape tape;
    const auto loss = transformer::loss(model, ids, ids, {}, &rng);
    losses.push_back(loss.item());
    adam.step(loss);
  }
  return losses;
}
}  // namespace

TEST(Threads, ShareAVae) {
  const vae::Config config{.pixels = 256, .hidden = {128}, .latent = 8};
  expect_shared(vae::Vae(config), vae::Vae(config), [](const vae::Vae& vae, int t) {
    Rng rng = rng_of(t);
    const Tensor images = vae::sample(vae, 40, rng);
    return numbers_of(vae::reconstruct(vae, images));
  });
}
TEST(Threads, ShareAGenerator) {
  const gan::ImageConfig config{.size = 32, .channels = 3, .latent = 16, .width = 8};
  expect_shared(gan::DcganGenerator(config), gan::DcganGenerator(config), [](const gan::DcganGenerator& g, int t) {
    Rng rng = rng_of(t);
    return numbers_of(gan::sample<float>(g, 6, g.config.latent, rng));
  });
}
TEST(Threads, ShareALanguageModel) {
  const transformer::Config config{.vocabulary = 50, .context = 32, .width = 64, .layers = 2, .heads = 4};
  expect_shared(transformer::Gpt(config), transformer::Gpt(config), [](const transformer::Gpt& gpt, int t) {
    transformer::Decoder decoder(gpt, 1);
    const transformer::Tokens prompts[] = {{t, 7, 3}};
    const auto texts = transformer::generate(decoder, prompts, {.tokens = 20}, rng_of(t));
    Numbers words(texts[0].begin(), texts[0].end());
    const Numbers logits = numbers_of(gpt(IndexTensor({1, 3}, {t, 7, 3})));
    words.insert(words.end(), logits.begin(), logits.end());
    return words;
  });
}
TEST(Threads, TrainAtOnce) {
  expect_serial_results(2, 2, [](int t) { return trained_vae(static_cast<std::uint64_t>(10 + t), 15); });
  expect_serial_results(2, 2, [](int t) { return trained_gpt(static_cast<std::uint64_t>(20 + t), 5); });
}
TEST(Threads, HaveTapesScopesAndErrorsOfTheirOwn) {
  const Tape tape;
  const ThreadScope scope(1);
  const PrecisionScope precision(Precision::medium);
  std::thread([] {
    EXPECT_EQ(PrecisionScope::current(), Precision::highest);
    const ThreadScope two(2);
    expect_error<Error>(
        [] {
          parallel_tasks(4, [](int t) {
            if (t == 3) throw Error("task 3");
          });
        },
        {"task 3"});
    const Tensor x({2}, 1.0f);
    expect_error<Error>([&] { grad(sum(x), x); }, {"tape"});
  }).join();
  EXPECT_EQ(threads(), 1);
  EXPECT_EQ(PrecisionScope::current(), Precision::medium);
}

#if defined(__SSE__)
namespace {
/// Everything in MXCSR but the flags of what has happened.
unsigned control_word() { return _mm_getcsr() & ~0x3fu; }
}  // namespace

TEST(FloatingPoint, StateOfTheCallerIsAsBefore) {
  const unsigned usual = _mm_getcsr();
  const unsigned states[] = {usual, usual | _MM_FLUSH_ZERO_ON, usual | 0x40, usual | 0x8040,
                             usual | _MM_ROUND_TOWARD_ZERO};
  for (const unsigned state : states) {
    _mm_setcsr(state);
    trained_vae(1, 2);
    trained_gpt(1, 1);
    const gan::DcganGenerator generator({.size = 32, .latent = 4, .width = 4});
    Rng rng(1);
    gan::sample<float>(generator, 2, 4, rng);
    expect_error<Error>([] { matmul(Tensor({2, 3}, 1.0f), Tensor({2, 3}, 1.0f)); }, {"matmul"});
    expect_error<Error>([] { parallel_tasks(3, [](int) { throw Error("inside"); }); }, {"inside"});
    const unsigned after = control_word();
    _mm_setcsr(usual);
    EXPECT_EQ(after, state & ~0x3fu);
  }
}
#endif
