/// What a VAE learns from.
#pragma once

#include "atelier/ops/index.hpp"

namespace atelier::inline v0::vae {

/// Images [N, pixels] and, for a conditional model, labels one hot [N, classes].
template <class T> struct Batch {
  BasicTensor<T> images;
  BasicTensor<T> labels;

  Batch rows(Index begin, Index end) const {
    return {slice(images, 0, begin, end), labels ? slice(labels, 0, begin, end) : labels};
  }
  Index size() const { return images.size(0); }
};

}  // namespace atelier::inline v0::vae
