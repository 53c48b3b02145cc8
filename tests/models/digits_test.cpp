// The classifier that the library carries.
#include <gtest/gtest.h>

#include "atelier/data/batches.hpp"
#include "atelier/models/digits/classifier.hpp"
#include "support/data.hpp"
#include "support/formula.hpp"

using namespace atelier;

TEST(Digits, NinetyNinePerCentOfTheTestDigits) {
  const auto folder = data_folder("mnist");
  if (folder.empty()) GTEST_SKIP() << "needs ATELIER_DATA/mnist";
  const auto test = data::load_mnist(folder).test;
  const auto x = reshape(data::slice_images(test, 0, test.count), Shape{test.count, 28, 28, 1});
  const auto verdicts = digits::classify(digits::trained_classifier(), x);
  EXPECT_GE(digits::accuracy(verdicts, data::slice_labels(test, 0, test.count)), 0.99);
}

TEST(Digits, VerdictsDoNotDependOnTheChunk) {
  const auto classifier = digits::trained_classifier();
  const auto x = formula::uniform(1, {7, 28, 28, 1});
  const auto whole = digits::classify(classifier, x), parts = digits::classify(classifier, x, 3);
  for (Index i = 0; i < 70; ++i) EXPECT_NEAR(whole.probabilities.data()[i], parts.probabilities.data()[i], 1e-5);
  for (Index i = 0; i < 7; ++i) {
    double sum = 0;
    for (Index k = 0; k < 10; ++k) sum += whole.probabilities.at({i, k});
    EXPECT_NEAR(sum, 1, 1e-5);
  }
  EXPECT_EQ(whole.features.shape(), Shape({7, 64}));
}

TEST(Digits, OtherShapesAreRefused) {
  const auto classifier = digits::trained_classifier();
  EXPECT_THROW(classifier(Tensor({2, 32, 32, 1}, 0.0f)), Error);
  EXPECT_THROW(classifier(Tensor({2, 28, 28, 3}, 0.0f)), Error);
  EXPECT_THROW(digits::accuracy({Tensor({2, 10}, 0.1f), Tensor({2, 64}, 0.0f)}, IndexTensor({3}, 0)), Error);
}
