#include "atelier/metrics/ms_ssim.hpp"
#include "atelier/metrics/sliced_wasserstein.hpp"
#include "atelier/ops/shape.hpp"
#include "measures.hpp"

namespace atelier::programs {

namespace {

class FaceMeasures : public Measures {
 public:
  FaceMeasures(const ImageData& data, const Rng& rng) : data_(data), rng_(rng) {}

  Index quick_count() const override { return std::min<Index>(256, static_cast<Index>(data_.held_out.size())); }
  train::Record quick(const Tensor& images) const override {
    return train::Record().set("swd", distance(held_out(images.size(0)), images));
  }
  double score(const train::Record& figures) const override { return figures.number("swd"); }

  std::optional<train::Record> full(const Tensor& images, const train::Proceed& proceed) const override {
    const auto go_on = [&](double done) { return !proceed || proceed(done); };
    const Tensor real = held_out(images.size(0));
    const Tensor generated = slice(images, 0, 0, real.size(0));
    train::Record r;
    r.set("swd", distance(real, generated));
    if (!go_on(0.5)) return std::nullopt;
    r.set("ms_ssim", alike(generated));
    if (!go_on(0.6)) return std::nullopt;
    const auto others = data_.unit(data_.some(data_.train, real.size(0), rng_.fork("real")));
    r.set("swd_real", distance(slice(real, 0, 0, others.size(0)), others));
    if (!go_on(0.9)) return std::nullopt;
    return r.set("ms_ssim_real", alike(real));
  }
  std::string protocol(Index samples) const override {
    const auto n = std::min<Index>(samples, static_cast<Index>(data_.held_out.size()));
    return std::to_string(n) +
           " samples against as many held-out images, _real: as many training images; swd of "
           "7x7 patches times 1000, mean of the scales down to 16; ms_ssim over " +
           std::to_string(n) + " pairs";
  }

 private:
  Tensor held_out(Index n) const { return data_.unit(data_.some(data_.held_out, n, rng_.fork("held out"))); }
  double distance(const Tensor& real, const Tensor& generated) const {
    Rng rng = rng_.fork("swd");
    return metrics::sliced_wasserstein(real, generated, rng).mean;
  }
  /// Over as many pairs as there are images, so that the work grows with them.
  double alike(const Tensor& images) const {
    Rng rng = rng_.fork("ms_ssim");
    return metrics::ms_ssim_diversity(images, images.size(0), rng).mean;
  }

  const ImageData& data_;
  Rng rng_;
};

}  // namespace

std::unique_ptr<Measures> face_measures(const ImageData& data, const Rng& rng) {
  return std::make_unique<FaceMeasures>(data, rng);
}

}  // namespace atelier::programs
