/// Updates of parameters and their moments: one pass over flat arrays, shared by several threads, each element on its
/// own. Sums for the gradient norm, to the same bits for any number of threads.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "atelier/core/scalar.hpp"
#include "atelier/core/shape.hpp"
#include "atelier/kernels/map.hpp"

namespace atelier::inline v0::kernels {

/// What one step of Adam needs, named as in PyTorch.
struct AdamScalars {
  double lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  bool decoupled = true;      // AdamW; otherwise the decay is added to the gradient
  double gradient_scale = 1;  // applied to the gradient before everything else
  Index step = 1;             // number of this update, from 1
};

/// What one step of SGD needs, named as in PyTorch.
struct SgdScalars {
  double lr = 1e-2;
  double momentum = 0, dampening = 0;
  bool nesterov = false;
  double weight_decay = 0;    // added to the gradient
  double gradient_scale = 1;  // applied to the gradient before everything else
};

namespace detail {

/// step(g, x...) on the elements [begin, end) of the arrays: g is read, the K others change in place. The step is
/// inlined once: the last, partial vector goes through padded buffers.
template <class V, class Step, class T, std::size_t K>
ATELIER_INLINE void update_span(const Step& step, const std::array<T*, K>& arrays, const T* g, Index begin, Index end) {
  T padded[K + 1][V::lanes] = {};
  [&]<std::size_t... J>(std::index_sequence<J...>) ATELIER_LAMBDA {
    for (Index i = begin; i < end; i += V::lanes) {
      const Index rest = end - i;
      const bool whole = rest >= V::lanes;
      if (!whole) (std::copy_n(arrays[J] + i, rest, padded[J]), ..., std::copy_n(g + i, rest, padded[K]));
      V x[K] = {V::load(whole ? arrays[J] + i : padded[J])...};
      step(V::load(whole ? g + i : padded[K]), x[J]...);
      (x[J].store(whole ? arrays[J] + i : padded[J]), ...);
      if (!whole) (std::copy_n(padded[J], rest, arrays[J] + i), ...);
    }
  }
  (std::make_index_sequence<K>{});
}

/// The same for whole arrays by several threads. make(V()) gives the step for vectors V: it broadcasts the constants.
template <class Make, class T, std::size_t K>
void update(const Make& make, const std::array<T*, K>& arrays, const T* g, Index n) {
  parallel_for(n, map_grain, [&](Index begin, Index end) {
    dispatch_for<T>([&]<int Bytes>() ATELIER_LAMBDA {
      using V = simd::Vec<T, Bytes / static_cast<int>(sizeof(T))>;
      const std::array<T*, K> own = arrays;
      update_span<V>(make(V()), own, g, begin, end);
    });
  });
}

/// x[0]^2 + ... + x[count - 1]^2 in double: four interleaved sums of vectors.
template <int Bytes, class T> ATELIER_INLINE double squares(const T* x, Index count) {
  using V = simd::Vec<double, Bytes / 8>;
  typedef T Raw __attribute__((vector_size(V::lanes * sizeof(T))));
  V a(0), b(0), c(0), d(0);
  T padded[V::lanes] = {};
  for (Index i = 0; i < count; i += V::lanes) {
    const bool whole = count - i >= V::lanes;
    if (!whole) std::copy_n(x + i, count - i, padded);
    Raw raw;
    __builtin_memcpy(&raw, whole ? x + i : padded, sizeof raw);
    const V y(__builtin_convertvector(raw, typename V::Raw)), next = a + y * y;
    a = b, b = c, c = d, d = next;
  }
  return simd::reduce_add((a + b) + (c + d));
}

}  // namespace detail

/// One step of Adam or AdamW on parameters p with moments m and v, which begin as zeros. g' = scale g [+ decay p];
///   m = b1 m + (1 - b1) g';  v = b2 v + (1 - b2) g'^2;  p -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)
/// after p *= 1 - lr decay when that is decoupled.                      Kingma & Ba 2015; Loshchilov & Hutter 2019
template <Real T> void adam(T* p, T* m, T* v, const T* g, Index n, const AdamScalars& s) {
  const double t = static_cast<double>(s.step);
  const double rate = s.lr / (1 - std::pow(s.beta1, t)), root = std::sqrt(1 - std::pow(s.beta2, t));
  const auto make = [=]<class V>(const V&) ATELIER_LAMBDA {
    const V scale(s.gradient_scale), decay(s.decoupled ? 0 : s.weight_decay);
    const V keep(s.decoupled ? 1 - s.lr * s.weight_decay : 1), lr(rate), inverse_root(1 / root), eps(s.eps);
    const V b1(s.beta1), c1(1 - s.beta1), b2(s.beta2), c2(1 - s.beta2);
    return [=](const V& gradient, V& param, V& first, V& second) ATELIER_LAMBDA {
      const V d = gradient * scale + param * decay;
      first = first * b1 + d * c1;
      second = second * b2 + d * c2 * d;
      param = param * keep - first * lr / (sqrt(second) * inverse_root + eps);
    };
  };
  detail::update(make, std::array<T*, 3>{p, m, v}, g, n);
}

/// One step of SGD. g' = scale g + decay p; without velocity p -= lr g', with it
///   b = momentum b + (1 - dampening) g';  p -= lr (nesterov ? g' + momentum b : b)
/// The first velocity is g' itself: begin with zeros and dampening 0. `velocity` may be null when momentum is 0.
///                                                           Polyak 1964; Nesterov 1983; Sutskever et al. 2013
template <Real T> void sgd(T* p, T* velocity, const T* g, Index n, const SgdScalars& s) {
  if (!velocity) {
    const auto make = [=]<class V>(const V&) ATELIER_LAMBDA {
      const V scale(s.gradient_scale), decay(s.weight_decay), lr(s.lr);
      return [=](const V& gradient, V& param)
                 ATELIER_LAMBDA { param = param - (gradient * scale + param * decay) * lr; };
    };
    return detail::update(make, std::array<T*, 1>{p}, g, n);
  }
  const auto make = [=]<class V>(const V&) ATELIER_LAMBDA {
    const V scale(s.gradient_scale), decay(s.weight_decay), lr(s.lr), momentum(s.momentum), fresh(1 - s.dampening);
    const V of_gradient(s.nesterov ? 1 : 0), of_velocity(s.nesterov ? s.momentum : 1);
    return [=](const V& gradient, V& param, V& b) ATELIER_LAMBDA {
      const V d = gradient * scale + param * decay;
      b = b * momentum + d * fresh;
      param = param - (d * of_gradient + b * of_velocity) * lr;
    };
  };
  detail::update(make, std::array<T*, 2>{p, velocity}, g, n);
}

/// average += (1 - decay) (x - average)
template <Real T> void ema(T* average, const T* x, Index n, double decay) {
  const auto make = [=]<class V>(const V&) ATELIER_LAMBDA {
    return [weight = V(1 - decay)](const V& value, V& mean) ATELIER_LAMBDA { mean = mean + (value - mean) * weight; };
  };
  detail::update(make, std::array<T*, 1>{average}, x, n);
}

/// Sum of g[i]^2, squared and added in double: blocks of fixed length side by side, their sums in order.
template <Real T> double sum_of_squares(const T* g, Index n) {
  constexpr Index block = Index{1} << 14, batch = 512;  // elements; blocks at a time
  double sum = 0;
  for (Index first = 0; first < n; first += batch * block) {
    double totals[batch];
    const Index blocks = std::min(batch, (n - first + block - 1) / block);
    parallel_for(blocks, 2, [&](Index begin, Index end) {
      dispatch_for<T>([&]<int Bytes>() ATELIER_LAMBDA {
        for (Index b = begin; b < end; ++b)
          totals[b] = detail::squares<Bytes>(g + first + b * block, std::min(block, n - first - b * block));
      });
    });
    for (Index b = 0; b < blocks; ++b) sum += totals[b];
  }
  return sum;
}

}  // namespace atelier::inline v0::kernels
