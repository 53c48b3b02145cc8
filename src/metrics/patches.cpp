#include "metrics/patches.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "atelier/parallel/team.hpp"

namespace atelier::inline v0::metrics {

namespace {

/// Pixels that are worth a thread of their own.
constexpr Index grain = Index{1} << 14;

struct Moments {
  double sum = 0, squares = 0;
};

/// Offsets of the patches' first pixels in their planes, image by image.
std::vector<std::int32_t> draw_places(const Shape& images, Index count, Index side, Rng& rng) {
  std::vector<std::int32_t> places(static_cast<std::size_t>(images[0] * count));
  for (auto& place : places) {
    const Index top = rng.index(images[2] - side + 1), left = rng.index(images[3] - side + 1);
    place = static_cast<std::int32_t>(top * images[3] + left);
  }
  return places;
}

/// One channel of a patch; its sums are added to `m`.
void copy_patch(const float* from, Index stride, Index side, float* to, Moments& m) {
  for (Index r = 0; r < side; ++r)
    for (Index c = 0; c < side; ++c) {
      const float x = from[r * stride + c];
      to[r * side + c] = x;
      m.sum += x;
      m.squares += static_cast<double>(x) * x;
    }
}

/// x -> scale (x - mean)
struct Normalisation {
  double mean = 0, scale = 0;

  Normalisation(const Moments& m, double n) : mean(m.sum / n) {
    const double variance = m.squares / n - mean * mean;
    if (variance > 1e-14 * mean * mean) scale = 1 / std::sqrt(variance);  // less is the rounding of a constant
  }
};

/// Of each channel, from the sums [N, C] of the images.
std::vector<Normalisation> normalisations(const std::vector<Moments>& moments, Index channels, double pixels) {
  std::vector<Normalisation> all;
  for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
    Moments total;
    for (std::size_t i = c; i < moments.size(); i += static_cast<std::size_t>(channels)) {
      total.sum += moments[i].sum;
      total.squares += moments[i].squares;
    }
    all.emplace_back(total, pixels);
  }
  return all;
}

}  // namespace

Tensor normalised_patches(const Tensor& images, Index count, Index side, Rng& rng) {
  const Index n = images.size(0), channels = images.size(1), width = images.size(3), area = side * side;
  const Index plane = images.size(2) * width;
  const auto places = draw_places(images.shape(), count, side, rng);
  auto patches = Tensor::empty({n * count, channels * area});
  std::vector<Moments> moments(static_cast<std::size_t>(n * channels));
  parallel_for(n, grain / (count * channels * area) + 1, [&](Index begin, Index end) {
    for (Index p = begin * count; p < end * count; ++p)
      for (Index c = 0; c < channels; ++c) {
        const Index from = p / count * channels + c;
        copy_patch(images.data() + from * plane + places[static_cast<std::size_t>(p)], width, side,
                   patches.mutable_data() + (p * channels + c) * area, moments[static_cast<std::size_t>(from)]);
      }
  });
  const auto all = normalisations(moments, channels, static_cast<double>(n * count * area));
  parallel_for(n * count, grain / (channels * area) + 1, [&](Index begin, Index end) {
    for (Index p = begin * channels; p < end * channels; ++p) {
      const auto& [mean, scale] = all[static_cast<std::size_t>(p % channels)];
      float* x = patches.mutable_data() + p * area;
      for (Index k = 0; k < area; ++k) x[k] = static_cast<float>((x[k] - mean) * scale);
    }
  });
  return patches;
}

}  // namespace atelier::inline v0::metrics
