// Every operation's value against PyTorch's (scripts/golden/ops.py), in double and in float.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "atelier/atelier.hpp"
#include "support/formula.hpp"

using namespace atelier;

namespace {

template <class T> using Function = std::function<BasicTensor<T>(const std::vector<BasicTensor<T>>&)>;

const IndexTensor& labels() {
  static const IndexTensor l({5}, {2, 0, 4, 4, 1});
  return l;
}

/// x rounded to the nearest whole number in [-1, 1].
template <class T> BasicTensor<T> rounded(const BasicTensor<T>& x) { return (x > 0.5) - (x < -0.5); }

template <class T> using Table = std::map<std::string, Function<T>>;

template <class T> Table<T> arithmetic() {
  using X = const std::vector<BasicTensor<T>>&;
  return {
      {"add", [](X x) { return x[0] + x[1]; }},
      {"sub", [](X x) { return x[0] - x[1]; }},
      {"mul", [](X x) { return x[0] * x[1]; }},
      {"div", [](X x) { return x[0] / x[1]; }},
      {"affine", [](X x) { return 3 * x[0] - 2; }},
      {"neg", [](X x) { return -x[0]; }},
      {"reciprocal", [](X x) { return 3 / x[0]; }},
      {"maximum", [](X x) { return maximum(x[0], x[1]); }},
      {"minimum", [](X x) { return minimum(x[0], x[1]); }},
      {"equal", [](X x) { return rounded(x[0]) == rounded(x[1]); }},
      {"less", [](X x) { return x[0] < x[1]; }},
      {"less_equal", [](X x) { return x[1] >= x[0]; }},
      {"where", [](X x) { return where(x[0] < x[1], x[0] * x[0], x[1]); }},
  };
}
template <class T> Table<T> elementwise() {
  using X = const std::vector<BasicTensor<T>>&;
  return {
      {"exp", [](X x) { return exp(x[0]); }},
      {"expm1", [](X x) { return expm1(x[0]); }},
      {"log", [](X x) { return log(x[0]); }},
      {"log1p", [](X x) { return log1p(x[0]); }},
      {"sqrt", [](X x) { return sqrt(x[0]); }},
      {"rsqrt", [](X x) { return rsqrt(x[0]); }},
      {"square", [](X x) { return square(x[0]); }},
      {"abs", [](X x) { return abs(x[0]); }},
      {"pow", [](X x) { return pow(x[0], T(1.7)); }},
      {"sin", [](X x) { return sin(x[0]); }},
      {"cos", [](X x) { return cos(x[0]); }},
      {"tanh", [](X x) { return activate(x[0], Activation::tanh); }},
      {"erf", [](X x) { return erf(x[0]); }},
      {"sigmoid", [](X x) { return activate(x[0], Activation::sigmoid); }},
      {"softplus", [](X x) { return softplus(x[0]); }},
      {"relu", [](X x) { return activate(x[0], Activation::relu); }},
      {"leaky_relu", [](X x) { return activate(x[0], Activation::leaky_relu); }},
      {"elu", [](X x) { return elu(x[0], T(0.7)); }},
      {"silu", [](X x) { return activate(x[0], Activation::silu); }},
      {"gelu", [](X x) { return activate(x[0], Activation::gelu); }},
      {"gelu_tanh", [](X x) { return activate(x[0], Activation::gelu_tanh); }},
      {"clamp", [](X x) { return clamp(x[0], T(-0.4), T(0.6)); }},
  };
}
template <class T> Table<T> structure() {
  using X = const std::vector<BasicTensor<T>>&;
  return {
      {"sum", [](X x) { return sum(x[0]); }},
      {"sum_0", [](X x) { return sum(x[0], {0}); }},
      {"sum_1_keep", [](X x) { return sum(x[0], {1}, true); }},
      {"sum_02",
       [](X x) {
         return sum(x[0], {0, -1});
       }},
      {"mean_12",
       [](X x) {
         return mean(x[0], {1, 2});
       }},
      {"variance_0", [](X x) { return variance(x[0], {0}); }},
      {"variance_unbiased", [](X x) { return variance(x[0], {}, true); }},
      {"max_1", [](X x) { return max(x[0], {1}); }},
      {"min", [](X x) { return min(x[0]); }},
      {"argmax", [](X x) { return cast<T>(argmax(x[0])); }},
      {"expand",
       [](X x) {
         return expand(x[0], {4, 3, 5});
       }},
      {"permute",
       [](X x) {
         return permute(x[0], {2, 0, 1});
       }},
      {"transpose", [](X x) { return transpose(x[0]); }},
      {"slice", [](X x) { return slice(x[0], 1, 1, -1); }},
      {"select_index", [](X x) { return select_index(x[0], -1, -2); }},
      {"concat", [](X x) { return concat(x, 1); }},
      {"stack", [](X x) { return stack(x, 1); }},
      {"split",
       [](X x) {
         return split(x[0], 1, {1, 4})[1];
       }},
      {"embed", [](X x) { return embed(x[0], 1, 2, 8); }},
      {"take", [](X x) { return take(x[0], labels()); }},
      {"scatter_add", [](X x) { return scatter_add(x[0], labels(), 1, 6); }},
      {"pick", [](X x) { return pick(x[0], labels()); }},
  };
}
template <class T> Table<T> layers() {
  using X = const std::vector<BasicTensor<T>>&;
  return {
      {"matmul", [](X x) { return matmul(x[0], x[1]); }},
      {"matmul_tn", [](X x) { return matmul(x[0], x[1], {.transpose_a = true}); }},
      {"matmul_nt", [](X x) { return matmul(x[0], x[1], {.transpose_b = true}); }},
      {"matmul_batched", [](X x) { return matmul(x[0], x[1]); }},
      {"matmul_batched_tt",
       [](X x) {
         return matmul(x[0], x[1], {true, true});
       }},
      {"matmul_shared", [](X x) { return matmul(x[0], x[1]); }},
      {"linear", [](X x) { return linear(x[0], x[1], x[2]); }},
      {"linear_relu", [](X x) { return linear(x[0], x[1], x[2], Activation::relu); }},
      {"linear_gelu", [](X x) { return linear(x[0], x[1], x[2], Activation::gelu); }},
      {"softmax", [](X x) { return softmax(x[0]); }},
      {"log_softmax", [](X x) { return log_softmax(x[0]); }},
      {"logsumexp", [](X x) { return logsumexp(x[0]); }},
      {"layer_norm", [](X x) { return layer_norm(x[0], x[1], x[2]); }},
      {"bce_with_logits", [](X x) { return bce_with_logits(x[0], x[1]); }},
      {"half_squared_error", [](X x) { return half_squared_error(x[0], x[1]); }},
      {"gaussian_nll", [](X x) { return gaussian_nll(x[0], x[1], x[2]); }},
      {"gaussian_kl", [](X x) { return gaussian_kl(x[0], x[1]); }},
      {"cross_entropy", [](X x) { return cross_entropy(x[0], labels()); }},
  };
}
template <class T> Table<T> functions() {
  Table<T> all;
  for (const auto& part : {arithmetic<T>(), elementwise<T>(), structure<T>(), layers<T>()})
    all.insert(part.begin(), part.end());
  return all;
}

Shape shape_of(const nlohmann::json& sizes) {
  Shape shape;
  for (Index n : sizes) shape.push_back(n);
  return shape;
}

template <class T> void expect_golden(double tolerance) {
  std::ifstream file(ATELIER_TEST_DIR "/golden/ops.json");
  const auto golden = nlohmann::json::parse(file);
  const auto table = functions<T>();
  EXPECT_EQ(golden.size(), table.size());
  for (const auto& [name, function] : table) {
    SCOPED_TRACE(name);
    const auto& expected = golden.at(name);
    std::vector<BasicTensor<T>> x;
    for (const auto& in : expected["inputs"])
      x.push_back(formula::uniform<T>(std::uint64_t{expected["seed"]} + x.size(), shape_of(in[0]), in[1], in[2]));
    const auto y = function(x);
    ASSERT_EQ(y.shape(), shape_of(expected["shape"]));
    for (Index i = 0; i < y.size(); ++i) {
      const double want = expected["values"][static_cast<std::size_t>(i)];
      ASSERT_NEAR(y.data()[i], want, tolerance * (1 + std::abs(want))) << "element " << i;
    }
  }
}

}  // namespace

TEST(Golden, ValuesInDoubleAreThoseOfPyTorch) { expect_golden<double>(1e-13); }
TEST(Golden, ValuesInFloatAreNear) { expect_golden<float>(2e-6); }
