/// One line tests an operation: expect_grad(function, input shapes) checks orders 1 and 2 in double against exact
/// duals.
#pragma once

#include <gtest/gtest.h>

#include "atelier/atelier.hpp"

namespace atelier {

/// Where the numbers of a check are drawn from.
struct Range {
  double low = -1, high = 1;
};

inline std::vector<BasicTensor<double>> draw(const std::vector<Shape>& shapes, Range range, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<BasicTensor<double>> x;
  for (const Shape& s : shapes) {
    auto t = BasicTensor<double>::empty(s);
    for (Index i = 0; i < t.size(); ++i) t.mutable_data()[i] = range.low + (range.high - range.low) * rng.uniform();
    x.push_back(t);
  }
  return x;
}

inline void expect_small(const GradCheck& check, const std::vector<Shape>& shapes, double tolerance) {
  std::string text;
  for (const Shape& s : shapes) text += s.str();
  EXPECT_LE(check.order1, tolerance) << "order 1, shapes " << text;
  EXPECT_LE(check.order2, tolerance) << "order 2, shapes " << text;
}

template <class F>
void expect_grad(const F& f, const std::vector<Shape>& shapes, Range range = {}, double tolerance = 1e-10) {
  expect_small(check_gradients(f, draw(shapes, range, 11)), shapes, tolerance);
}

/// A unary operation over scalars, empty, single, odd and deep shapes.
template <class F> void expect_grad_unary(const F& f, Range range = {}) {
  for (const Shape& s : {Shape{}, Shape{0}, Shape{1}, Shape{3, 0, 2}, Shape{19}, Shape{3, 5, 7}})
    expect_grad([&](const auto& x) { return f(x[0]); }, {s}, range);
}

/// A binary operation over equal and broadcast shapes.
template <class F> void expect_grad_binary(const F& f, Range range = {}) {
  const std::vector<std::vector<Shape>> pairs = {{{}, {}},          {{3, 19}, {3, 19}},  {{3, 19}, {19}},
                                                 {{3, 19}, {3, 1}}, {{4, 1, 5}, {3, 1}}, {{}, {2, 3}},
                                                 {{0, 3}, {3}},     {{1, 1}, {2, 1, 4}}};
  for (const auto& shapes : pairs) expect_grad([&](const auto& x) { return f(x[0], x[1]); }, shapes, range);
}

}  // namespace atelier
