/// The optimizers' updates against plain loops and against PyTorch; every option, lengths, guards and threads.
#include "atelier/kernels/reference/optimizer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace {
using namespace atelier;
using namespace atelier::kernels;

const std::vector<Index> lengths{0, 1, 3, 15, 16, 17, 33, 1000, 50001};

/// Parameters and moments of n elements that begin behind a guard, and what changes them.
template <class T> struct Arrays {
  static constexpr std::ptrdiff_t guard = 3;  // odd: vectors are not aligned
  Index n;
  std::vector<T> param, first, second, gradient;

  explicit Arrays(Index size)
      : n(size), param(static_cast<std::size_t>(n) + 2 * guard, T(-77)), first(param), second(param), gradient(param) {
    for (Index i = 0; i < n; ++i) p()[i] = static_cast<T>(std::sin(static_cast<double>(i + 1)));
    std::fill_n(m(), n, T(0));
    std::fill_n(v(), n, T(0));
  }
  T* p() { return param.data() + guard; }
  T* m() { return first.data() + guard; }
  T* v() { return second.data() + guard; }
  /// cos(0.7 (i + 1) step)
  const T* g(Index step) {
    for (Index i = 0; i < n; ++i)
      gradient[static_cast<std::size_t>(guard + i)] =
          static_cast<T>(std::cos(0.7 * static_cast<double>((i + 1) * step)));
    return gradient.data() + guard;
  }
  void expect_guards() const {
    for (const auto& a : {param, first, second})
      EXPECT_TRUE(std::count(a.begin(), a.begin() + guard, T(-77)) == guard &&
                  std::count(a.end() - guard, a.end(), T(-77)) == guard);
  }
};

/// Equal up to `tolerance` times the largest element.
template <class T> void expect_close(const std::vector<T>& x, const std::vector<double>& truth, double tolerance) {
  double largest = 0, worst = 0;
  for (std::size_t i = Arrays<T>::guard; i + Arrays<T>::guard < x.size(); ++i) {
    largest = std::max(largest, std::abs(truth[i]));
    worst = std::max(worst, std::abs(static_cast<double>(x[i]) - truth[i]));
  }
  EXPECT_LE(worst, tolerance * largest);
}
template <class T> void expect_close(const Arrays<T>& x, const Arrays<double>& truth) {
  const double tolerance = sizeof(T) == 4 ? 2e-6 : 1e-13;
  expect_close(x.param, truth.param, tolerance);
  expect_close(x.first, truth.first, tolerance);
  expect_close(x.second, truth.second, tolerance);
  x.expect_guards();
}

const std::vector<AdamScalars> adam_options{
    {},
    {.lr = 0.02},
    {.beta1 = 0.5},
    {.beta1 = 0},
    {.beta2 = 0.9},
    {.eps = 0.1},
    {.lr = 0.02, .weight_decay = 0.3},
    {.lr = 0.02, .weight_decay = 0.3, .decoupled = false},
    {.eps = 0.1, .gradient_scale = 0.25},
};
const std::vector<SgdScalars> sgd_options{
    {},
    {.lr = 0.2},
    {.momentum = 0.9},
    {.momentum = 0.9, .dampening = 0.4},
    {.momentum = 0.9, .nesterov = true},
    {.weight_decay = 0.2},
    {.gradient_scale = 0.5},
    {.lr = 0.1, .momentum = 0.8, .dampening = 0.1, .nesterov = true, .weight_decay = 0.2, .gradient_scale = 0.5},
};

/// Steps as the optimizers make them. `f` is a kernel or its reference.
template <class T, class F> void run_adam(const F& f, Arrays<T>& x, AdamScalars s, Index steps) {
  for (s.step = 1; s.step <= steps; ++s.step) f(x.p(), x.m(), x.v(), x.g(s.step), x.n, s);
}
template <class T, class F> void run_sgd(const F& f, Arrays<T>& x, const SgdScalars& s, Index steps) {
  for (Index step = 1; step <= steps; ++step) {
    SgdScalars now = s;
    if (step == 1) now.dampening = 0;
    f(x.p(), s.momentum != 0 ? x.m() : nullptr, x.g(step), x.n, now);
  }
}
const auto fast_adam = [](auto... a) { adam(a...); };
const auto fast_sgd = [](auto... a) { sgd(a...); };

template <class T> class Update : public testing::Test {};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(Update, Reals);

TYPED_TEST(Update, AdamEqualsPlainLoops) {
  for (const AdamScalars& s : adam_options) {
    for (Index n : lengths) {
      Arrays<TypeParam> x(n);
      Arrays<double> truth(n);
      run_adam(fast_adam, x, s, 5);
      run_adam([](auto... a) { reference::adam(a...); }, truth, s, 5);
      expect_close(x, truth);
    }
  }
}

TYPED_TEST(Update, SgdEqualsPlainLoops) {
  for (const SgdScalars& s : sgd_options) {
    for (Index n : lengths) {
      Arrays<TypeParam> x(n);
      Arrays<double> truth(n);
      run_sgd(fast_sgd, x, s, 5);
      run_sgd([](auto... a) { reference::sgd(a...); }, truth, s, 5);
      expect_close(x, truth);
    }
  }
}

TYPED_TEST(Update, EmaEqualsPlainLoops) {
  for (double decay : {0.0, 0.5, 0.999, 1.0}) {
    for (Index n : lengths) {
      Arrays<TypeParam> x(n);
      Arrays<double> truth(n);
      for (Index step = 1; step <= 5; ++step) {
        ema(x.p(), x.g(step), n, decay);
        reference::ema(truth.p(), truth.g(step), n, decay);
      }
      expect_close(x, truth);
    }
  }
}

/// Any two sets of options must give other parameters, by more than rounding.
template <class Options, class Run> void expect_all_differ(const std::vector<Options>& options, const Run& run) {
  std::vector<std::vector<double>> results;
  for (const auto& s : options) {
    Arrays<double> x(100);
    run(x, s);
    for (const auto& other : results) {
      double difference = 0;
      for (std::size_t i = 0; i < other.size(); ++i) difference = std::max(difference, std::abs(other[i] - x.param[i]));
      EXPECT_GT(difference, 1e-5) << "options " << results.size();
    }
    results.push_back(x.param);
  }
}
TEST(Update, EveryOptionChangesTheResult) {
  expect_all_differ(adam_options, [](auto& x, const auto& s) { run_adam(fast_adam, x, s, 5); });
  expect_all_differ(sgd_options, [](auto& x, const auto& s) { run_sgd(fast_sgd, x, s, 5); });
}

TYPED_TEST(Update, IsTheSameForAnyNumberOfThreads) {
  using T = TypeParam;
  std::vector<Arrays<T>> results;
  for (int threads : {1, 2, 3}) {
    ThreadScope scope(threads);
    Arrays<T> x(100003), y(100003);
    run_adam(fast_adam, x, {.weight_decay = 0.1}, 3);
    run_sgd(fast_sgd, y, {.momentum = 0.9, .nesterov = true}, 3);
    ema(x.p(), y.p(), x.n, 0.9);
    x.expect_guards();
    results.push_back(x);
    EXPECT_EQ(x.param, results[0].param);
    EXPECT_EQ(x.first, results[0].first);
    EXPECT_EQ(x.second, results[0].second);
  }
}

TYPED_TEST(Update, EmaKeepsOrReplaces) {
  using T = TypeParam;
  std::vector<T> average(37, T(1)), x(37, T(3));
  ema(average.data(), x.data(), 37, 1.0);
  EXPECT_EQ(average, std::vector<T>(37, T(1)));
  ema(average.data(), x.data(), 37, 0.5);
  EXPECT_EQ(average, std::vector<T>(37, T(2)));
  ema(average.data(), x.data(), 37, 0.0);
  EXPECT_EQ(average, x);
}

// PyTorch 2.13 in float64, five elements, four steps: p = sin(i + 1), gradients cos(0.7 (i + 1) step), i from 0.
using Five = std::vector<double>;
void expect_five(const Arrays<double>& x, const Five& truth) {
  for (std::size_t i = 0; i < truth.size(); ++i) EXPECT_NEAR(x.param[Arrays<double>::guard + i], truth[i], 1e-14) << i;
}

TEST(Update, AdamEqualsPyTorch) {
  const std::vector<std::pair<AdamScalars, Five>> cases{
      // Adam(lr=1e-3)
      {{}, {0.8397795297864327, 0.9097578862942626, 0.14320924450170422, -0.7553365257313691, -0.9574319571463727}},
      // Adam(lr=0.02, weight_decay=0.3)
      {{.lr = 0.02, .weight_decay = 0.3, .decoupled = false},
       {0.7916554435803296, 0.8961971446511235, 0.18004270357097146, -0.7124497662320388, -0.9104467639705355}},
      // AdamW(lr=0.02, weight_decay=0.3)
      {{.lr = 0.02, .weight_decay = 0.3},
       {0.7882026393421839, 0.8970045670979904, 0.1789606890097523, -0.709884882172143, -0.906674022244496}},
      // Adam(lr=0.05, betas=(0.5, 0.9), eps=0.1)
      {{.lr = 0.05, .beta1 = 0.5, .beta2 = 0.9, .eps = 0.1},
       {0.8152717942808402, 0.9390754740365774, 0.20961390410824993, -0.710569214756133, -0.9112857466650629}},
      // Adam(lr=0.05, betas=(0, 0.9), eps=0.01), gradients times 0.25
      {{.lr = 0.05, .beta1 = 0, .beta2 = 0.9, .eps = 0.01, .gradient_scale = 0.25},
       {0.8896697325287761, 0.915463022951986, 0.20418682445207031, -0.7340661150566471, -0.9330701053246432}}};
  for (const auto& [options, truth] : cases) {
    Arrays<double> x(5);
    run_adam(fast_adam, x, options, 4);
    expect_five(x, truth);
  }
}

TEST(Update, SgdEqualsPyTorch) {
  const std::vector<std::pair<SgdScalars, Five>> cases{
      // SGD(lr=0.1)
      {{.lr = 0.1},
       {0.892696896316275, 0.9579924408855685, 0.19257370242724986, -0.708508470062294, -0.9067888603895735}},
      // SGD(lr=0.1, weight_decay=0.2), gradients times 0.5
      {{.lr = 0.1, .weight_decay = 0.2, .gradient_scale = 0.5},
       {0.8038396305106706, 0.8611984118350012, 0.1544361420812196, -0.6756576912429338, -0.8601498793712972}},
      // SGD(lr=0.1, momentum=0.9)
      {{.lr = 0.1, .momentum = 0.9},
       {0.7225236548156342, 1.121780948907203, 0.3095529905139074, -0.5645862275279594, -0.7645060363324139}},
      // SGD(lr=0.1, momentum=0.9, dampening=0.4)
      {{.lr = 0.1, .momentum = 0.9, .dampening = 0.4},
       {0.6648908955296848, 1.0134068598972374, 0.31162642768104765, -0.5118606294575663, -0.7134543497609818}},
      // SGD(lr=0.1, momentum=0.8, nesterov=True, weight_decay=0.2), gradients times 0.5
      {{.lr = 0.1, .momentum = 0.8, .nesterov = true, .weight_decay = 0.2, .gradient_scale = 0.5},
       {0.6781995525638705, 0.8210589761737772, 0.18574221236746358, -0.5267065507142231, -0.6855295878383186}}};
  for (const auto& [options, truth] : cases) {
    Arrays<double> x(5);
    run_sgd(fast_sgd, x, options, 4);
    expect_five(x, truth);
  }
}

TYPED_TEST(Update, SumOfSquaresIsExactEnough) {
  using T = TypeParam;
  for (Index n : {0, 1, 7, 16, 17, 1000, 16384, 16385, 300001}) {
    Arrays<T> x(n);
    const double truth = reference::sum_of_squares(x.g(1), n);
    EXPECT_NEAR(sum_of_squares(x.g(1), n), truth, 1e-13 * truth) << n;
  }
  const std::vector<T> small(1000, T(1e-30)), large(1000, T(1e30));  // their squares are no floats
  EXPECT_NEAR(sum_of_squares(small.data(), 1000) * 1e57, 1, 1e-6);
  EXPECT_NEAR(sum_of_squares(large.data(), 1000) * 1e-63, 1, 1e-6);
  EXPECT_TRUE(std::isnan(sum_of_squares(std::vector<T>(9, std::numeric_limits<T>::quiet_NaN()).data(), 9)));
}

TYPED_TEST(Update, SumOfSquaresIsTheSameForAnyNumberOfThreads) {
  using T = TypeParam;
  const Index n = (Index{512} << 14) + 70001;  // more than one batch of blocks
  std::vector<T> x(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(i % 1013) / T(7);
  double one = 0;
  for (int threads : {1, 2, 3}) {
    ThreadScope scope(threads);
    const double sum = sum_of_squares(x.data() + 1, n - 1);
    if (threads == 1) one = sum;
    EXPECT_EQ(sum, one);
  }
  const double truth = reference::sum_of_squares(x.data() + 1, n - 1);
  EXPECT_NEAR(one, truth, 1e-13 * truth);
}

}  // namespace
