/// Examples from a trained generator.
#pragma once

#include "atelier/models/gan/step.hpp"
#include "atelier/ops/shape.hpp"

namespace atelier::inline v0::gan {

/// Numbers from N(0, 1), those further than `limit` from 0 drawn again: the less the noise strays, the more typical and
/// the more alike the examples.                                                 Brock et al. 2019, "truncation trick"
/// Throws Error for a limit below 0.01, which nearly all draws miss.
template <class T> BasicTensor<T> truncated_normal(const Shape& shape, double limit, Rng& rng) {
  if (!(limit >= 0.01)) throw Error("truncated_normal: expected a limit from 0.01, found " + number_text(limit));
  auto x = BasicTensor<T>::empty(shape);
  for (Index i = 0; i < x.size(); ++i) {
    double v = rng.normal();
    while (std::abs(v) > limit) v = rng.normal();
    x.mutable_data()[i] = static_cast<T>(v);
  }
  return x;
}

/// n examples from noise N(0, I) [n, latent], computed `chunk` at a time. A conditional generator needs n labels.
/// Throws Error for counts below 1 and labels that do not fit.
template <class T, class G>
BasicTensor<T> sample(G& generator, Index n, Index latent, Rng& rng, const IndexTensor& labels = {},
                      Index chunk = 1000) {
  if (n < 1 || chunk < 1)
    throw Error("sample: expected a number of examples and a chunk from 1, found " + std::to_string(n) + " and " +
                std::to_string(chunk));
  if (labels && labels.shape() != Shape{n})
    throw Error("sample: expected " + std::to_string(n) + " labels, found " + labels.shape().str());
  if (labels && !Generator<G, T, IndexTensor>) throw Error("sample: this generator takes no labels");
  const auto z = normal<T>({n, latent}, rng);
  std::vector<BasicTensor<T>> parts;
  for (Index i = 0; i < n; i += chunk) {
    const Index end = std::min(n, i + chunk);
    const auto some = slice(z, 0, i, end);
    if constexpr (Generator<G, T, IndexTensor>)
      parts.push_back(generator(some, nn::Mode::eval, labels ? labels.view({end - i}, i) : labels));
    else
      parts.push_back(generator(some, nn::Mode::eval));
  }
  return concat(parts, 0);
}

}  // namespace atelier::inline v0::gan
