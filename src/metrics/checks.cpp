#include "metrics/checks.hpp"

#include <atomic>
#include <cmath>
#include <cstdio>

#include "atelier/parallel/team.hpp"

namespace atelier::inline v0::metrics {

std::string shape_text(const Tensor& x) { return x ? x.shape().str() : "no tensor"; }

void check_finite(const char* metric, const char* name, const Tensor& x) {
  std::atomic<bool> finite = true;
  parallel_for(x.size(), Index{1} << 16, [&](Index begin, Index end) {
    bool all = true;
    for (Index i = begin; i < end; ++i) all &= std::isfinite(x.data()[i]);
    if (!all) finite = false;
  });
  if (finite) return;
  Index at = 0;
  while (std::isfinite(x.data()[at])) ++at;
  throw Error(std::string(metric) + ": " + name + ": expected finite numbers, found " + text(x.data()[at]) +
              " at element " + std::to_string(at) + " of " + x.shape().str());
}

void check_features(const char* metric, const Tensor& a, const Tensor& b, Index least) {
  for (const Tensor* x : {&a, &b})
    if (!*x || x->rank() != 2 || x->size(0) < least || x->size(1) < 1 || x->size(1) != a.size(1))
      throw Error(std::string(metric) + ": expected [N, D] and [M, D], at least " + std::to_string(least) +
                  " rows each, found " + shape_text(a) + " and " + shape_text(b));
  check_finite(metric, "first set", a);
  check_finite(metric, "second set", b);
}

std::string text(double x) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.6g", x);
  return digits;
}

}  // namespace atelier::inline v0::metrics
