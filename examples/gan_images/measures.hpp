/// Figures of merit of generated images, with those of real images beside them.
#pragma once

#include <memory>

#include "atelier/models/digits/classifier.hpp"
#include "atelier/train/task.hpp"
#include "data.hpp"

namespace atelier::programs {

class Measures {
 public:
  virtual ~Measures() = default;
  /// A few figures of a few images, at the end of an epoch. images: [N, C, H, W] in [0, 1], as for all functions here.
  virtual train::Record quick(const Tensor& images) const = 0;
  /// How many images quick() is to get.
  virtual Index quick_count() const = 0;
  /// The smaller, the better, of quick()'s figures.
  virtual double score(const train::Record& figures) const = 0;
  /// All figures, and with suffix _real those of as many real images against real ones. Nothing when `proceed` says to
  /// stop.
  virtual std::optional<train::Record> full(const Tensor& images, const train::Proceed& proceed) const = 0;
  /// How full() measures.
  virtual std::string protocol(Index samples) const = 0;
};

/// class_kl, confident, modes by the digit classifier; one_nn and kid of its features, against test digits.
std::unique_ptr<Measures> digit_measures(const ImageData& data, const Rng& rng);

/// swd and ms_ssim, against held-out faces.
std::unique_ptr<Measures> face_measures(const ImageData& data, const Rng& rng);

}  // namespace atelier::programs
