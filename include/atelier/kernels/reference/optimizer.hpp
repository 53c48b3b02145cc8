/// The optimizers' updates by plain loops in the scalar's own arithmetic: what the fast kernels are tested against.
#pragma once

#include <cmath>

#include "atelier/kernels/optimizer.hpp"

namespace atelier::inline v0::kernels::reference {

template <Real T> void adam(T* p, T* m, T* v, const T* g, Index n, const AdamScalars& s) {
  const T t = T(s.step), lr = T(s.lr), beta1 = T(s.beta1), beta2 = T(s.beta2), decay = T(s.weight_decay);
  for (Index i = 0; i < n; ++i) {
    T d = g[i] * T(s.gradient_scale);
    if (s.decoupled) {
      p[i] -= lr * decay * p[i];
    } else {
      d += decay * p[i];
    }
    m[i] = beta1 * m[i] + (1 - beta1) * d;
    v[i] = beta2 * v[i] + (1 - beta2) * d * d;
    const T mean = m[i] / (1 - std::pow(beta1, t)), square = v[i] / (1 - std::pow(beta2, t));
    p[i] -= lr * mean / (std::sqrt(square) + T(s.eps));
  }
}

template <Real T> void sgd(T* p, T* velocity, const T* g, Index n, const SgdScalars& s) {
  const T momentum = T(s.momentum);
  for (Index i = 0; i < n; ++i) {
    T d = g[i] * T(s.gradient_scale) + T(s.weight_decay) * p[i];
    if (velocity) {
      velocity[i] = momentum * velocity[i] + (1 - T(s.dampening)) * d;
      d = s.nesterov ? d + momentum * velocity[i] : velocity[i];
    }
    p[i] -= T(s.lr) * d;
  }
}

template <Real T> void ema(T* average, const T* x, Index n, double decay) {
  for (Index i = 0; i < n; ++i) average[i] = T(decay) * average[i] + (1 - T(decay)) * x[i];
}

template <Real T> double sum_of_squares(const T* g, Index n) {
  long double sum = 0;
  for (Index i = 0; i < n; ++i) sum += static_cast<long double>(g[i]) * static_cast<long double>(g[i]);
  return static_cast<double>(sum);
}

}  // namespace atelier::inline v0::kernels::reference
