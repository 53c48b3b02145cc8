/// How a classifier's verdicts on generated samples spread over the classes.
#pragma once

#include <string>
#include <vector>

#include "atelier/tensor/tensor.hpp"

namespace atelier::inline v0::metrics {

struct ClassHistogram {
  std::vector<Index> counts;   ///< samples whose most probable class this is, [classes]
  Index present = 0;           ///< classes with a sample
  double kl = 0;               ///< KL(histogram || uniform), nats: 0 for even use, log(classes) for a single class
  double mean_confidence = 0;  ///< mean over the samples of the largest probability
  double confident = 0;        ///< share of the samples whose largest probability reaches the threshold
  std::string protocol;
};

/// Of class probabilities [N, classes], each row a distribution (softmax, not logits); ties go to the first class.
/// With h the share of each class, KL = sum_c h_c log(h_c * classes), 0 log 0 = 0.        as in Metz et al. 2017, 3.3.1
/// Throws Error for no samples, a threshold outside [0, 1], or a row that has a number outside [0, 1] or a sum that
/// differs from 1 by more than 0.001: such rows are not probabilities.
ClassHistogram class_histogram(const Tensor& probabilities, double threshold = 0.9);

}  // namespace atelier::inline v0::metrics
