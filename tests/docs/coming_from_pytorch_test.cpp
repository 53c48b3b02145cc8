// Every row of docs/coming_from_pytorch.md: what its right side gives against what PyTorch made of its left side
// (scripts/golden/coming_from_pytorch.py). The rows are taken from the page when this is built.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "atelier/atelier.hpp"
#include "atelier/io/npy.hpp"
#include "atelier/parallel/team.hpp"
#include "support/temp_folder.hpp"

using namespace atelier;

namespace {
using Json = nlohmann::json;

const Json& rows() {
  static const Json all = Json::parse(std::ifstream(ATELIER_TEST_DIR "/golden/coming_from_pytorch.json"));
  return all;
}

template <class T> void compare(const BasicTensor<T>& x, const Json& golden) {
  std::vector<Index> shape;
  for (int i = 0; i < x.rank(); ++i) shape.push_back(x.size(i));
  EXPECT_EQ(Json(shape), golden.at("shape"));
  if (!golden.contains("values")) return;
  const auto truth = golden.at("values").get<std::vector<double>>();
  ASSERT_EQ(static_cast<std::size_t>(x.size()), truth.size());
  for (std::size_t i = 0; i < truth.size(); ++i)
    EXPECT_NEAR(static_cast<double>(x.data()[i]), truth[i], 1e-5 * std::max(1.0, std::abs(truth[i]))) << "at " << i;
}
template <class N>
requires std::is_arithmetic_v<N>
void compare(N number, const Json& golden) {
  if constexpr (std::is_same_v<N, bool>)
    EXPECT_EQ(number, golden.at("value").get<bool>());
  else
    EXPECT_NEAR(static_cast<double>(number), golden.at("value").get<double>(), 1e-6);
}
void compare(const std::string& text, const Json& golden) { EXPECT_EQ(text, golden.at("value").get<std::string>()); }
}  // namespace

class ComingFromPyTorch : public testing::Test {
 protected:
  ComingFromPyTorch() : before_(std::filesystem::current_path()) {
    std::filesystem::current_path(folder_.path());
    io::write_npy("x.npy", x);
    nn::Linear w{3, 4};
    for (Index i = 0; i < w.w.size(); ++i) w.w.write()[i] = static_cast<float>(i) / 10;
    save_weights(w, "w.safetensors");
  }
  ~ComingFromPyTorch() override { std::filesystem::current_path(before_); }

  template <class F> void expect_as_pytorch(const std::string& cell, const F& f) {
    for (const auto& row : rows())
      if (row.at("pytorch") == cell) return compare(f(), row);
    FAIL() << "not in tests/golden/coming_from_pytorch.json: " << cell;
  }

  static Tensor tenths(const Shape& shape) {
    auto x = Tensor::empty(shape);
    for (Index i = 0; i < x.size(); ++i) x.mutable_data()[i] = static_cast<float>(i % 7) / 10;
    return x;
  }

  const Tensor x{{2, 3}, {1, -2, 3, 4, 5, -6}}, y{{2, 3}, {0.5f, 1, 2, 3, -1, 0.25f}};
  const Tensor p{{2, 3}, {0.1f, 0.9f, 0.5f, 0.3f, 0.8f, 0.2f}}, v{{3}, {10, 20, 30}};
  const IndexTensor ids{{3}, {2, 0, 1}}, labels{{2}, {2, 0}};
  const Tensor image = tenths({1, 4, 4, 4}), kernel = tenths({4, 4, 3, 3}), sequence = tenths({5, 1, 3}),
               q = tenths({1, 2, 5, 4});
  Rng rng{1};

 private:
  TempFolder folder_;
  std::filesystem::path before_;
};

#include "coming_from_pytorch.inc"

TEST(ComingFromPyTorchPage, EveryGoldenRowStandsInThePage) {
  std::ifstream page(ATELIER_TEST_DIR "/../docs/coming_from_pytorch.md");
  const std::string text{std::istreambuf_iterator<char>(page), {}};
  EXPECT_GE(rows().size(), 90u);
  for (const auto& row : rows())
    EXPECT_NE(text.find("| `" + row.at("pytorch").get<std::string>() + "` | `"), std::string::npos) << row;
}
