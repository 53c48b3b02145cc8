#include "atelier/io/safetensors.hpp"
#include "atelier/models/digits/classifier.hpp"
#include "atelier/ops/softmax.hpp"

namespace atelier::inline v0::digits {

namespace {
/// weights/digits.safetensors, put here by the build.
constexpr unsigned char stored[] = {
#include "digits.inc"
};
}  // namespace

Classifier trained_classifier() {
  const auto file = io::SafetensorsFile::of_bytes(std::as_bytes(std::span(stored)), "weights/digits.safetensors");
  Classifier classifier;
  nn::visit_all(classifier, [&](const std::string& name, auto& p) { p.assign(file.read<float>(name)); });
  return classifier;
}

Verdicts classify(const Classifier& classifier, const Tensor& images, Index chunk) {
  Tape::Pause pause;
  const Index n = images.size(0);
  Verdicts all{Tensor::empty({n, Classifier::classes}), Tensor::empty({n, Classifier::features_size})};
  for (Index begin = 0; begin < n; begin += chunk) {
    const auto h = classifier.features(slice(images, 0, begin, std::min(n, begin + chunk)));
    const auto p = softmax(classifier.output(h));
    std::copy_n(h.data(), h.size(), all.features.mutable_data() + begin * Classifier::features_size);
    std::copy_n(p.data(), p.size(), all.probabilities.mutable_data() + begin * Classifier::classes);
  }
  return all;
}

double accuracy(const Verdicts& verdicts, const IndexTensor& labels) {
  const Index n = verdicts.probabilities.size(0);
  if (labels.shape() != Shape{n})
    throw Error("digits: expected " + std::to_string(n) + " labels, found " + labels.shape().str());
  Index right = 0;
  for (Index i = 0; i < n; ++i) {
    const float* p = verdicts.probabilities.data() + i * Classifier::classes;
    right += std::max_element(p, p + Classifier::classes) - p == labels.data()[i];
  }
  return static_cast<double>(right) / static_cast<double>(std::max<Index>(1, n));
}

}  // namespace atelier::inline v0::digits
