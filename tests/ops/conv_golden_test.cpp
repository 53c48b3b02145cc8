// Convolutions and their gradients against PyTorch's (scripts/golden/conv.py), in double and in float.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "atelier/atelier.hpp"
#include "support/formula.hpp"

using namespace atelier;

namespace {

template <class T> using Inputs = std::vector<BasicTensor<T>>;

template <class T> std::map<std::string, std::function<BasicTensor<T>(const Inputs<T>&)>> cases() {
  using X = const Inputs<T>&;
  const Conv2dOptions odd{.stride = {2, 1}, .padding = {1, 2}, .dilation = {1, 2}, .groups = 2};
  const ConvTranspose2dOptions transposed_odd{
      .stride = {3, 2}, .padding = {1, 2}, .output_padding = {2, 1}, .dilation = {1, 3}, .groups = 2};
  return {
      {"plain", [](X x) { return conv2d(x[0], x[1], x[2]); }},
      {"dcgan", [](X x) { return conv2d(x[0], x[1], x[2], {.stride = 2, .padding = 1}); }},
      {"product", [](X x) { return conv2d(x[0], x[1], x[2]); }},
      {"odd", [=](X x) { return conv2d(x[0], x[1], x[2], odd); }},
      {"transposed", [](X x) { return conv_transpose2d(x[0], x[1], x[2]); }},
      {"transposed_dcgan", [](X x) { return conv_transpose2d(x[0], x[1], x[2], {.stride = 2, .padding = 1}); }},
      {"transposed_first", [](X x) { return conv_transpose2d(x[0], x[1], x[2]); }},
      {"transposed_odd", [=](X x) { return conv_transpose2d(x[0], x[1], x[2], transposed_odd); }},
  };
}

Shape shape_of(const nlohmann::json& sizes) { return Shape(std::span<const Index>(sizes.get<std::vector<Index>>())); }

template <class T>
void expect_values(const BasicTensor<T>& found, const nlohmann::json& golden, double tolerance, const char* what) {
  const auto values = golden.get<std::vector<double>>();
  ASSERT_EQ(static_cast<Index>(values.size()), found.size()) << what;
  for (std::size_t i = 0; i < values.size(); ++i)
    ASSERT_NEAR(static_cast<double>(found.values()[i]), values[i], tolerance * (1 + std::abs(values[i])))
        << what << " at " << i;
}

template <class T> void expect_torch(double tolerance) {
  std::ifstream file(ATELIER_TEST_DIR "/golden/conv.json");
  const auto golden = nlohmann::json::parse(file);
  const auto functions = cases<T>();
  ASSERT_EQ(golden.size(), functions.size());
  for (const auto& [name, function] : functions) {
    SCOPED_TRACE(name);
    const auto& g = golden.at(name);
    const auto seed = g.at("seed").template get<std::uint64_t>();
    Inputs<T> x;
    for (std::size_t k = 0; k < 3; ++k) x.push_back(formula::uniform<T>(seed + k, shape_of(g.at("inputs")[k]), -1, 1));
    Tape tape;
    const auto y = function(x);
    ASSERT_EQ(y.shape(), shape_of(g.at("shape")));
    expect_values(y, g.at("values"), tolerance, "value");
    const auto d = grad(sum(y * formula::uniform<T>(seed + 3, y.shape(), -1, 1)), x);
    for (std::size_t k = 0; k < 3; ++k) expect_values(d[k], g.at("gradients")[k], tolerance, "gradient");
  }
}

}  // namespace

TEST(ConvGolden, InDoubleAreThoseOfPyTorch) { expect_torch<double>(1e-12); }
TEST(ConvGolden, InFloatAreThoseOfPyTorch) { expect_torch<float>(1e-5); }
