#include "atelier/metrics/nearest_neighbour.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

#include "atelier/parallel/team.hpp"
#include "metrics/checks.hpp"
#include "metrics/product.hpp"

namespace atelier::inline v0::metrics {

namespace {

/// Both sets, one below the other, with their mean subtracted: distances from float products lose less.
struct Points {
  Index real, count, dims;
  Tensor centred;                 // [count, dims]
  std::vector<float> squared;     // norms of the centred points
  float largest = 0;              // of these
  std::vector<const float*> row;  // as they were given

  Points(const Tensor& a, const Tensor& b) : real(a.size(0)), count(a.size(0) + b.size(0)), dims(a.size(1)) {
    for (const Tensor* set : {&a, &b})
      for (Index i = 0; i < set->size(0); ++i) row.push_back(set->data() + i * dims);
    centred = Tensor::empty({count, dims});
    const auto mean = mean_row();
    for (const float* x : row) {
      float* to = centred.mutable_data() + static_cast<Index>(squared.size()) * dims;
      double norm = 0;
      for (Index d = 0; d < dims; ++d) {
        to[d] = static_cast<float>(x[d] - mean[static_cast<std::size_t>(d)]);
        norm += static_cast<double>(to[d]) * to[d];
      }
      if (!(norm < 1e37))
        throw Error("one_nn: expected features below 1e18 in size, found a squared norm of " + text(norm));
      squared.push_back(static_cast<float>(norm));
      largest = std::max(largest, squared.back());
    }
  }

  std::vector<double> mean_row() const {
    std::vector<double> mean(static_cast<std::size_t>(dims));
    for (const float* x : row)
      for (Index d = 0; d < dims; ++d) mean[static_cast<std::size_t>(d)] += x[d] / static_cast<double>(count);
    return mean;
  }
  double distance2(Index i, Index j) const {
    const float *x = row[static_cast<std::size_t>(i)], *y = row[static_cast<std::size_t>(j)];
    double sum = 0;
    for (Index d = 0; d < dims; ++d) {
      const double difference = static_cast<double>(x[d]) - static_cast<double>(y[d]);
      sum += difference * difference;
    }
    return sum;
  }
};

/// The share of real points among the nearest others of point i, whose products with all points are given.
///
/// With u = 2^-24, a float product of k terms is within k u |x||y| of the truth, in any order of its sum, and centring
/// moves squared distances by at most 4 u (|x|^2 + |y|^2); so no squared distance below is off by more than
/// (k + 16) u (|x|^2 + |y|^2), and what is lost to numbers below 2^-126. The nearest point is among those within twice
/// that of the least.
double real_share(const Points& p, Index i, const float* products) {
  const auto& squared = p.squared;
  const auto rough = [&](Index j) { return squared[static_cast<std::size_t>(j)] - 2 * products[j]; };
  float least = std::numeric_limits<float>::infinity();
  for (Index j = 0; j < i; ++j) least = std::min(least, rough(j));
  for (Index j = i + 1; j < p.count; ++j) least = std::min(least, rough(j));
  const double norms = static_cast<double>(squared[static_cast<std::size_t>(i)]) + p.largest;
  const double off = static_cast<double>(p.dims + 16) * (norms * 0x1p-24 + 0x1p-124);
  const double limit = least + 2 * off;
  double nearest = std::numeric_limits<double>::infinity(), ties = 0, real = 0;
  for (Index j = 0; j < p.count; ++j) {
    if (j == i || !(rough(j) <= limit)) continue;
    const double distance = p.distance2(i, j);
    if (distance < nearest) nearest = distance, ties = real = 0;
    if (distance == nearest) ++ties, real += j < p.real;
  }
  return real / ties;
}

/// real_share() of every point.
std::vector<double> real_shares(const Points& p) {
  constexpr Index block = 256;
  std::vector<double> shares(static_cast<std::size_t>(p.count));
  auto products = Tensor::empty({std::min(block, p.count), p.count});
  for (Index begin = 0; begin < p.count; begin += block) {
    const Index rows = std::min(block, p.count - begin);
    row_products(p.centred.data() + begin * p.dims, rows, p.centred.data(), p.count, p.dims, products.mutable_data(),
                 p.count);
    parallel_for(rows, (Index{1} << 14) / p.count + 1, [&](Index first, Index last) {
      for (Index i = first; i < last; ++i)
        shares[static_cast<std::size_t>(begin + i)] = real_share(p, begin + i, products.data() + i * p.count);
    });
  }
  return shares;
}

}  // namespace

OneNn one_nn(const Tensor& real, const Tensor& generated) {
  check_features("one_nn", real, generated, 2);
  const auto shares = real_shares(Points(real, generated));
  const auto middle = shares.begin() + real.size(0);
  const auto n = static_cast<double>(real.size(0)), m = static_cast<double>(generated.size(0));
  const double right_real = std::accumulate(shares.begin(), middle, 0.0);
  const double right_generated = m - std::accumulate(middle, shares.end(), 0.0);
  return {.accuracy = (right_real + right_generated) / (n + m),
          .accuracy_real = right_real / n,
          .accuracy_generated = right_generated / m,
          .protocol = std::to_string(real.size(0)) + " real, " + std::to_string(generated.size(0)) + " generated, " +
                      std::to_string(real.size(1)) +
                      " features; leave-one-out, nearest by Euclidean distance, ties shared"};
}

}  // namespace atelier::inline v0::metrics
