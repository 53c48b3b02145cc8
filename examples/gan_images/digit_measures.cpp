#include "atelier/metrics/class_histogram.hpp"
#include "atelier/metrics/kid.hpp"
#include "atelier/metrics/nearest_neighbour.hpp"
#include "atelier/ops/image_layout.hpp"
#include "measures.hpp"

namespace atelier::programs {

namespace {

class DigitMeasures : public Measures {
 public:
  DigitMeasures(const ImageData& data, const Rng& rng)
      : data_(data), rng_(rng), classifier_(digits::trained_classifier()) {}

  Index quick_count() const override { return 500; }
  train::Record quick(const Tensor& images) const override {
    const auto h = metrics::class_histogram(look(images).probabilities);
    return train::Record().set("class_kl", h.kl).set("confident", h.confident);
  }
  double score(const train::Record& figures) const override {
    return figures.number("class_kl") - figures.number("confident");
  }
  std::optional<train::Record> full(const Tensor& images, const train::Proceed& proceed) const override {
    const Index n = images.size(0);
    const auto generated = look(images);
    if (proceed && !proceed(0.3)) return std::nullopt;
    const auto held_out = look(data_.unit(data_.some(data_.held_out, n, rng_.fork("held out"))));
    const auto real = look(data_.unit(data_.some(data_.train, n, rng_.fork("real"))));
    if (proceed && !proceed(0.6)) return std::nullopt;
    train::Record r;
    add(r, "", generated, held_out);
    add(r, "_real", real, held_out);
    return r;
  }
  std::string protocol(Index samples) const override {
    const auto held_out = std::min<Index>(samples, static_cast<Index>(data_.held_out.size()));
    return std::to_string(samples) + " samples against " + std::to_string(held_out) +
           " test images, _real: as many training images; digit classifier of the library: confident from 0.9, one_nn "
           "and kid on its last hidden layer";
  }

 private:
  digits::Verdicts look(const Tensor& images) const {
    const Index frame = (images.size(2) - digits::Classifier::side) / 2, end = frame + digits::Classifier::side;
    if (frame < 0) throw ConfigError("data: expected digits of 28 x 28, found " + images.shape().str());
    return digits::classify(classifier_, channels_last(slice(slice(images, 2, frame, end), 3, frame, end)));
  }
  void add(train::Record& r, const std::string& suffix, const digits::Verdicts& v,
           const digits::Verdicts& held_out) const {
    const auto h = metrics::class_histogram(v.probabilities);
    Rng rng = rng_.fork("kid");
    r.set("modes" + suffix, h.present)
        .set("class_kl" + suffix, h.kl)
        .set("confident" + suffix, h.confident)
        .set("one_nn" + suffix, metrics::one_nn(held_out.features, v.features).accuracy)
        .set("kid" + suffix, metrics::kid(held_out.features, v.features, rng).mean);
  }

  const ImageData& data_;
  Rng rng_;
  digits::Classifier classifier_;
};

}  // namespace

std::unique_ptr<Measures> digit_measures(const ImageData& data, const Rng& rng) {
  return std::make_unique<DigitMeasures>(data, rng);
}

}  // namespace atelier::programs
