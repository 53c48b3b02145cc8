#include "expect_grad.hpp"
#include "support/expect_error.hpp"

using namespace atelier;

TEST(Ops, Add) {
  expect_grad_binary([](const auto& a, const auto& b) { return add(a, b); });
}
TEST(Ops, Sub) {
  expect_grad_binary([](const auto& a, const auto& b) { return sub(a, b); });
}
TEST(Ops, Mul) {
  expect_grad_binary([](const auto& a, const auto& b) { return mul(a, b); });
}
TEST(Ops, Div) {
  expect_grad_binary([](const auto& a, const auto& b) { return div(a, b); }, {0.5, 2});
}
TEST(Ops, Maximum) {
  expect_grad_binary([](const auto& a, const auto& b) { return maximum(a, b); });
}
TEST(Ops, Minimum) {
  expect_grad_binary([](const auto& a, const auto& b) { return minimum(a, b); });
}
TEST(Ops, Affine) {
  expect_grad_unary([](const auto& x) { return affine(x, 3, -2); });
}
TEST(Ops, Neg) {
  expect_grad_unary([](const auto& x) { return neg(x); });
}
TEST(Ops, Reciprocal) {
  expect_grad_unary([](const auto& x) { return reciprocal(x, 3); }, {0.5, 2});
}
TEST(Ops, Exp) {
  expect_grad_unary([](const auto& x) { return exp(x); });
}
TEST(Ops, Expm1) {
  expect_grad_unary([](const auto& x) { return expm1(x); });
}
TEST(Ops, Log) {
  expect_grad_unary([](const auto& x) { return log(x); }, {0.5, 2});
}
TEST(Ops, Log1p) {
  expect_grad_unary([](const auto& x) { return log1p(x); }, {-0.5, 2});
}
TEST(Ops, Sqrt) {
  expect_grad_unary([](const auto& x) { return sqrt(x); }, {0.5, 2});
}
TEST(Ops, Rsqrt) {
  expect_grad_unary([](const auto& x) { return rsqrt(x); }, {0.5, 2});
}
TEST(Ops, Square) {
  expect_grad_unary([](const auto& x) { return square(x); });
}
TEST(Ops, Abs) {
  expect_grad_unary([](const auto& x) { return abs(x); });
}
TEST(Ops, Pow) {
  expect_grad_unary([](const auto& x) { return pow(x, 1.7); }, {0.5, 2});
  expect_grad_unary([](const auto& x) { return pow(x, 3); });
  expect_grad_unary([](const auto& x) { return pow(x, -2); }, {-2, -0.5});
  expect_grad_unary([](const auto& x) { return pow(x, 65); }, {-1.1, -0.9});
}
TEST(Ops, PowOfWholeExponentsTakesAnyNumber) {
  const auto at = [](double x, double p) { return pow(BasicTensor<double>({1}, x), p).item(); };
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  for (const double x : {-3.0, -0.5, 0.0, 2.0, infinity, nan})
    for (const double p : {0.0, 1.0, 2.0, 3.0, 7.0, -1.0, -2.0}) {
      const double expected = std::pow(x, p);
      EXPECT_TRUE(at(x, p) == expected || (std::isnan(at(x, p)) && std::isnan(expected))) << x << " ^ " << p;
    }
  for (const double p : {64.0, 65.0, -65.0, 1e5}) EXPECT_NEAR(at(-1.001, p) / std::pow(-1.001, p), 1, 1e-10) << p;
  const auto slope = [](float x, float p) {
    Tape tape;
    const Tensor point({1}, x);
    return grad(sum(pow(point, p)), point).item();
  };
  for (const float p : {2.0f, 3.0f, 66.0f}) EXPECT_EQ(slope(0, p), 0) << p;
  for (const float p : {-3.0f, -10.0f, -40.0f}) EXPECT_EQ(slope(1e20f, p), 0) << p;
  EXPECT_TRUE(std::isnan(at(-2, 0.5)));
}
TEST(Ops, Sin) {
  expect_grad_unary([](const auto& x) { return sin(x); }, {-4, 4});
}
TEST(Ops, Cos) {
  expect_grad_unary([](const auto& x) { return cos(x); }, {-4, 4});
}
TEST(Ops, Tanh) {
  expect_grad_unary([](const auto& x) { return tanh(x); }, {-3, 3});
}
TEST(Ops, Erf) {
  expect_grad_unary([](const auto& x) { return erf(x); }, {-3, 3});
}
TEST(Ops, Sigmoid) {
  expect_grad_unary([](const auto& x) { return sigmoid(x); }, {-4, 4});
}
TEST(Ops, Softplus) {
  expect_grad_unary([](const auto& x) { return softplus(x); }, {-4, 4});
}
TEST(Ops, Relu) {
  expect_grad_unary([](const auto& x) { return relu(x); });
}
TEST(Ops, LeakyRelu) {
  expect_grad_unary([](const auto& x) { return leaky_relu(x, 0.1); });
}
TEST(Ops, Elu) {
  expect_grad_unary([](const auto& x) { return elu(x, 0.7); });
}
TEST(Ops, Silu) {
  expect_grad_unary([](const auto& x) { return silu(x); }, {-4, 4});
}
TEST(Ops, Gelu) {
  expect_grad_unary([](const auto& x) { return gelu(x); }, {-3, 3});
}
TEST(Ops, GeluTanh) {
  expect_grad_unary([](const auto& x) { return gelu_tanh(x); }, {-3, 3});
}
TEST(Ops, Clamp) {
  expect_grad_unary([](const auto& x) { return clamp(x, -0.4, 0.6); });
}
TEST(Ops, Where) {
  expect_grad([](const auto& x) { return where(less(x[2], x[0]), x[0] * x[0], x[1]); }, {{3, 5}, {5}, {3, 1}});
}
TEST(Ops, MapSum) {
  const auto f = [](const auto& a, const auto& b) {
    return map_sum(
        "test", [](auto x, auto y) { return tanh(x * y) + x; }, a, b);
  };
  for (const Shape& s : {Shape{1}, Shape{3, 0}, Shape{0, 4}, Shape{3, 19}, Shape{2, 3, 7}})
    expect_grad([&](const auto& x) { return f(x[0], x[1]); }, {s, s});
}
TEST(Ops, MapSumKnowsParametersAtEveryOrder) {
  const BasicTensor<double> x({2, 3}, 0.5);
  nn::BasicParam<double> w({2, 3});
  w.assign(BasicTensor<double>({2, 3}, 0.7));
  Tape tape;
  const auto y = sum(map_sum(
      "test", [](auto a, auto b) { return a * b * b; }, x, w));
  const auto first = grad(y, w, {.create_graph = true});
  EXPECT_EQ(grad(sum(first), w).to_vector(), (std::vector<double>(6, 1.0)));
}
TEST(Ops, UserMap) {
  expect_grad_binary([](const auto& a, const auto& b) {
    return map(
        "user", [](auto x, auto y) { return tanh(x * y) / (1 + exp(-x)); }, a, b);
  });
}

TEST(Ops, ComparisonsAreConstants) {
  const Tensor a({3}, {1, 2, 3}), b({3}, {3, 2, 1});
  Tape tape;
  EXPECT_EQ(equal(a, b).to_vector(), (std::vector<float>{0, 1, 0}));
  EXPECT_EQ(less(a, b).to_vector(), (std::vector<float>{1, 0, 0}));
  EXPECT_EQ(less_equal(a, b).to_vector(), (std::vector<float>{1, 1, 0}));
  EXPECT_EQ((a > b).to_vector(), (std::vector<float>{0, 0, 1}));
  EXPECT_EQ((a >= b).to_vector(), (std::vector<float>{0, 1, 1}));
  EXPECT_EQ((a > 2).to_vector(), (std::vector<float>{0, 0, 1}));
  EXPECT_EQ((a >= 2).to_vector(), (std::vector<float>{0, 1, 1}));
  EXPECT_EQ((a < 2).to_vector(), (std::vector<float>{1, 0, 0}));
  EXPECT_EQ((a <= 2).to_vector(), (std::vector<float>{1, 1, 0}));
  EXPECT_EQ(tape.size(), 0u);
  const Tensor one({}, 1);
  EXPECT_TRUE(one < 2);
  EXPECT_FALSE(one > 2);
  EXPECT_FALSE(one == Tensor({}, 2));
  expect_error<Error>([&] { static_cast<void>(static_cast<bool>(a < 2)); }, {"one element", "[3]"});
}
TEST(Ops, AddInto) {
  Tensor a({3}, {1, 2, 3});
  add_into(a, Tensor({3}, {10, 20, 30}));
  EXPECT_EQ(a.to_vector(), (std::vector<float>{11, 22, 33}));
}
TEST(Ops, GradientsThatAreNoNumbersFailTheCheck) {
  const auto broken = [](const auto& x) { return log(x[0]); };
  EXPECT_TRUE(std::isnan(check_gradients(broken, {BasicTensor<double>({2}, {1, -1})}).order1));
}
TEST(Ops, NanIsKept) {
  const float nan = std::nanf("");
  const Tensor x({3}, {1, nan, 3});
  EXPECT_TRUE(std::isnan(max(x).item()));
  EXPECT_TRUE(std::isnan(min(x).item()));
  EXPECT_TRUE(std::isnan(sum(x).item()));
  EXPECT_TRUE(std::isnan(relu(x).at({1})));
  for (const auto& y :
       {maximum(x, Tensor({}, 1)), maximum(Tensor({}, 1), x), minimum(x, Tensor({}, 1)), minimum(Tensor({}, 1), x)})
    EXPECT_TRUE(std::isnan(y.at({1})));
  EXPECT_TRUE(std::isnan(softmax(x).at({0})));
}
