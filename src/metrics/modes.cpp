#include "atelier/metrics/modes.hpp"

#include <algorithm>
#include <limits>

#include "metrics/checks.hpp"

namespace atelier::inline v0::metrics {

namespace {
struct Nearest {
  Index centre = 0;
  double squared = 0;  // distance
};

Nearest nearest(const float* x, const Tensor& centres) {
  const Index dims = centres.size(1);
  Nearest best{.centre = -1, .squared = std::numeric_limits<double>::infinity()};
  for (Index k = 0; k < centres.size(0); ++k) {
    double squared = 0;
    for (Index d = 0; d < dims; ++d) {
      const double difference = static_cast<double>(x[d]) - static_cast<double>(centres.data()[k * dims + d]);
      squared += difference * difference;
    }
    if (squared < best.squared) best = {k, squared};
  }
  return best;
}

void check(const Tensor& samples, const Tensor& centres, double sigma, const ModeOptions& options) {
  const auto matrix = [](const Tensor& x) { return x && x.rank() == 2 && x.size() > 0; };
  if (!matrix(samples) || !matrix(centres) || samples.size(1) != centres.size(1))
    throw Error("mode_coverage: expected samples [N, D] and centres [K, D], found " + shape_text(samples) + " and " +
                shape_text(centres));
  check_finite("mode_coverage", "centres", centres);
  if (!(sigma > 0) || !(options.within > 0))
    throw Error("mode_coverage: expected a positive deviation and reach, found " + text(sigma) + " and " +
                text(options.within));
  if (options.at_least < 1)
    throw Error("mode_coverage: expected at least 1 sample to make a mode, found " + std::to_string(options.at_least));
}
}  // namespace

ModeCoverage mode_coverage(const Tensor& samples, const Tensor& centres, double sigma, const ModeOptions& options) {
  check(samples, centres, sigma, options);
  const Index n = samples.size(0), modes = centres.size(0);
  ModeCoverage coverage{.samples = std::vector<Index>(static_cast<std::size_t>(modes)), .protocol = {}};
  const double reach = options.within * sigma;
  Index good = 0;
  for (Index i = 0; i < n; ++i) {
    const auto [centre, squared] = nearest(samples.data() + i * samples.size(1), centres);
    if (!(squared <= reach * reach)) continue;
    ++coverage.samples[static_cast<std::size_t>(centre)];
    ++good;
  }
  coverage.modes = std::count_if(coverage.samples.begin(), coverage.samples.end(),
                                 [&](Index count) { return count >= options.at_least; });
  coverage.high_quality = static_cast<double>(good) / static_cast<double>(n);
  coverage.protocol = std::to_string(n) + " samples, " + std::to_string(modes) + " modes of deviation " + text(sigma) +
                      "; high quality within " + text(options.within) +
                      " deviations of the nearest centre; a mode counts from " + std::to_string(options.at_least) +
                      " such samples";
  return coverage;
}

}  // namespace atelier::inline v0::metrics
