/// Batch normalisation as a layer, with running statistics.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "atelier/nn/init.hpp"
#include "atelier/nn/mode.hpp"
#include "atelier/nn/visit.hpp"
#include "atelier/ops/channel_norm.hpp"

namespace atelier::inline v0::nn {

namespace detail {
/// A layer's weight and bias, or 1 and 0 for one without.
template <class T> std::array<BasicTensor<T>, 2> affine_pair(const BasicParam<T>& w, const BasicParam<T>& b, Index n) {
  if (w.size() == n) return {w, b};
  return {BasicTensor<T>({n}, T(1)), BasicTensor<T>({n}, T(0))};
}
/// `layer` takes inputs of these ranks.
template <class T, int... Ranks> void check_rank(const char* layer, const BasicTensor<T>& x, const char* expected) {
  if (((x.rank() != Ranks) && ...))
    throw Error(std::string(layer) + ": expected " + expected + ", found " + x.shape().str());
}
}  // namespace detail

/// (x - mean) / sqrt(variance + eps) * weight + bias for each channel, the innermost dimension.  Ioffe & Szegedy 2015
/// Training uses the batch's moments and moves the running statistics towards them (the variance unbiased); use takes
/// those, or the batch's when none are tracked. Parts are named as in PyTorch.
///   nn::BatchNorm2d{64}    bn(x, nn::Mode::train, Activation::relu)
template <class T, int... Ranks> struct BasicBatchNorm {
  Index channels = 0;
  double eps = 1e-5;
  std::optional<double> momentum = 0.1;  // weight of a new batch; none: running statistics are the mean over batches
  bool affine = true;                    // has weight and bias
  bool track = true;                     // has running statistics
  bool frozen = false;                   // training leaves the running statistics as they are

  BasicParam<T> w{{affine ? channels : 0}}, b{{affine ? channels : 0}};
  /// Every pass in training moves them, also of a model that is held as a constant: they are its memory, not its value.
  mutable BasicBuffer<T> running_mean{{track ? channels : 0}}, running_var{{track ? channels : 0}};
  mutable BasicBuffer<T> batches{Shape{}};

  /// x: [B, H, W, C] (BatchNorm2d), [B, C] or [B, L, C] (BatchNorm1d). relu, leaky_relu and tanh cost no further pass.
  /// Throws Error for another rank or number of channels.
  BasicTensor<T> operator()(const BasicTensor<T>& x, Mode mode, Activation activation = Activation::none,
                            double slope = 0.2) const {
    check(x);
    const NormOptions o{.eps = eps, .activation = activation, .slope = slope};
    const auto [weight, bias] = detail::affine_pair(w, b, channels);
    if (mode == Mode::eval && track) return batch_norm_by(x, weight, bias, running_mean, running_var, o);
    if (mode == Mode::eval || !track || frozen) return batch_norm(x, weight, bias, o);
    BatchMoments<T> seen;
    const auto y = batch_norm(x, weight, bias, o, &seen);
    follow(seen);
    return y;
  }
  void init(Rng&) {
    if (affine) fill_constant(w, 1), fill_constant(b, 0);
    forget();
  }
  /// Running statistics as they were at first: mean 0, variance 1, no batches. With momentum none, passes over data in
  /// training mode then gather the statistics anew.
  void forget() { fill_constant(running_mean, 0), fill_constant(running_var, 1), fill_constant(batches, 0); }
  static void visit(auto& m, auto&& f) {
    if (m.affine) f("weight", m.w), f("bias", m.b);
    if (m.track)
      f("running_mean", m.running_mean), f("running_var", m.running_var), f("num_batches_tracked", m.batches);
  }

 private:
  static constexpr bool images = ((Ranks == 4) && ...);
  void check(const BasicTensor<T>& x) const {
    constexpr const char *layer = images ? "BatchNorm2d" : "BatchNorm1d",
                         *expected = images ? "[B, H, W, C]" : "[B, C] or [B, L, C]";
    detail::check_rank<T, Ranks...>(layer, x, expected);
    if (x.size(-1) != channels)
      throw Error(std::string(layer) + ": expected " + std::to_string(channels) + " channels, found " +
                  x.shape().str());
  }
  void follow(const BatchMoments<T>& seen) const {
    using Real = real_of<T>;
    const T count = *batches.write() += T(1);
    const T share = momentum ? T(static_cast<Real>(*momentum)) : T(1) / count;
    const T unbiased(static_cast<Real>(seen.count) / static_cast<Real>(seen.count - 1));
    T *mean = running_mean.write(), *variance = running_var.write();
    for (Index c = 0; c < channels; ++c) {
      mean[c] = (T(1) - share) * mean[c] + share * seen.mean.data()[c];
      variance[c] = (T(1) - share) * variance[c] + share * (unbiased * seen.variance.data()[c]);
    }
  }
};
template <class T> using BasicBatchNorm2d = BasicBatchNorm<T, 4>;
template <class T> using BasicBatchNorm1d = BasicBatchNorm<T, 2, 3>;
using BatchNorm2d = BasicBatchNorm2d<float>;
using BatchNorm1d = BasicBatchNorm1d<float>;

namespace detail {
/// Layers whose momentum is none while this lives.
class WithoutMomentum {
 public:
  explicit WithoutMomentum(auto& module) {
    visit_modules(module, [&](auto& part) {
      if constexpr (requires { part.momentum, part.frozen, part.forget(); })
        if (part.track && !part.frozen) {
          kept_.emplace_back(&part.momentum, part.momentum);
          part.momentum.reset();
          part.forget();
        }
    });
  }
  ~WithoutMomentum() {
    for (auto& [place, momentum] : kept_) *place = momentum;
  }
  WithoutMomentum(const WithoutMomentum&) = delete;
  WithoutMomentum& operator=(const WithoutMomentum&) = delete;
  bool any() const { return !kept_.empty(); }

 private:
  std::vector<std::pair<std::optional<double>*, std::optional<double>>> kept_;
};
}  // namespace detail

/// Gathers the running statistics of a module's batch normalisations anew, as means over `passes` batches: pass(k)
/// sends batch k through the module in training mode. Weights that no training has seen need it, such as an average of
/// weights. Frozen layers keep theirs; without any other layer there is no pass. Throws Error for passes < 1.
///                                                                                            Izmailov et al. 2018, 3.2
template <class M, class Pass> void gather_statistics(M& module, Index passes, const Pass& pass) {
  static_assert(!std::is_const_v<M>, "gather_statistics: expected a module that may change, found a const one");
  if (passes < 1) throw Error("gather_statistics: expected at least 1 pass, found " + std::to_string(passes));
  const detail::WithoutMomentum layers(module);
  if (layers.any())
    for (Index k = 0; k < passes; ++k) pass(k);
}

}  // namespace atelier::inline v0::nn
