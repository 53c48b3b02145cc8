/// A small convolutional classifier of MNIST's digits, trained by examples/digit_classifier, whose verdicts and
/// features measure generated digits.
#pragma once

#include <span>

#include "atelier/nn/batch_norm.hpp"
#include "atelier/nn/conv.hpp"
#include "atelier/nn/linear.hpp"
#include "atelier/ops/pool.hpp"

namespace atelier::inline v0::digits {

/// Four 3 x 3 convolutions, each with batch normalisation and ReLU, the last three halving; the mean over places; a
/// dense layer.
template <class T> struct BasicClassifier {
  static constexpr Index side = 28, classes = 10, features_size = 64;

  std::array<nn::BasicConv2d<T>, 4> convs{
      nn::BasicConv2d<T>{.in = 1, .out = 16, .kernel = 3, .padding = 1, .bias = false},
      nn::BasicConv2d<T>{.in = 16, .out = 32, .kernel = 3, .stride = 2, .padding = 1, .bias = false},
      nn::BasicConv2d<T>{.in = 32, .out = 32, .kernel = 3, .stride = 2, .padding = 1, .bias = false},
      nn::BasicConv2d<T>{.in = 32, .out = features_size, .kernel = 3, .stride = 2, .padding = 1, .bias = false}};
  std::array<nn::BasicBatchNorm2d<T>, 4> norms{
      nn::BasicBatchNorm2d<T>{.channels = 16}, nn::BasicBatchNorm2d<T>{.channels = 32},
      nn::BasicBatchNorm2d<T>{.channels = 32}, nn::BasicBatchNorm2d<T>{.channels = features_size}};
  nn::BasicLinear<T> output{features_size, classes};

  /// The last hidden layer: grey images [B, 28, 28, 1] in [0, 1], digits bright, -> [B, 64]. Throws Error for others.
  BasicTensor<T> features(const BasicTensor<T>& x, nn::Mode mode = nn::Mode::eval) const {
    if (x.rank() != 4 || x.shape() != Shape{x.size(0), side, side, 1})
      throw Error("digits: expected images [B, 28, 28, 1], found " + x.shape().str());
    auto h = x;
    for (std::size_t i = 0; i < convs.size(); ++i) h = norms[i](convs[i](h), mode, Activation::relu);
    return global_avg_pool(h);
  }
  /// Logits of the ten digits: [B, 28, 28, 1] -> [B, 10].
  BasicTensor<T> operator()(const BasicTensor<T>& x, nn::Mode mode = nn::Mode::eval) const {
    return output(features(x, mode));
  }
  static void visit(auto& m, auto&& f) { f("convs", m.convs), f("norms", m.norms), f("output", m.output); }
};
using Classifier = BasicClassifier<float>;

/// The trained classifier that the library carries: above 99 per cent of the 10,000 test digits. README.md of weights/
/// says how it was made.
Classifier trained_classifier();

/// What a classifier says of images [N, 28, 28, 1] in [0, 1], computed `chunk` at a time.
struct Verdicts {
  Tensor probabilities;  // [N, 10]
  Tensor features;       // [N, 64]
};
Verdicts classify(const Classifier& classifier, const Tensor& images, Index chunk = 500);

/// Share of the images whose most probable class is their label, [N].
double accuracy(const Verdicts& verdicts, const IndexTensor& labels);

}  // namespace atelier::inline v0::digits
