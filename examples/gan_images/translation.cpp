#include "translation.hpp"

#include <numeric>

#include "atelier/metrics/ms_ssim.hpp"
#include "atelier/ops/arithmetic.hpp"
#include "atelier/ops/shape.hpp"

namespace atelier::programs {

namespace {
Tensor luma(const Tensor& x) {
  constexpr float weights[] = {0.299f, 0.587f, 0.114f};
  if (x.size(3) != 3) throw ConfigError("--task: expected colour images, found " + x.shape().str());
  auto y = Tensor::empty({x.size(0), x.size(1), x.size(2), 1});
  for (Index i = 0; i < y.size(); ++i) {
    const float* p = x.data() + 3 * i;
    y.mutable_data()[i] = weights[0] * p[0] + weights[1] * p[1] + weights[2] * p[2];
  }
  return y;
}

/// [B, H, W, 1]: 0 in each image's square.
Tensor known(const Shape& s, Rng* places) {
  Tensor mask({s[0], s[1], s[2], 1}, 1.0f);
  const Index height = s[1] / 2, width = s[2] / 2;
  for (Index b = 0; b < s[0]; ++b) {
    const Index top = places ? places->index(s[1] - height + 1) : height / 2;
    const Index left = places ? places->index(s[2] - width + 1) : width / 2;
    for (Index y = top; y < top + height; ++y)
      std::fill_n(mask.mutable_data() + (b * s[1] + y) * s[2] + left, width, 0.0f);
  }
  return mask;
}

double psnr(const Tensor& a, const Tensor& b) {
  const Index n = a.size(0), numbers = a.size() / n;
  double sum = 0;
  for (Index i = 0; i < n; ++i) {
    double square = 0;
    for (Index k = i * numbers; k < (i + 1) * numbers; ++k) square += std::pow(a.data()[k] - b.data()[k], 2);
    sum += -10 * std::log10(std::max(square / static_cast<double>(numbers), 1e-10));
  }
  return sum / static_cast<double>(n);
}
double similarity(const Tensor& a, const Tensor& b) {
  const auto each = metrics::ms_ssim(a, b);
  return std::accumulate(each.begin(), each.end(), 0.0) / static_cast<double>(each.size());
}
}  // namespace

Tensor given(Job job, const Tensor& images, Rng* places) {
  if (job == Job::colorize) return luma(images);
  const auto mask = known(images.shape(), places);
  return gan::append(images * mask, mask);
}

Tensor shown(Job job, const Tensor& given, Index channels) {
  if (job == Job::inpaint) return slice(given, -1, 0, channels);
  return expand(given, {given.size(0), given.size(1), given.size(2), channels});
}

train::Record translation_figures(const Tensor& made, const Tensor& input, const Tensor& truth) {
  return train::Record()
      .set("psnr", psnr(made, truth))
      .set("ms_ssim_pair", similarity(made, truth))
      .set("psnr_input", psnr(input, truth))
      .set("ms_ssim_pair_input", similarity(input, truth));
}

}  // namespace atelier::programs
