#include <gtest/gtest.h>

#include "atelier/atelier.hpp"

using namespace atelier;

namespace {
Tensor vector3(float a, float b, float c) { return Tensor({3}, {a, b, c}); }

/// Runs f and returns the text of the Error it throws; fails when it throws none.
template <class F> std::string error_of(const F& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  ADD_FAILURE() << "no Error was thrown";
  return "";
}
}  // namespace

TEST(Tape, GivesGradientsOfNamedTargets) {
  const Tensor w = vector3(1, 2, 3), x = vector3(4, 5, 6);
  Tape tape;
  auto [gw, gx] = grad(sum(w * x), {w, x});
  EXPECT_EQ(gw.to_vector(), x.to_vector());
  EXPECT_EQ(gx.to_vector(), w.to_vector());
}

TEST(Tape, RecordsNothingWithoutATape) {
  const auto y = tanh(vector3(1, 2, 3));
  EXPECT_FALSE(Tape::recording());
  Tape tape;
  EXPECT_EQ(tape.size(), 0u);
  EXPECT_NE(error_of([&] { grad(sum(y), vector3(0, 0, 0)); }).find("does not influence"), std::string::npos);
}

TEST(Tape, ASweepConsumesUnlessToldToKeep) {
  const Tensor x = vector3(1, 2, 3);
  Tape tape;
  const auto loss = sum(square(x));
  grad(loss, x, {.retain_graph = true});
  grad(loss, x);
  EXPECT_NE(error_of([&] { grad(loss, x); }).find("swept before"), std::string::npos);
}

TEST(Tape, OuterTensorsAreConstantsInside) {
  const Tensor x = vector3(1, 2, 3);
  Tape outer;
  const auto y = square(x);
  Tensor inner_gradient;
  {
    Tape inner;
    inner_gradient = grad(sum(square(y)), y);
    EXPECT_NE(error_of([&] { grad(sum(square(y)), x); }).find("does not influence"), std::string::npos);
  }
  const auto g = grad(sum(y * inner_gradient), x);  // inner_gradient = 2 y is a constant here: d = 2 x * 2 y
  EXPECT_EQ(g.to_vector(), (std::vector<float>{4, 32, 108}));
}

TEST(Tape, TensorsOutliveTheirTape) {
  const Tensor x = vector3(1, 2, 3);
  Tensor y;
  {
    Tape tape;
    y = square(x);
  }
  Tape tape;
  EXPECT_EQ(grad(sum(y * y), y).to_vector(), (std::vector<float>{2, 8, 18}));
  EXPECT_NE(error_of([&] { grad(sum(y), x); }).find("does not influence"), std::string::npos);
}

TEST(Tape, PauseSuspendsRecording) {
  const Tensor x = vector3(1, 2, 3);
  Tape tape;
  Tensor y;
  {
    Tape::Pause pause;
    y = square(x);
  }
  EXPECT_EQ(tape.size(), 0u);
  EXPECT_TRUE(Tape::recording());
  EXPECT_EQ(grad(sum(x * y), x).to_vector(), y.to_vector());
}

TEST(Tape, AParameterUpdatedAfterItWasRecordedIsAnError) {
  nn::Param w({3});
  const Tensor x = vector3(1, 2, 3);
  Tape tape;
  const auto loss = sum(square(w * x));
  w.write()[0] = 5;
  EXPECT_NE(error_of([&] { grad(loss, w); }).find("updated after"), std::string::npos);
  EXPECT_NE(error_of([&] { grad(loss, x); }).find("updated after 'mul'"), std::string::npos);
  EXPECT_EQ(grad(sum(w * x), w).to_vector(), x.to_vector());
}

TEST(Tape, AnUpdateIsNoticedThroughViews) {
  nn::Param w({2, 3});
  const Tensor x = vector3(1, 2, 3);
  const auto before = reshape(w, {6});  // recorded nowhere
  Tape tape;
  const auto row = slice(w, 0, 1, 2), column = reshape(row, {3});
  const auto by_row = sum(row * x), by_column = sum(column * x), by_view = sum(slice(before, 0, 0, 3) * x);
  w.write()[4] = 5;
  for (const auto& loss : {by_row, by_column, by_view})
    EXPECT_NE(error_of([&] { grad(loss, x); }).find("updated after"), std::string::npos);
  EXPECT_EQ(grad(sum(slice(w, 0, 1, 2) * x), x).to_vector(), (std::vector<float>{0, 5, 0}));
}

TEST(Tape, AnOlderVersionThatInfluencesTheLossIsAnError) {
  nn::Param w({3});
  const Tensor x = vector3(1, 2, 3);
  Tape tape;
  const auto old = sum(square(w * x));
  w.write()[0] = 5;
  const auto fresh = sum(w * x);
  EXPECT_EQ(grad(fresh, w, {.retain_graph = true}).to_vector(), x.to_vector());
  EXPECT_NE(error_of([&] { grad(fresh + old, w); }).find("updated after 'mul'"), std::string::npos);
}

TEST(Tape, ThirdDerivativesOfAMapAreRefused) {
  const Tensor x = vector3(1, 2, 3);
  Tape tape;
  const auto g1 = sum(grad(sum(tanh(x)), x, {.create_graph = true}));
  const auto g2 = sum(grad(g1, x, {.create_graph = true}));
  EXPECT_NE(error_of([&] { grad(g2, x); }).find("tanh: derivatives above order 2"), std::string::npos);
}

TEST(Tape, PrunesWhatIsNotAskedFor) {
  const Tensor x({8, 4}, 1.0f), w({3, 4}, 0.5f), b({3}, 0.0f);
  Tape tape;
  const auto loss = sum(linear(x, w, b));
  const auto all = grad(loss, {w, b}, {.retain_graph = true});
  EXPECT_EQ(all[0].shape(), w.shape());
  EXPECT_EQ(grad(loss, b).to_vector(), (std::vector<float>{8, 8, 8}));
}

TEST(Tape, ARuleMayUseItsOwnOutput) {
  const BasicTensor<double> x(Shape{}, 0.3);
  Tape tape;
  BasicTensor<double> y;
  {
    Tape::Pause pause;
    y = tanh(x);
  }
  y = record("tanh'", y, wrt(x, [](const auto& g, const auto& out) { return g * (1 - square(out)); }));
  const auto g = grad(y, x, {.create_graph = true});
  const double t = std::tanh(0.3);
  EXPECT_NEAR(grad(g, x).item(), -2 * t * (1 - t * t), 1e-12);
}

TEST(Tape, ExceptionsInARuleLeaveTheTapeUsable) {
  const Tensor x = vector3(1, 2, 3);
  Tape tape;
  const auto bad = record("bad", copy(x), wrt(x, [](const Tensor&) -> Tensor { throw Error("broken rule"); }));
  EXPECT_EQ(error_of([&] { grad(sum(bad), x); }), "broken rule");
  EXPECT_TRUE(Tape::recording());
  EXPECT_EQ(grad(sum(x + x), x).to_vector(), (std::vector<float>{2, 2, 2}));
}

TEST(Tape, RefusesCotangentsOfAnotherShape) {
  const Tensor x({4, 3}, 1.0f), b({3}, 1.0f), shifted = x + b;
  const auto same = [](const Tensor& g) { return g; };
  Tape tape;
  const auto y = record("shift", shifted, wrt(x, same), wrt(b, same));  // b's should be summed
  EXPECT_EQ(error_of([&] { grad(sum(y), b, {.retain_graph = true}); }),
            "grad: expected a cotangent of [3] from shift, found one of [4, 3]");
  EXPECT_EQ(grad(sum(y), x).shape(), x.shape());
}

TEST(Tape, RefusesAnInputAsItsResult) {
  const Tensor x({2}, 1.0f);
  const auto turned = [](const Tensor& g) { return -g; };
  Tape tape;
  EXPECT_NE(error_of([&] { record("reverse", x, wrt(x, turned)); }).find("reverse: expected a result of its own"),
            std::string::npos);
  const auto y = record("reverse", x.view(x.shape()), wrt(x, turned));
  EXPECT_EQ(grad(sum(y), x).to_vector(), (std::vector<float>{-1, -1}));
}

TEST(Tape, RefusesEmptyHandles) {
  const Tensor x({2}, 1.0f), none;
  Tape tape;
  const auto y = sum(x * x);
  EXPECT_NE(error_of([&] { grad(none, x); }).find("empty handle"), std::string::npos);
  EXPECT_NE(error_of([&] { grad(y, none); }).find("empty handle"), std::string::npos);
}

TEST(Tape, DeepGraphsNeedNoStack) {
  const Tensor x(Shape{}, 1.0f);
  Tape tape;
  Tensor y = x;
  for (int i = 0; i < 200000; ++i) y = y + x;
  EXPECT_EQ(grad(y, x).item(), 200001.0f);
}

TEST(Tape, SecondStepsAllocateNothing) {
  const Tensor x({16, 8}, 0.5f), w({4, 8}, 0.1f), b({4}, 0.0f);
  const auto step = [&] {
    Tape tape;
    const auto g = grad(sum(square(tanh(linear(x, w, b)))), {w, b});
  };
  step();
  const auto before = memory::pool().stats().allocations;
  for (int i = 0; i < 5; ++i) step();
  EXPECT_EQ(memory::pool().stats().allocations, before);
}
