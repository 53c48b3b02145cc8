#include "atelier/metrics/ms_ssim.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

#include "atelier/parallel/team.hpp"
#include "metrics/checks.hpp"
#include "metrics/ssim.hpp"

namespace atelier::inline v0::metrics {

namespace {

void check(const MsSsimOptions& o) {
  if (o.window < 1 || o.window % 2 == 0 || o.window > 1001)
    throw Error("ms_ssim: expected an odd window up to 1001, found " + std::to_string(o.window));
  if (!(o.sigma > 0) || !(o.high > o.low) || !std::isfinite(o.high - o.low) || !(o.k1 > 0) || !(o.k2 > 0))
    throw Error("ms_ssim: expected a positive sigma, k1, k2 and low < high, found " + text(o.sigma) + ", " +
                text(o.k1) + ", " + text(o.k2) + " and " + text(o.low) + ", " + text(o.high));
  for (const double weight : o.weights)
    if (!(weight > 0)) throw Error("ms_ssim: expected positive weights, found " + text(weight));
  if (o.weights.empty()) throw Error("ms_ssim: expected at least one weight, found none");
}

/// Throws Error unless every pixel lies in the range, up to a thousandth of it.
void check_range(const Tensor& x, const MsSsimOptions& o) {
  check_finite("ms_ssim", "images", x);
  const double slack = 1e-3 * (o.high - o.low), least = o.low - slack, most = o.high + slack;
  std::atomic<bool> inside = true;
  parallel_for(x.size(), Index{1} << 16, [&](Index begin, Index end) {
    bool all = true;
    for (Index i = begin; i < end; ++i) all &= x.data()[i] >= least && x.data()[i] <= most;
    if (!all) inside = false;
  });
  if (inside) return;
  const auto [low, high] = std::minmax_element(x.values().begin(), x.values().end());
  throw Error("ms_ssim: expected pixels from " + text(o.low) + " to " + text(o.high) + ", found " + text(*low) +
              " to " + text(*high) + "; the range is an option");
}

/// The weights of `scales` scales: as given, or the first of them divided by their sum.
std::vector<double> weights_of(const MsSsimOptions& o, int scales) {
  std::vector<double> weights(o.weights.begin(), o.weights.begin() + scales);
  if (weights.size() == o.weights.size()) return weights;
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& weight : weights) weight /= sum;
  return weights;
}

/// Everything that the comparisons of one call have in common.
struct Comparison {
  const MsSsimOptions& options;
  SsimWindow window;
  std::vector<double> weights;
  Index channels, height, width;

  Comparison(const Shape& images, const MsSsimOptions& o)
      : options(o),
        window(o.window, o.sigma, o.k1 * (o.high - o.low), o.k2 * (o.high - o.low)),
        weights(weights_of(o, ms_ssim_scales(images[2], images[3], o))),
        channels(images[1]),
        height(images[2]),
        width(images[3]) {}

  double plane(const float* a, const float* b) const {
    Plane x(a, height, width, options.low), y(b, height, width, options.low);
    double product = 1;
    for (std::size_t s = 0; s < weights.size(); ++s) {
      if (s) x = halve(x), y = halve(y);
      const auto [contrast, whole] = similarity(x, y, window);
      product *= std::pow(std::max(0.0, s + 1 < weights.size() ? contrast : whole), weights[s]);
    }
    return product;
  }
  double operator()(const float* a, const float* b) const {
    double sum = 0;
    for (Index c = 0; c < channels; ++c) sum += plane(a + c * height * width, b + c * height * width);
    return sum / static_cast<double>(channels);
  }
};

using Pair = std::pair<Index, Index>;

/// Image first of `a` with image second of `b`, for each pair.
std::vector<double> compare(const Tensor& a, const Tensor& b, const std::vector<Pair>& pairs, const MsSsimOptions& o) {
  const Comparison comparison(a.shape(), o);
  const Index size = a.shape().count(1, 4);
  std::vector<double> values(pairs.size());
  parallel_for(static_cast<Index>(pairs.size()), 512 / size + 1, [&](Index begin, Index end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
      values[i] = comparison(a.data() + pairs[i].first * size, b.data() + pairs[i].second * size);
  });
  return values;
}

void check_images(const Tensor& x) {
  if (!x || x.rank() != 4 || x.size(1) < 1)
    throw Error("ms_ssim: expected images [N, C, H, W], found " + shape_text(x));
}

}  // namespace

int ms_ssim_scales(Index height, Index width, const MsSsimOptions& options) {
  check(options);
  Index side = std::min(height, width);
  if (side < options.window)
    throw Error("ms_ssim: expected images of at least " + std::to_string(options.window) + " pixels a side, found " +
                std::to_string(height) + " x " + std::to_string(width));
  int scales = 1;
  for (const int most = static_cast<int>(options.weights.size()); scales < most; ++scales) {
    const Index half = (side + 1) / 2;
    if (half < options.window || half == side) break;
    side = half;
  }
  return scales;
}

std::vector<double> ms_ssim(const Tensor& a, const Tensor& b, const MsSsimOptions& options) {
  check_images(a);
  if (!b || a.shape() != b.shape())
    throw Error("ms_ssim: expected images of the same shape, found " + shape_text(a) + " and " + shape_text(b));
  ms_ssim_scales(a.size(2), a.size(3), options);
  check_range(a, options);
  check_range(b, options);
  std::vector<Pair> pairs;
  for (Index i = 0; i < a.size(0); ++i) pairs.emplace_back(i, i);
  return compare(a, b, pairs, options);
}

Diversity ms_ssim_diversity(const Tensor& images, Index pairs, Rng& rng, const MsSsimOptions& options) {
  check_images(images);
  const Index n = images.size(0);
  if (n < 2 || pairs < 1)
    throw Error("ms_ssim_diversity: expected at least 2 images and 1 pair, found " + std::to_string(n) + " and " +
                std::to_string(pairs));
  const int scales = ms_ssim_scales(images.size(2), images.size(3), options);
  check_range(images, options);
  std::vector<Pair> drawn;
  for (Index k = 0; k < pairs; ++k) {
    const Index i = rng.index(n), j = rng.index(n - 1);
    drawn.emplace_back(i, j < i ? j : j + 1);
  }
  const auto values = compare(images, images, drawn, options);
  const auto count = static_cast<double>(pairs);
  Diversity d{.pairs = pairs, .scales = scales, .protocol = {}};
  d.mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  for (const double v : values) d.std += (v - d.mean) * (v - d.mean) / count;
  d.std = std::sqrt(d.std);
  d.protocol = std::to_string(pairs) + " random pairs of " + std::to_string(n) + " images " +
               Shape{images.size(1), images.size(2), images.size(3)}.str() + ", range " + text(options.low) + " to " +
               text(options.high) + ", window " + std::to_string(options.window) + " of sigma " + text(options.sigma) +
               ", " + std::to_string(scales) + " scales";
  return d;
}

}  // namespace atelier::inline v0::metrics
