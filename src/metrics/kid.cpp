#include "atelier/metrics/kid.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

#include "atelier/kernels/isa.hpp"
#include "atelier/kernels/simd.hpp"
#include "atelier/parallel/team.hpp"
#include "metrics/checks.hpp"
#include "metrics/product.hpp"

namespace atelier::inline v0::metrics {

namespace {
double cubed(double x) { return x * x * x; }

/// Sum over j of (products_j / d + 1)^3.
double kernel_row_sum(const float* products, Index n, Index d) {
  const double scale = 1 / static_cast<double>(d);
  double sum = 0;
  dispatch([&]<int Bytes>() ATELIER_LAMBDA {
    constexpr int lanes = Bytes / 8;
    using V = simd::Vec<double, lanes>;
    using Single = typename simd::Vec<float, lanes>::Raw;
    V even(0), odd(0);
    Index j = 0;
    for (; j + 2 * lanes <= n; j += 2 * lanes) {
      Single p[2];
      std::memcpy(p, products + j, sizeof p);
      const V x = V(__builtin_convertvector(p[0], typename V::Raw)) * V(scale) + V(1);
      const V y = V(__builtin_convertvector(p[1], typename V::Raw)) * V(scale) + V(1);
      even = even + x * x * x;
      odd = odd + y * y * y;
    }
    sum = simd::reduce_add(even + odd);
    for (; j < n; ++j) sum += cubed(products[j] * scale + 1);
  });
  return sum;
}

/// Mean of the kernel over all pairs of rows; over pairs of different ones when y is x, the `same` set.
double kernel_mean(const Tensor& x, const Tensor& y, bool same) {
  constexpr Index block = 256;
  const Index n = x.size(0), m = y.size(0), d = x.size(1);
  const auto row_sum = [&](const float* row, Index i) {
    const double all = kernel_row_sum(row, m, d);
    return same ? all - cubed(row[i] * (1 / static_cast<double>(d)) + 1) : all;
  };
  auto products = Tensor::empty({std::min(block, n), m});
  std::vector<double> sums(static_cast<std::size_t>(n));
  for (Index begin = 0; begin < n; begin += block) {
    const Index rows = std::min(block, n - begin);
    row_products(x.data() + begin * d, rows, y.data(), m, d, products.mutable_data(), m);
    parallel_for(rows, (Index{1} << 16) / m + 1, [&](Index first, Index last) {
      for (Index i = first; i < last; ++i)
        sums[static_cast<std::size_t>(begin + i)] = row_sum(products.data() + i * m, begin + i);
    });
  }
  const auto pairs = static_cast<double>(n) * static_cast<double>(same ? m - 1 : m);
  return std::accumulate(sums.begin(), sums.end(), 0.0) / pairs;
}

double mmd2(const Tensor& x, const Tensor& y) {
  return kernel_mean(x, x, true) + kernel_mean(y, y, true) - 2 * kernel_mean(x, y, false);
}

/// `count` different rows, drawn at random.
Tensor draw_rows(const Tensor& x, Index count, Rng& rng) {
  const Index d = x.size(1);
  const auto order = rng.permutation(x.size(0));
  auto some = Tensor::empty({count, d});
  for (Index i = 0; i < count; ++i)
    std::copy_n(x.data() + order[static_cast<std::size_t>(i)] * d, d, some.mutable_data() + i * d);
  return some;
}
}  // namespace

double polynomial_mmd2(const Tensor& x, const Tensor& y) {
  check_features("polynomial_mmd2", x, y, 2);
  return mmd2(x, y);
}

Kid kid(const Tensor& real, const Tensor& generated, Rng& rng, const KidOptions& options) {
  check_features("kid", real, generated, 2);
  if (options.subsets < 1 || options.subset_size < 2)
    throw Error("kid: expected at least 1 subset of 2, found " + std::to_string(options.subsets) + " of " +
                std::to_string(options.subset_size));
  const Index n = real.size(0), m = generated.size(0), size = std::min({options.subset_size, n, m});
  std::vector<double> estimates;
  for (Index s = 0; s < options.subsets; ++s) {
    const Tensor x = draw_rows(real, size, rng), y = draw_rows(generated, size, rng);
    estimates.push_back(mmd2(x, y));
  }
  Kid result{.subsets = options.subsets, .subset_size = size, .protocol = {}};
  const auto count = static_cast<double>(estimates.size());
  result.mean = std::accumulate(estimates.begin(), estimates.end(), 0.0) / count;
  for (const double e : estimates) result.std += (e - result.mean) * (e - result.mean) / count;
  result.std = std::sqrt(result.std);
  result.protocol = std::to_string(n) + " real, " + std::to_string(m) + " generated, " + std::to_string(real.size(1)) +
                    " features; unbiased squared MMD, kernel (x.y/D + 1)^3; mean and deviation over " +
                    std::to_string(options.subsets) + " subsets of " + std::to_string(size) + ", without replacement";
  return result;
}

}  // namespace atelier::inline v0::metrics
