#include "metrics/ssim.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "atelier/kernels/isa.hpp"
#include "atelier/kernels/simd.hpp"

namespace atelier::inline v0::metrics {

namespace {
constexpr Index widest = 8;  // doubles in a vector
Index padded(Index n) { return (n + widest - 1) / widest * widest; }

/// What the index needs of a window: means of x, y, x^2, y^2, x y.
constexpr int moments = 5;

/// One row of window places: the moments' sums down the columns, then along the row.
struct Rows {
  Index places, stride;
  std::vector<double> sums;             // [moments, stride]
  std::vector<double> contrast, whole;  // of each place

  Rows(Index width, Index side)
      : places(width - side + 1),
        stride(padded(width) + padded(side)),
        sums(static_cast<std::size_t>(moments * stride)),
        contrast(static_cast<std::size_t>(padded(places))),
        whole(contrast.size()) {}
  double* moment(int q) { return sums.data() + q * stride; }
};

/// rows.sums: over the window's rows, beginning at row r, for every column.
template <class V>
ATELIER_INLINE void sum_down(const Plane& x, const Plane& y, Index r, const SsimWindow& w, Rows& rows) {
  for (Index c = 0; c < x.width; c += V::lanes) {
    V sum[moments] = {V(0), V(0), V(0), V(0), V(0)};
    for (Index k = 0; k < w.side(); ++k) {
      const V weight = V(w.weights[static_cast<std::size_t>(k)]);
      const V a = V::load(x.row(r + k) + c), b = V::load(y.row(r + k) + c), wa = weight * a, wb = weight * b;
      sum[0] = sum[0] + wa;
      sum[1] = sum[1] + wb;
      sum[2] = sum[2] + wa * a;
      sum[3] = sum[3] + wb * b;
      sum[4] = sum[4] + wa * b;
    }
    for (int q = 0; q < moments; ++q) sum[q].store(rows.moment(q) + c);
  }
}

/// The index at every place of the row, from rows.sums.
template <class V> ATELIER_INLINE void index_along(const SsimWindow& w, Rows& rows) {
  for (Index c = 0; c < rows.places; c += V::lanes) {
    V m[moments] = {V(0), V(0), V(0), V(0), V(0)};
    for (Index k = 0; k < w.side(); ++k) {
      const V weight = V(w.weights[static_cast<std::size_t>(k)]);
      for (int q = 0; q < moments; ++q) m[q] = m[q] + weight * V::load(rows.moment(q) + c + k);
    }
    const V xx = m[0] * m[0], yy = m[1] * m[1], xy = m[0] * m[1], c1 = V(w.c1), c2 = V(w.c2);
    const V contrast = (2 * (m[4] - xy) + c2) / ((m[2] - xx) + (m[3] - yy) + c2);
    contrast.store(rows.contrast.data() + c);
    (contrast * ((2 * xy + c1) / (xx + yy + c1))).store(rows.whole.data() + c);
  }
}
}  // namespace

Plane::Plane(Index h, Index w)
    : height(h), width(w), stride(padded(w)), pixels(static_cast<std::size_t>(height * stride)) {}

Plane::Plane(const float* image, Index h, Index w, double low) : Plane(h, w) {
  for (Index r = 0; r < h; ++r)
    for (Index c = 0; c < w; ++c) row(r)[c] = static_cast<double>(image[r * w + c]) - low;
}

Plane halve(const Plane& x) {
  Plane half((x.height + 1) / 2, (x.width + 1) / 2);
  for (Index r = 0; r < half.height; ++r) {
    const double *upper = x.row(2 * r), *lower = x.row(std::min(2 * r + 1, x.height - 1));
    for (Index c = 0; c < half.width; ++c) {
      const Index left = 2 * c, right = std::min(left + 1, x.width - 1);
      half.row(r)[c] = ((upper[left] + upper[right]) + (lower[left] + lower[right])) / 4;
    }
  }
  return half;
}

SsimWindow::SsimWindow(Index side, double sigma, double k1, double k2) : c1(k1 * k1), c2(k2 * k2) {
  for (Index i = 0; i < side; ++i) {
    const double distance = static_cast<double>(i - side / 2);
    weights.push_back(std::exp(-distance * distance / (2 * sigma * sigma)));
  }
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& weight : weights) weight /= sum;
}

Similarity similarity(const Plane& x, const Plane& y, const SsimWindow& window) {
  const Index last = x.height - window.side();
  Rows rows(x.width, window.side());
  Similarity sum;
  for (Index r = 0; r <= last; ++r) {
    dispatch([&]<int Bytes>() ATELIER_LAMBDA {
      using V = simd::Vec<double, Bytes / 8>;
      sum_down<V>(x, y, r, window, rows);
      index_along<V>(window, rows);
    });
    for (Index c = 0; c < rows.places; ++c) {
      sum.contrast += rows.contrast[static_cast<std::size_t>(c)];
      sum.whole += rows.whole[static_cast<std::size_t>(c)];
    }
  }
  const double places = static_cast<double>((last + 1) * rows.places);
  return {sum.contrast / places, sum.whole / places};
}

}  // namespace atelier::inline v0::metrics
