// Root-mean-square normalisation, and residual sums with their normalisation in one pass.
#include "atelier/ops/residual_norm.hpp"

#include "expect_grad.hpp"
#include "support/expect_error.hpp"

using namespace atelier;

namespace {
/// Rows shorter than a vector, odd, several vectors; several units of rows.
const std::vector<Shape> shapes = {{3, 1}, {2, 3, 5}, {4, 19}, {2, 300}, {70, 33}, {0, 4}};

/// A function of both results in which the sum is used before and after the normalisation.
template <class B> B both(const NormedSum<typename B::scalar>& y) { return y.normed * y.sum + exp(y.sum); }

/// Value and gradients of f(x, r, w, b).
template <class F> std::vector<BasicTensor<double>> passes(const F& f, const std::vector<BasicTensor<double>>& x) {
  Tape tape;
  const auto y = f(x[0], x[1], x[2], x[3]);
  auto all = grad(square(y), x, {.allow_unused = true});
  all.push_back(y);
  return all;
}
template <class F, class G> void expect_equal(const F& f, const G& g) {
  for (const Shape& s : shapes) {
    const auto x = draw({s, s, {s[-1]}, {s[-1]}}, {-1, 1}, 3);
    const auto found = passes(f, x), want = passes(g, x);
    for (std::size_t k = 0; k < found.size(); ++k) {
      if (!want[k] || want[k].size() == 0) continue;
      EXPECT_LE(max(abs(found[k] - want[k])).item(), 1e-11) << s.str() << " part " << k;
    }
  }
}
}  // namespace

TEST(Ops, RmsNorm) {
  for (const Shape& s : shapes)
    expect_grad([](const auto& x) { return rms_norm(x[0], x[1], 1e-3); }, {s, {s[-1]}}, {}, 1e-9);
}
TEST(Ops, AddLayerNorm) {
  for (const Shape& s : shapes)
    expect_grad(
        [](const auto& x) {
          using B = std::remove_cvref_t<decltype(x[0])>;
          return both<B>(add_layer_norm(x[0], x[1], x[2], x[3], 1e-3));
        },
        {s, s, {s[-1]}, {s[-1]}}, {}, 1e-9);
}
TEST(Ops, AddRmsNorm) {
  for (const Shape& s : shapes)
    expect_grad(
        [](const auto& x) {
          using B = std::remove_cvref_t<decltype(x[0])>;
          return both<B>(add_rms_norm(x[0], x[1], x[2], 1e-3));
        },
        {s, s, {s[-1]}}, {}, 1e-9);
}
TEST(ResidualNorm, FusedEqualsItsParts) {
  expect_equal([](const auto& x, const auto& r, const auto& w,
                  const auto& b) { return both<BasicTensor<double>>(add_layer_norm(x, r, w, b)); },
               [](const auto& x, const auto& r, const auto& w, const auto& b) {
                 return both<BasicTensor<double>>({x + r, detail::layer_norm_definition(x + r, w, b, 1e-5)});
               });
  expect_equal([](const auto& x, const auto& r, const auto& w,
                  const auto&) { return both<BasicTensor<double>>(add_rms_norm(x, r, w)); },
               [](const auto& x, const auto& r, const auto& w, const auto&) {
                 return both<BasicTensor<double>>({x + r, detail::rms_norm_definition(x + r, w, 1e-6)});
               });
}
TEST(ResidualNorm, OneResultMayBeUnused) {
  const auto x = draw({{3, 5}, {3, 5}, {5}, {5}}, {-1, 1}, 3);
  Tape tape;
  const auto y = add_layer_norm(x[0], x[1], x[2], x[3]);
  const auto d = grad(sum(y.sum), x, {.retain_graph = true, .allow_unused = true});
  EXPECT_EQ(d[0].to_vector(), std::vector<double>(15, 1.0));
  EXPECT_FALSE(d[2]);
  const auto plain = [&] {
    Tape inner;
    return grad(square(layer_norm(x[0] + x[1], x[2], x[3])), x[1]);
  }();
  EXPECT_LE(max(abs(grad(square(y.normed), x[1]) - plain)).item(), 1e-12);
}
TEST(ResidualNorm, SweepsMayBeRepeated) {
  const auto x = draw({{3, 5}, {3, 5}, {5}}, {-1, 1}, 3);
  Tape tape;
  const auto y = both<BasicTensor<double>>(add_rms_norm(x[0], x[1], x[2]));
  const auto once = grad(y, x[0], {.retain_graph = true});
  EXPECT_EQ(once.to_vector(), grad(y, x[0]).to_vector());
}
TEST(ResidualNorm, SameBitsForAnyNumberOfThreads) {
  Rng rng(1);
  const std::vector<Tensor> x{normal({500, 70}, rng), normal({500, 70}, rng), normal({70}, rng), normal({70}, rng)};
  const auto run = [&](int n) {
    const ThreadScope scope(n);
    Tape tape;
    std::vector<float> bits;
    for (const auto& t : grad(both<Tensor>(add_layer_norm(x[0], x[1], x[2], x[3])), x))
      bits.insert(bits.end(), t.data(), t.data() + t.size());
    return bits;
  };
  const auto one = run(1);
  for (const int n : {2, 3}) EXPECT_EQ(one, run(n)) << n << " threads";
}
TEST(ResidualNorm, Errors) {
  const Tensor x({2, 3}, 0.0f), w({3}, 1.0f), v({2}, 1.0f);
  expect_error<Error>([&] { rms_norm(x, v); }, {"rms_norm: expected [..., N], [N]", "[2, 3]"});
  expect_error<Error>([&] { add_rms_norm(x, w, w); }, {"add_rms_norm: expected twice [..., N]"});
  expect_error<Error>([&] { add_layer_norm(x, x, w, v); }, {"add_layer_norm: expected twice [..., N]"});
}
