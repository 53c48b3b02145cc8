/// Initial values of parameters, as PyTorch chooses them.
#pragma once

#include <cmath>

#include "atelier/nn/visit.hpp"
#include "atelier/ops/random.hpp"

namespace atelier::inline v0::nn {

/// Uniform in [-bound, bound].
template <class T> void fill_uniform(BasicParam<T>& p, double bound, Rng& rng) {
  kernels::fill_uniform(p.write(), p.size(), static_cast<T>(-bound), static_cast<T>(bound), rng);
}
/// Normal with the given mean and standard deviation.
template <class T> void fill_normal(BasicParam<T>& p, double mean, double deviation, Rng& rng) {
  kernels::fill_normal(p.write(), p.size(), static_cast<T>(mean), static_cast<T>(deviation), rng);
}
template <class T> void fill_constant(BasicParam<T>& p, double value) {
  std::fill_n(p.write(), p.size(), static_cast<T>(value));
}

/// Number of inputs and outputs of each unit that a weight [out, in, ...] feeds.
struct Fan {
  double in, out;
  explicit Fan(const Shape& s)
      : in(s.rank() < 2 ? 1 : static_cast<double>(s.count(1, s.rank()))),
        out(static_cast<double>(s[0]) * (s.rank() > 2 ? static_cast<double>(s.count(2, s.rank())) : 1)) {}
};
/// U(-1/sqrt(fan_in), 1/sqrt(fan_in)): PyTorch's default for Linear and Conv (kaiming_uniform with a = sqrt(5)).
template <class T> void init_default(BasicParam<T>& p, double fan_in, Rng& rng) {
  fill_uniform(p, 1 / std::sqrt(fan_in), rng);
}
/// U(-b, b), b = gain * sqrt(6 / (fan_in + fan_out)).                          Glorot & Bengio 2010
template <class T> void xavier_uniform(BasicParam<T>& p, Rng& rng, double gain = 1) {
  const Fan fan(p.shape());
  fill_uniform(p, gain * std::sqrt(6 / (fan.in + fan.out)), rng);
}
/// N(0, gain^2 / fan_in); gain sqrt(2) for ReLU.                               He et al. 2015
template <class T> void kaiming_normal(BasicParam<T>& p, Rng& rng, double gain = 1.4142135623730951) {
  fill_normal(p, 0, gain / std::sqrt(Fan(p.shape()).in), rng);
}

/// Initialises every layer of `m` that has a member `void init(Rng&)`. Each draws from a stream of its own, named by
/// its path, so that adding a layer does not change the others.
template <class M> void init(M& m, const Rng& rng, const std::string& path = "") {
  if constexpr (requires(Rng & r) { m.init(r); }) {
    Rng own = rng.fork(path);
    m.init(own);
  } else if constexpr (!ParamLike<M>) {  // a bare parameter keeps its value; the module that owns it may have init()
    detail::visit_parts(m, [&](const auto& key, auto& part) { init(part, rng, detail::join(path, key)); });
  }
}

}  // namespace atelier::inline v0::nn
