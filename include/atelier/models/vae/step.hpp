/// One update of a VAE.
#pragma once

#include "atelier/models/vae/batch.hpp"
#include "atelier/models/vae/loss.hpp"
#include "atelier/optim/optimizer.hpp"

namespace atelier::inline v0::vae {

/// What a step learnt: means over its batch, in nats per image.
struct StepInfo {
  double loss = 0;  // what was minimised: with beta and free bits
  double reconstruction = 0, kl = 0;
  double negative_elbo() const { return reconstruction + kl; }
};

/// The options at update `step`, counted from 0, when beta grows from 0 over the first `updates`. Bowman et al. 2016
inline LossOptions warmed_up(LossOptions o, Index step, Index updates) {
  if (step < updates) o.beta *= static_cast<double>(step) / static_cast<double>(updates);
  return o;
}

/// One update from a batch, computed in `parts` equal parts to save memory. noise: standard normal [B, Z]. A loss that
/// is not finite changes no parameter. Throws Error when the parts do not divide the batch.
template <Model V, class T = typename V::scalar>
StepInfo step(const V& vae, optim::BasicOptimizer<T>& optimizer, const Batch<T>& batch, const BasicTensor<T>& noise,
              const LossOptions& o = {}, Index parts = 1) {
  if (parts < 1 || batch.size() % parts)
    throw Error("vae: expected a batch of equal parts, found " + std::to_string(batch.size()) + " images in " +
                std::to_string(parts));
  StepInfo info;
  const Index size = batch.size() / parts;
  for (Index begin = 0; begin < batch.size(); begin += size) {
    const auto some = batch.rows(begin, begin + size);
    Tape tape;
    const auto elbo = negative_elbo(vae, some.images, slice(noise, 0, begin, begin + size), some.labels, o);
    optimizer.accumulate(elbo.loss);
    info.loss += static_cast<double>(elbo.loss.item()) / static_cast<double>(parts);
    info.reconstruction += static_cast<double>(elbo.reconstruction.item()) / static_cast<double>(parts);
    info.kl += static_cast<double>(elbo.kl.item()) / static_cast<double>(parts);
  }
  if (std::isfinite(info.loss)) optimizer.step();
  return info;
}

}  // namespace atelier::inline v0::vae
