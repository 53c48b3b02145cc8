/// The VAE's objective: the negative evidence lower bound, its two terms apart.
#pragma once

#include "atelier/models/vae/model.hpp"
#include "atelier/ops/loss.hpp"
#include "atelier/ops/reduce.hpp"

namespace atelier::inline v0::vae {

struct LossOptions {
  double beta = 1;       // weight of the KL term (Higgins et al. 2017); a warm-up changes it from step to step
  double free_bits = 0;  // nats: a latent dimension's mean KL below this is not pressed further (Kingma et al. 2016)
};

/// All scalars, in nats per image: means over the batch of sums over pixels and latents.
template <class T> struct Elbo {
  BasicTensor<T> loss;            // what is minimised: reconstruction + beta * kl (with free bits applied)
  BasicTensor<T> reconstruction;  // -E_q[log p(x | z)], one draw
  BasicTensor<T> kl;              // KL(q(z | x) || N(0, I))
};

/// -log p(x | z) for each image, [B], from the decoder's outputs. x: [B, pixels] in [0, 1].
/// The Gaussian of fixed variance leaves its constant out (config.hpp).
template <class T>
BasicTensor<T> reconstruction_nll(const Config& c, const BasicTensor<T>& outputs, const BasicTensor<T>& x) {
  switch (c.likelihood) {
    case Likelihood::bernoulli: return bce_with_logits(outputs, x);
    case Likelihood::gaussian:
      if (c.sigma == 1) return half_squared_error(outputs, x);
      return affine(half_squared_error(outputs, x), static_cast<real_of<T>>(1 / (c.sigma * c.sigma)),
                    static_cast<real_of<T>>(static_cast<double>(c.pixels) * std::log(c.sigma)));
    case Likelihood::gaussian_learned:
      return gaussian_nll(slice(outputs, 1, 0, c.pixels), slice(outputs, 1, c.pixels, 2 * c.pixels), x);
    case Likelihood::categorical: break;
  }
  auto labels = IndexTensor::empty({x.size()});  // grey levels, from 0 to levels - 1
  for (Index i = 0; i < x.size(); ++i) {
    const auto grey = static_cast<double>(real_of<T>(x.data()[i])) * static_cast<double>(c.levels - 1);
    labels.mutable_data()[i] = static_cast<std::int32_t>(std::lround(grey));
  }
  const auto nll = cross_entropy(reshape(outputs, Shape{x.size(), c.levels}), labels);
  return sum(reshape(nll, x.shape()), {1});
}
ATELIER_KERNEL(reconstruction_nll)

/// KL term of the loss: the mean over the batch, or with free bits sum over dimensions of max(free_bits, mean KL).
template <class T> BasicTensor<T> kl_loss(const Gaussian<T>& q, double free_bits) {
  if (free_bits <= 0) return mean(gaussian_kl(q.mean, q.logvar));
  const auto each = map("gaussian_kl", gaussian_kl_term, q.mean, q.logvar);
  return sum(maximum(mean(each, {0}), BasicTensor<T>(Shape{}, T(free_bits))));
}
ATELIER_KERNEL(kl_loss)

/// Negative ELBO of a batch with one draw of z for each image:
///   E_q[-log p(x | z)] + KL(q(z | x) || N(0, I)).                              Kingma & Welling 2014, eq. 10
/// x: [B, pixels] in [0, 1]; noise: standard normal [B, Z]; labels: one hot [B, classes] for a conditional model.
template <Model V, class T = typename V::scalar>
Elbo<T> negative_elbo(const V& vae, const BasicTensor<T>& x, const BasicTensor<T>& noise,
                      const BasicTensor<T>& labels = {}, const LossOptions& o = {}) {
  const Gaussian<T> q = vae.encode(x, labels);
  const auto outputs = vae.decode(q.sample(noise), labels);
  const auto reconstruction = mean(reconstruction_nll(vae.config, outputs, x));
  const auto penalty = kl_loss(q, o.free_bits);
  const auto kl = o.free_bits > 0 ? mean(gaussian_kl(q.mean, q.logvar)) : penalty;
  return {reconstruction + static_cast<real_of<T>>(o.beta) * penalty, reconstruction, kl};
}

/// The same, drawing the noise from `rng`.
template <Model V, class T = typename V::scalar>
Elbo<T> negative_elbo(const V& vae, const BasicTensor<T>& x, Rng& rng, const BasicTensor<T>& labels = {},
                      const LossOptions& o = {}) {
  return negative_elbo(vae, x, normal<T>({x.size(0), vae.config.latent}, rng), labels, o);
}

}  // namespace atelier::inline v0::vae
