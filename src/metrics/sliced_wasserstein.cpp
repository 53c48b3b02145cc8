#include "atelier/metrics/sliced_wasserstein.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <tuple>

#include "atelier/kernels/random.hpp"
#include "atelier/parallel/team.hpp"
#include "metrics/checks.hpp"
#include "metrics/patches.hpp"
#include "metrics/product.hpp"
#include "metrics/radix_sort.hpp"

namespace atelier::inline v0::metrics {

namespace {

/// 1/n sum_i |sort(a)_i - sort(b)_i|; the arrays are used up. `sorted` has room for 2 n numbers.
double wasserstein(float* a, float* b, float* sorted, Index n) {
  radix_sort(a, sorted, n);
  radix_sort(b, sorted + n, n);
  double sum[4] = {};  // interleaved: additions wait for one another
  for (Index i = 0; i < n; ++i) sum[i % 4] += std::abs(static_cast<double>(sorted[i]) - sorted[n + i]);
  return ((sum[0] + sum[1]) + (sum[2] + sum[3])) / static_cast<double>(n);
}

/// Mean over the directions; the projections are computed and sorted for some directions at a time.
double mean_distance(const Tensor& a, const Tensor& b, const Tensor& directions) {
  const Index n = a.size(0), d = a.size(1), count = directions.size(0);
  const Index most = std::clamp<Index>((Index{1} << 24) / n / 16 * 16, 16, 256);  // about 64 MB of numbers
  auto pa = Tensor::empty({std::min(most, count), n}), pb = Tensor::empty({std::min(most, count), n});
  std::vector<double> distances(static_cast<std::size_t>(count));
  for (Index begin = 0; begin < count; begin += most) {
    const Index some = std::min(most, count - begin);
    row_products(directions.data() + begin * d, some, a.data(), n, d, pa.mutable_data(), n);
    row_products(directions.data() + begin * d, some, b.data(), n, d, pb.mutable_data(), n);
    parallel_for(some, (Index{1} << 12) / n + 1, [&](Index first, Index last) {
      auto sorted = Tensor::empty({2 * n});
      for (Index p = first; p < last; ++p)
        distances[static_cast<std::size_t>(begin + p)] =
            wasserstein(pa.mutable_data() + p * n, pb.mutable_data() + p * n, sorted.mutable_data(), n);
    });
  }
  return std::accumulate(distances.begin(), distances.end(), 0.0) / static_cast<double>(count);
}

void check(const Tensor& real, const Tensor& generated, const SwdOptions& o) {
  if (!real || real.rank() != 4 || real.size(0) < 1 || real.size(1) < 1 || !generated ||
      real.shape() != generated.shape())
    throw Error("sliced_wasserstein: expected two sets of images [N, C, H, W] of the same shape, found " +
                shape_text(real) + " and " + shape_text(generated));
  if (o.patches < 1 || o.projections < 1 || o.patch_size < 1 || o.smallest < std::max<Index>(3, o.patch_size))
    throw Error(
        "sliced_wasserstein: expected at least 1 patch and projection, and a smallest level of 3 pixels or more "
        "that holds a patch, found " +
        std::to_string(o.patches) + ", " + std::to_string(o.projections) + ", " + std::to_string(o.smallest) +
        " for patches of " + std::to_string(o.patch_size));
  if (std::min(real.size(2), real.size(3)) < o.smallest)
    throw Error("sliced_wasserstein: expected images of at least " + std::to_string(o.smallest) +
                " pixels a side, found " + real.shape().str());
  check_finite("sliced_wasserstein", "real images", real);
  check_finite("sliced_wasserstein", "generated images", generated);
}

std::string protocol_of(const Swd& swd, const Tensor& images, const SwdOptions& o) {
  std::string heights;
  for (const Index h : swd.heights) heights += " " + std::to_string(h);
  const std::string side = std::to_string(o.patch_size);
  return std::to_string(images.size(0)) + " real and as many generated images " +
         Shape{images.size(1), images.size(2), images.size(3)}.str() + ", any range; Laplacian levels of height" +
         heights + "; " + std::to_string(o.patches) + " patches of " + side + " x " + side +
         " an image and level, normalised by channel; " + std::to_string(o.projections) +
         " projections a level; Wasserstein-1 x 1000";
}

}  // namespace

double sliced_wasserstein(const Tensor& a, const Tensor& b, const Tensor& directions) {
  if (!directions || directions.rank() != 2 || directions.size() == 0)
    throw Error("sliced_wasserstein: expected directions [P, D], found " + shape_text(directions));
  check_features("sliced_wasserstein", a, b, 1);
  if (a.size(0) != b.size(0) || a.size(1) != directions.size(1))
    throw Error("sliced_wasserstein: expected points [N, D] twice and directions [P, D], found " + shape_text(a) +
                ", " + shape_text(b) + " and " + shape_text(directions));
  check_finite("sliced_wasserstein", "directions", directions);
  return mean_distance(a, b, directions);
}

Tensor random_directions(Index count, Index dims, Rng& rng) {
  if (count < 0 || dims < 1)
    throw Error("random_directions: expected at least 1 dimension, found " + Shape{count, dims}.str());
  auto directions = Tensor::empty({count, dims});
  kernels::fill_normal(directions.mutable_data(), directions.size(), 0, 1, rng);
  for (Index p = 0; p < count; ++p) {
    float* direction = directions.mutable_data() + p * dims;
    double squared = 0;
    for (Index d = 0; d < dims; ++d) squared += static_cast<double>(direction[d]) * direction[d];
    for (Index d = 0; d < dims; ++d) direction[d] = static_cast<float>(direction[d] / std::sqrt(squared));
  }
  return directions;
}

Swd sliced_wasserstein(const Tensor& real, const Tensor& generated, Rng& rng, const SwdOptions& options) {
  check(real, generated, options);
  Swd swd;
  std::array<Tensor, 2> rest{real, generated};
  for (bool last = false; !last;) {
    const Index height = rest[0].size(2), width = rest[0].size(3);
    last = (std::min(height, width) + 1) / 2 < options.smallest;
    std::array<Tensor, 2> points;
    for (std::size_t set = 0; set < 2; ++set) {
      Tensor level = rest[set];
      if (!last) std::tie(level, rest[set]) = laplacian_level(level);
      points[set] = normalised_patches(level, options.patches, options.patch_size, rng);
    }
    const Tensor directions = random_directions(options.projections, points[0].size(1), rng);
    swd.heights.push_back(height);
    swd.levels.push_back(1000 * mean_distance(points[0], points[1], directions));
  }
  swd.mean = std::accumulate(swd.levels.begin(), swd.levels.end(), 0.0) / static_cast<double>(swd.levels.size());
  swd.protocol = protocol_of(swd, real, options);
  return swd;
}

}  // namespace atelier::inline v0::metrics
