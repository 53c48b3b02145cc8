/// Figures of merit of a VAE on held-out images, in nats per image.
#pragma once

#include <functional>

#include "atelier/metrics/iwae.hpp"
#include "atelier/models/vae/batch.hpp"
#include "atelier/models/vae/loss.hpp"

namespace atelier::inline v0::vae {

/// Means over images of the two terms of the negative ELBO (beta 1), one draw of z for each image.
struct Terms {
  double reconstruction = 0, kl = 0;
  double negative_elbo() const { return reconstruction + kl; }
};

template <Model V, class T = typename V::scalar>
Terms evaluate(const V& vae, const Batch<T>& data, Rng& rng, Index chunk = 500) {
  Terms terms;
  for (Index i = 0; i < data.size(); i += chunk) {
    const auto part = data.rows(i, std::min(data.size(), i + chunk));
    const auto elbo = negative_elbo(vae, part.images, rng, part.labels);
    const double weight = static_cast<double>(part.size()) / static_cast<double>(data.size());
    terms.reconstruction += weight * static_cast<double>(elbo.reconstruction.item());
    terms.kl += weight * static_cast<double>(elbo.kl.item());
  }
  return terms;
}

/// The IWAE-k bound on -log p(x), mean over images. Each image is encoded once; its k draws are decoded together.
template <Model V, class T = typename V::scalar>
double iwae(const V& vae, const Batch<T>& data, Index k, Rng& rng, Index chunk = 500) {
  double sum_of_bounds = 0;
  for (Index i = 0; i < data.size(); i += chunk) {
    const auto part = data.rows(i, std::min(data.size(), i + chunk));
    const auto q = vae.encode(part.images, part.labels);
    const auto bound = metrics::iwae_bound(q.mean, q.logvar, k, rng, [&](const BasicTensor<T>& z, Index b) {
      const auto one = part.rows(b, b + 1);
      const auto labels = one.labels ? expand(one.labels, {k, one.labels.size(1)}) : one.labels;
      return reconstruction_nll(vae.config, vae.decode(z, labels), expand(one.images, {k, one.images.size(1)}));
    });
    sum_of_bounds += static_cast<double>(sum(bound).item());
  }
  return sum_of_bounds / static_cast<double>(data.size());
}

/// Latent dimensions that carry information: variance over images of the posterior mean above `threshold`.
///                                                                                       Burda et al. 2016, sec. 5.1
template <Model V, class T = typename V::scalar>
Index active_units(const V& vae, const Batch<T>& data, double threshold = 0.01) {
  const auto v = variance(vae.encode(data.images, data.labels).mean, {0});
  Index active = 0;
  for (const T& x : v.values()) active += static_cast<double>(x) > threshold;
  return active;
}

}  // namespace atelier::inline v0::vae
