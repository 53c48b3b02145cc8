/// Several examples as one.
#pragma once

#include "atelier/ops/shape.hpp"

namespace atelier::inline v0::gan {

/// k neighbours of a batch side by side: [B, D] -> [B / k, k D], [B, H, W, C] -> [B / k, H, W, k C]. A discriminator
/// that judges several examples at once sees when a generator makes too few kinds of them.       Lin et al. 2018,
/// PacGAN Throws Error for other ranks and when k does not divide B.
template <class T> BasicTensor<T> pack(const BasicTensor<T>& x, Index k) {
  if ((x.rank() != 2 && x.rank() != 4) || k < 1 || x.size(0) % k)
    throw Error("pack: expected [B, D] or [B, H, W, C] with B a multiple of " + std::to_string(k) + ", found " +
                x.shape().str());
  if (k == 1) return x;
  const Index packs = x.size(0) / k;
  if (x.rank() == 2) return reshape(x, Shape{packs, k * x.size(1)});
  const Index h = x.size(1), w = x.size(2), c = x.size(3);
  return reshape(permute(reshape(x, Shape{packs, k, h, w, c}), {0, 2, 3, 1, 4}), Shape{packs, h, w, k * c});
}

}  // namespace atelier::inline v0::gan
