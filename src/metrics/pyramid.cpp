#include "atelier/metrics/sliced_wasserstein.hpp"
#include "atelier/parallel/team.hpp"
#include "metrics/checks.hpp"

namespace atelier::inline v0::metrics {

namespace {

/// Sizes of a plane and of its half.
struct Sizes {
  Index height, width, half_height, half_width;
  explicit Sizes(const Shape& s) : height(s[2]), width(s[3]), half_height((s[2] + 1) / 2), half_width((s[3] + 1) / 2) {}
};

/// Index i of a row of n, mirrored at its ends: the pixel at the edge stands once.
Index mirrored(Index i, Index n) { return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i; }

float smooth(float a, float b, float c, float d, float e) { return (a + e) * 0.0625f + (b + d) * 0.25f + c * 0.375f; }

/// Smoothed along rows and columns, every second pixel of every second row.
void halve_plane(const float* x, const Sizes& s, float* half) {
  std::vector<float> row(static_cast<std::size_t>(s.width));
  const auto source = [&](Index r) { return x + mirrored(r, s.height) * s.width; };
  const auto pixel = [&](Index c) { return row[static_cast<std::size_t>(mirrored(c, s.width))]; };
  for (Index r = 0; r < s.half_height; ++r) {
    const float *a = source(2 * r - 2), *b = source(2 * r - 1), *c = source(2 * r), *d = source(2 * r + 1),
                *e = source(2 * r + 2);
    for (Index k = 0; k < s.width; ++k) row[static_cast<std::size_t>(k)] = smooth(a[k], b[k], c[k], d[k], e[k]);
    for (Index k = 0; k < s.half_width; ++k)
      half[r * s.half_width + k] =
          smooth(pixel(2 * k - 2), pixel(2 * k - 1), pixel(2 * k), pixel(2 * k + 1), pixel(2 * k + 2));
  }
}

/// Pixel i of the row of twice the length that `half`(0), ..., `half`(n - 1) make with zeros between, smoothed by twice
/// the filter. Mirroring it puts half(1) before the first of them and half(n - 1) behind the last.
template <class Half> float doubled(const Half& half, Index i, Index n) {
  const Index k = i / 2, next = k + 1 < n ? k + 1 : n - 1;
  if (i % 2) return 0.5f * (half(k) + half(next));
  return 0.125f * (half(k ? k - 1 : 1) + half(next)) + 0.75f * half(k);
}

/// x - doubled half
void subtract_doubled(const float* x, const float* half, const Sizes& s, float* lost) {
  std::vector<float> row(static_cast<std::size_t>(s.half_width));
  for (Index r = 0; r < s.height; ++r) {
    for (Index k = 0; k < s.half_width; ++k)
      row[static_cast<std::size_t>(k)] = doubled([&](Index q) { return half[q * s.half_width + k]; }, r, s.half_height);
    const auto pixel = [&](Index k) { return row[static_cast<std::size_t>(k)]; };
    for (Index c = 0; c < s.width; ++c) lost[r * s.width + c] = x[r * s.width + c] - doubled(pixel, c, s.half_width);
  }
}

}  // namespace

std::pair<Tensor, Tensor> laplacian_level(const Tensor& images) {
  if (!images || images.rank() != 4 || images.size(2) < 3 || images.size(3) < 3)
    throw Error("laplacian_level: expected images [N, C, H, W] of at least 3 x 3, found " + shape_text(images));
  const Sizes s(images.shape());
  auto lost = Tensor::empty(images.shape());
  auto half = Tensor::empty({images.size(0), images.size(1), s.half_height, s.half_width});
  const Index planes = images.size(0) * images.size(1), size = s.height * s.width, small = s.half_height * s.half_width;
  parallel_for(planes, (Index{1} << 13) / size + 1, [&](Index begin, Index end) {
    for (Index p = begin; p < end; ++p) {
      const float* x = images.data() + p * size;
      float* h = half.mutable_data() + p * small;
      halve_plane(x, s, h);
      subtract_doubled(x, h, s, lost.mutable_data() + p * size);
    }
  });
  return {lost, half};
}

std::vector<Tensor> laplacian_pyramid(const Tensor& images, int levels) {
  if (levels < 1) throw Error("laplacian_pyramid: expected at least 1 level, found " + std::to_string(levels));
  std::vector<Tensor> pyramid;
  Tensor rest = images;
  while (static_cast<int>(pyramid.size()) + 1 < levels) {
    auto [lost, half] = laplacian_level(rest);
    pyramid.push_back(lost);
    rest = half;
  }
  pyramid.push_back(rest);
  return pyramid;
}

}  // namespace atelier::inline v0::metrics
