/// Pictures from a VAE: samples, reconstructions, paths through the latent space. Images are [N, pixels] in [0, 1].
#pragma once

#include <numbers>

#include "atelier/models/vae/model.hpp"
#include "atelier/ops/reduce.hpp"
#include "atelier/ops/softmax.hpp"

namespace atelier::inline v0::vae {

/// The mean image that the decoder describes: outputs [B, pixels * outputs_per_pixel] -> [B, pixels] in [0, 1].
template <class T> BasicTensor<T> mean_image(const Config& c, const BasicTensor<T>& outputs) {
  switch (c.likelihood) {
    case Likelihood::bernoulli: return sigmoid(outputs);
    case Likelihood::gaussian: return clamp(outputs, 0, 1);
    case Likelihood::gaussian_learned: return clamp(slice(outputs, 1, 0, c.pixels), 0, 1);
    case Likelihood::categorical: break;
  }
  auto grey = BasicTensor<T>::empty({c.levels});
  for (Index i = 0; i < c.levels; ++i)
    grey.mutable_data()[i] = T(static_cast<double>(i) / static_cast<double>(c.levels - 1));
  const auto p = softmax(reshape(outputs, Shape{outputs.size(0), c.pixels, c.levels}));
  return sum(p * grey, {2});
}

/// Images of given latents: z [N, Z] -> [N, pixels].
template <Model V, class T = typename V::scalar>
BasicTensor<T> decode_images(const V& vae, const BasicTensor<T>& z, const BasicTensor<T>& labels = {}) {
  return mean_image(vae.config, vae.decode(z, labels));
}

/// n images from the prior. A conditional model needs n labels, one hot.
template <Model V, class T = typename V::scalar>
BasicTensor<T> sample(const V& vae, Index n, Rng& rng, const BasicTensor<T>& labels = {}) {
  return decode_images(vae, normal<T>({n, vae.config.latent}, rng), labels);
}

/// x encoded to the posterior's mean and decoded again.
template <Model V, class T = typename V::scalar>
BasicTensor<T> reconstruct(const V& vae, const BasicTensor<T>& x, const BasicTensor<T>& labels = {}) {
  return decode_images(vae, vae.encode(x, labels).mean, labels);
}

enum class Path { linear, spherical };

/// `steps` points from a to b (each [1, Z]), both ends included: [steps, Z]. Spherical keeps the radius that a Gaussian
/// prior expects: (sin((1 - t) w) a + sin(t w) b) / sin(w), w the angle between them.        Shoemake 1985
template <class T>
BasicTensor<T> interpolate(const BasicTensor<T>& a, const BasicTensor<T>& b, Index steps, Path path = Path::spherical) {
  if (a.shape() != b.shape() || a.size(0) != 1 || steps < 2)
    throw Error("interpolate: expected two points [1, Z] and at least 2 steps, found " + a.shape().str() + ", " +
                b.shape().str() + ", " + std::to_string(steps));
  const double dot = static_cast<double>(sum(a * b).item());
  const double norms = std::sqrt(static_cast<double>(sum(a * a).item()) * static_cast<double>(sum(b * b).item()));
  const double angle = std::acos(std::clamp(dot / std::max(norms, 1e-30), -1.0, 1.0));
  const bool straight = path == Path::linear || std::sin(angle) < 1e-4;
  std::vector<BasicTensor<T>> points;
  for (Index i = 0; i < steps; ++i) {
    const double t = static_cast<double>(i) / static_cast<double>(steps - 1);
    const double wa = straight ? 1 - t : std::sin((1 - t) * angle) / std::sin(angle);
    const double wb = straight ? t : std::sin(t * angle) / std::sin(angle);
    points.push_back(T(wa) * a + T(wb) * b);
  }
  return concat(points, 0);
}

/// z [1, Z] with one dimension moved over [-extent, extent] in `steps` steps: [steps, Z].
template <class T> BasicTensor<T> traverse(const BasicTensor<T>& z, Index dimension, Index steps, double extent = 3) {
  auto path = BasicTensor<T>::empty({steps, z.size(1)});
  for (Index i = 0; i < steps; ++i) {
    T* row = path.mutable_data() + i * z.size(1);
    std::copy_n(z.data(), z.size(1), row);
    row[dimension] = T(extent * (2 * static_cast<double>(i) / static_cast<double>(std::max<Index>(steps - 1, 1)) - 1));
  }
  return path;
}

}  // namespace atelier::inline v0::vae
