/// Normalisation of channels over a batch, an image, or groups of channels, with the activation in the same pass.
/// Images are channels last: x [B, ..., C].
#pragma once

#include <cmath>

#include "atelier/kernels/channel_norm.hpp"
#include "atelier/ops/activation.hpp"
#include "atelier/ops/reduce.hpp"

namespace atelier::inline v0 {

struct NormOptions {
  double eps = 1e-5;                         // added to the variance
  Activation activation = Activation::none;  // applied to the result; none, relu, leaky_relu, tanh cost no further pass
  double slope = 0.2;                        // of leaky_relu
};

/// What batch_norm saw: the means and (biased) variances of the channels, [C] each, over `count` numbers; constants.
template <class T> struct BatchMoments {
  BasicTensor<T> mean, variance;
  Index count = 0;
};

namespace detail {
/// Calls f with the kernels' form of an activation; those without one are applied afterwards (see finish()).
template <class F> void with_activation(const NormOptions& o, const F& f) {
  switch (o.activation) {
    case Activation::relu: return f(kernels::ReluActivation{});
    case Activation::leaky_relu: return f(kernels::LeakyReluActivation{o.slope});
    case Activation::tanh: return f(kernels::TanhActivation{});
    default: return f(kernels::NoActivation{});
  }
}
inline bool fuses(Activation a) {
  return a == Activation::none || a == Activation::relu || a == Activation::leaky_relu || a == Activation::tanh;
}
template <class T> BasicTensor<T> finish(const BasicTensor<T>& y, const NormOptions& o) {
  return o.activation == Activation::leaky_relu ? leaky_relu(y, static_cast<real_of<T>>(o.slope))
                                                : activate(y, o.activation);
}

/// What is normalised together: rows of a segment, and the channels of a group.
struct NormPlan {
  kernels::ChannelGrid grid;
  Index groups;
  Index count() const { return grid.rows * (grid.channels / std::max<Index>(1, groups)); }
  Index in_group() const { return grid.channels / std::max<Index>(1, groups); }
};

/// Throws Error unless x is [B, ..., C] of at least `rank` dimensions, w and b [C].
template <class T>
void check_norm(const char* op, const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& b, int rank) {
  if (x.rank() < rank || w.shape() != Shape{x.size(-1)} || b.shape() != w.shape())
    throw Error(std::string(op) + ": expected [B, " + (rank > 2 ? "..., " : "") + "C], [C], [C], found " +
                x.shape().str() + ", " + w.shape().str() + ", " + b.shape().str());
}
inline NormPlan whole_batch(const Shape& x) {
  return {{.segments = 1, .rows = x.count(0, x.rank() - 1), .channels = x[-1]}, x[-1]};
}
inline NormPlan each_image(const Shape& x, Index groups) {
  return {{.segments = x[0], .rows = x.count(1, x.rank() - 1), .channels = x[-1]}, groups};
}

/// The composed definition: moments, normalisation, scale and shift, activation.
template <class T>
BasicTensor<T> norm_definition(const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& b,
                               const NormPlan& plan, const NormOptions& o) {
  const auto& g = plan.grid;
  const auto parts = reshape(x, Shape{g.segments, g.rows, plan.groups, plan.in_group()});
  const auto centred = sub(parts, mean(parts, {1, 3}, true));
  const auto spread = rsqrt(affine(mean(square(centred), {1, 3}, true), 1, static_cast<real_of<T>>(o.eps)));
  return finish(add(mul(reshape(mul(centred, spread), x.shape()), w), b), o);
}

/// Arrays of a normalisation in T and in double, [segments, channels] each.
template <class T> BasicTensor<T> columns(const NormPlan& plan, Index arrays = 1) {
  return BasicTensor<T>::empty({arrays, plan.grid.segments, plan.grid.channels});
}

/// mean and 1 / sqrt(variance + eps) of each channel, those of its group, from the channels' own moments.
template <class T>
void group_moments(T* mean, T* spread, T* variance, const double* own_mean, const double* own_m2, const NormPlan& plan,
                   double eps) {
  const Index width = plan.in_group();
  for (Index from = 0; from < plan.grid.columns(); from += width) {
    double m = 0, m2 = 0;
    for (Index c = from; c < from + width; ++c) m += own_mean[c] / static_cast<double>(width);
    for (Index c = from; c < from + width; ++c) {
      const double d = own_mean[c] - m;
      m2 += own_m2[c] + d * d * static_cast<double>(plan.grid.rows);
    }
    const double v = m2 / static_cast<double>(plan.count());
    std::fill_n(mean + from, width, static_cast<T>(m));
    std::fill_n(spread + from, width, static_cast<T>(1 / std::sqrt(v + eps)));
    if (variance) std::fill_n(variance + from, width, static_cast<T>(v));
  }
}

/// A normalisation whose moments are known: what both passes need.
template <class T> struct Normaliser {
  NormPlan plan;
  NormOptions options;
  BasicTensor<T> x, w, b;
  BasicTensor<T> mean, spread;  // [segments, channels]
  bool moves;                   // mean and spread depend on x: their share of the gradient counts

  BasicTensor<T> scale() const {
    auto s = columns<T>(plan);
    for (Index i = 0; i < s.size(); ++i) s.mutable_data()[i] = spread.data()[i] * w.data()[i % plan.grid.channels];
    return s;
  }
  BasicTensor<T> value() const {
    auto y = BasicTensor<T>::empty(x.shape());
    const auto s = scale();
    with_activation(options, [&](const auto& act) {
      kernels::channel_normalise(act, y.mutable_data(), x.data(), {mean.data(), s.data(), b.data()}, plan.grid);
    });
    return y;
  }
  Cotangents<T, 3> gradient(const BasicTensor<T>& g, const Wanted<3>& wanted) const;

 private:
  void sums(BasicTensor<double>& out, const BasicTensor<T>& g, const BasicTensor<T>& s) const {
    auto workspace = BasicTensor<double>::empty({plan.grid.workspace()});
    with_activation(options, [&](const auto& act) {
      kernels::channel_gradient_sums(act, out.mutable_data(), out.mutable_data() + plan.grid.columns(),
                                     workspace.mutable_data(), g.data(), x.data(), {mean.data(), s.data(), b.data()},
                                     plan.grid);
    });
  }
  void of_weights(Cotangents<T, 3>& d, const double* sum, const double* sum_x) const {
    for (Index c = 0; c < plan.grid.channels; ++c) {
      double dw = 0, db = 0;
      for (Index i = c; i < plan.grid.columns(); i += plan.grid.channels) {
        dw += sum_x[i] * static_cast<double>(spread.data()[i]);
        db += sum[i];
      }
      d[1].mutable_data()[c] = static_cast<T>(dw);
      d[2].mutable_data()[c] = static_cast<T>(db);
    }
  }
  /// dx = scale dv - slope (x - mean) - offset with, over each group of n numbers and u = w dv,
  /// slope = spread^3 sum(u (x - mean)) / n, offset = spread sum(u) / n.
  void of_moments(T* slope, T* offset, const double* sum, const double* sum_x) const {
    const Index width = plan.in_group();
    for (Index from = 0; from < plan.grid.columns(); from += width) {
      double u = 0, ux = 0;
      for (Index i = from; i < from + width; ++i) {
        const auto weight = static_cast<double>(w.data()[i % plan.grid.channels]);
        u += weight * sum[i];
        ux += weight * sum_x[i];
      }
      const auto r = static_cast<double>(spread.data()[from]), n = static_cast<double>(plan.count());
      std::fill_n(slope + from, width, static_cast<T>(r * r * r * ux / n));
      std::fill_n(offset + from, width, static_cast<T>(r * u / n));
    }
  }
};

template <class T> Cotangents<T, 3> Normaliser<T>::gradient(const BasicTensor<T>& g, const Wanted<3>& wanted) const {
  Cotangents<T, 3> d;
  const auto s = scale();
  const Index n = plan.grid.columns();
  auto total = columns<double>(plan, 2);
  auto terms = columns<T>(plan, 2);
  const bool weights = wanted[1] || wanted[2];
  if (weights || moves) sums(total, g, s);
  if (weights) {
    d[1] = BasicTensor<T>::empty(w.shape()), d[2] = BasicTensor<T>::empty(b.shape());
    of_weights(d, total.data(), total.data() + n);
  }
  if (!wanted[0]) return d;
  T *slope = terms.mutable_data(), *offset = slope + n;
  if (moves) {
    of_moments(slope, offset, total.data(), total.data() + n);
  } else {
    std::fill_n(slope, 2 * n, T(0));
  }
  d[0] = BasicTensor<T>::empty(x.shape());
  with_activation(options, [&](const auto& act) {
    kernels::channel_gradient(act, d[0].mutable_data(), g.data(), x.data(), {mean.data(), s.data(), b.data()}, slope,
                              offset, plan.grid);
  });
  return d;
}

/// 1 / sqrt(variance + eps), recorded nowhere.
template <class T> BasicTensor<T> constant_spread(const BasicTensor<T>& variance, double eps) {
  Tape::Pause pause;
  return rsqrt(affine(variance, 1, static_cast<real_of<T>>(eps)));
}

template <class T, class Definition>
BasicTensor<T> record_norm(const char* name, Normaliser<T> n, const Definition& define) {
  const BasicTensor<T> x = n.x, w = n.w, b = n.b;
  auto y = n.value();
  return record_fused(
      name, y, {x, w, b},
      [n](const BasicTensor<T>& g, const BasicTensor<T>&, const Wanted<3>& wanted) { return n.gradient(g, wanted); },
      define);
}

/// The normaliser by the moments of x itself; `moments`, if given, receives them.
template <class T>
Normaliser<T> own_normaliser(const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& b,
                             const NormPlan& plan, const NormOptions& o, BatchMoments<T>* moments = nullptr) {
  auto own = columns<double>(plan, 2);
  auto workspace = BasicTensor<double>::empty({plan.grid.workspace()});
  double *mean = own.mutable_data(), *m2 = mean + plan.grid.columns();
  kernels::channel_moments(mean, m2, workspace.mutable_data(), x.data(), plan.grid);
  Normaliser<T> n{plan, o, x, w, b, columns<T>(plan), columns<T>(plan), true};
  BasicTensor<T> variance;
  if (moments) variance = BasicTensor<T>::empty(w.shape());
  group_moments(n.mean.mutable_data(), n.spread.mutable_data(), moments ? variance.mutable_data() : nullptr, mean, m2,
                plan, o.eps);
  if (moments) *moments = {n.mean.view(w.shape()), variance, plan.grid.rows};
  return n;
}

/// The moments of a batch by other operations, for scalars without kernels.
template <class T> BatchMoments<T> batch_moments(const BasicTensor<T>& x, const NormPlan& plan) {
  Tape::Pause pause;
  const auto rows = reshape(x, Shape{plan.grid.rows, plan.grid.channels});
  return {mean(rows, {0}), variance(rows, {0}), plan.grid.rows};
}

template <class T>
BasicTensor<T> norm(const char* name, const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& b,
                    const NormPlan& plan, NormOptions o, BatchMoments<T>* moments = nullptr) {
  if (!fuses(o.activation)) {
    const Activation a = std::exchange(o.activation, Activation::none);
    return activate(norm(name, x, w, b, plan, o, moments), a);
  }
  const auto define = [plan, o](const auto&... xwb) { return norm_definition(xwb..., plan, o); };
  if constexpr (Real<T>) {
    return record_norm(name, own_normaliser(x, w, b, plan, o, moments), define);
  } else {
    if (moments) *moments = batch_moments(x, plan);
    return define(x, w, b);
  }
}
}  // namespace detail

/// (x - mean) / sqrt(variance + eps) * w + b, then the activation, with the moments of each channel over the batch and
/// all places: x [B, ..., C], w and b [C]. `moments`, if given, receives them.                Ioffe & Szegedy 2015
/// Throws Error when the shapes do not fit, or for a single number a channel.
template <class T>
BasicTensor<T> batch_norm(const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& b,
                          const NormOptions& o = {}, BatchMoments<T>* moments = nullptr) {
  detail::check_norm("batch_norm", x, w, b, 2);
  const auto plan = detail::whole_batch(x.shape());
  if (plan.grid.rows < 2) throw Error("batch_norm: expected several numbers a channel, found " + x.shape().str());
  return detail::norm("batch_norm", x, w, b, plan, o, moments);
}
ATELIER_OP(batch_norm)

/// The same with given moments, [C] each, which are constants: what a trained batch normalisation does. They are
/// copied: a running average may go on before the gradient is taken.
template <class T>
BasicTensor<T> batch_norm_by(const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& b,
                             const BasicTensor<T>& mean, const BasicTensor<T>& variance, NormOptions o = {}) {
  detail::check_norm("batch_norm_by", x, w, b, 2);
  if (mean.shape() != w.shape() || variance.shape() != w.shape())
    throw Error("batch_norm_by: expected moments " + w.shape().str() + ", found " + mean.shape().str() + " and " +
                variance.shape().str());
  if (!detail::fuses(o.activation)) {
    const Activation a = std::exchange(o.activation, Activation::none);
    return activate(batch_norm_by(x, w, b, mean, variance, o), a);
  }
  const auto plan = detail::whole_batch(x.shape());
  const auto m = copy(mean), spread = detail::constant_spread(variance, o.eps);
  const auto define = [m, spread, o](const BasicTensor<T>& x_, const BasicTensor<T>& w_, const BasicTensor<T>& b_) {
    return detail::finish(add(mul(mul(sub(x_, m), spread), w_), b_), o);
  };
  if constexpr (!Real<T>) {
    return define(x, w, b);
  } else {
    return detail::record_norm("batch_norm_by", detail::Normaliser<T>{plan, o, x, w, b, m, spread, false}, define);
  }
}
ATELIER_OP(batch_norm_by)

/// (x - mean) / sqrt(variance + eps) * w + b, then the activation, with the moments of each image and group of
/// C / groups neighbouring channels: x [B, ..., C], w and b [C].                                     Wu & He 2018
/// Throws Error when the shapes do not fit or C is no multiple of `groups`.
template <class T>
BasicTensor<T> group_norm(const BasicTensor<T>& x, Index groups, const BasicTensor<T>& w, const BasicTensor<T>& b,
                          const NormOptions& o = {}) {
  detail::check_norm("group_norm", x, w, b, 2);
  if (groups < 1 || x.size(-1) % groups != 0)
    throw Error("group_norm: expected channels in groups of one size, found " + x.shape().str() + " and " +
                std::to_string(groups) + " groups");
  return detail::norm("group_norm", x, w, b, detail::each_image(x.shape(), groups), o);
}
ATELIER_OP(group_norm)

/// (x - mean) / sqrt(variance + eps) * w + b, then the activation, with the moments of each image and channel:
/// x [B, ..., C], w and b [C].                                                                   Ulyanov et al. 2016
/// Throws Error when the shapes do not fit, or for images of one place.
template <class T>
BasicTensor<T> instance_norm(const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& b,
                             const NormOptions& o = {}) {
  detail::check_norm("instance_norm", x, w, b, 3);
  const auto plan = detail::each_image(x.shape(), x.size(-1));
  if (plan.grid.rows < 2) throw Error("instance_norm: expected several places an image, found " + x.shape().str());
  return detail::norm("instance_norm", x, w, b, plan, o);
}
ATELIER_OP(instance_norm)

}  // namespace atelier::inline v0
